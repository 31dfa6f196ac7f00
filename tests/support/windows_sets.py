"""Public sets of Windows events through the product, and what SigmaHQ's rules find in them.

`python -m tests.support.windows_sets` writes docs/conformance/windows.md. Every figure comes from
events that were collected (with masks), stored, and read back from the feed.
"""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import yaml

from collectors.collect import Collector, CollectSettings
from collectors.dataset import load_dataset
from collectors.intake import Input
from correlator.evaluate import Matcher, compile_rules
from haidang.model.instant import DAY, SECOND
from haidang.model.scope import Scope
from haidang.store.events.parquet.store import ParquetStore
from haidang.store.events.protocol import START, EventStore
from rules.fields import load_fields
from rules.load import load
from rules.rule import Rule
from tests.support.beats import PAGES

DATA = (Path(__file__).parents[2] / "../shared/data").resolve()
SIGMA = DATA / "sigma-rules"
ACTIVE = ("rules", "rules-compliance", "rules-emerging-threats", "rules-threat-hunting")
PAGE = PAGES / "windows.md"
NOW = 1_795_000_000 * SECOND
HIGH = ("high", "critical")

# ATT&CK took Defense Evasion apart after the sets were made; SigmaHQ tags by the new names.
_TACTICS = {
    "defense-evasion": {"defense-evasion", "stealth", "defense-impairment"},
}
_TECHNIQUES = {"t1562": {"t1685", "t1686", "t1689"}, "t1070.001": {"t1685.005"}}


@dataclass(slots=True)
class Outcome:
    """What became of one file: its records, and how often which rules matched its events."""

    path: Path
    records: int = 0
    events: int = 0
    quarantined: int = 0
    matches: Counter[str] = field(default_factory=Counter)

    @property
    def rules(self) -> list[Rule]:
        """The rules that matched."""
        return [rules()[identity] for identity in self.matches]

    @property
    def tags(self) -> set[str]:
        """The ATT&CK tags of these rules, without `attack.`."""
        tags = (tag.lower() for rule in self.rules for tag in rule.card.tags)
        return {tag.removeprefix("attack.").replace("_", "-") for tag in tags}

    def has_technique(self, technique: str) -> bool:
        """Whether a rule of this technique matched; one of its parent or sub-techniques counts."""
        wanted = {technique, technique.partition(".")[0]}
        wanted |= {new for old in wanted for new in _TECHNIQUES.get(old, ())}
        parents = {one.partition(".")[0] for one in wanted}
        return any(tag.partition(".")[0] in parents for tag in self.tags)

    def has_tactic(self, tactic: str) -> bool:
        """Whether a rule of this tactic matched."""
        return bool(_TACTICS.get(tactic, {tactic}) & self.tags)


@cache
def rules() -> dict[str, Rule]:
    """SigmaHQ's active rules by id; loading them takes seconds, so once a process."""
    loaded = load([SIGMA / folder for folder in ACTIVE if (SIGMA / folder).exists()])
    return {rule.card.id: rule for rule in loaded.rules}


@cache
def matcher() -> Matcher:
    """All active rules that Windows events can match."""
    windows = (rule for rule in rules().values() if rule.logsource.product in ("", "windows"))
    return compile_rules(windows, load_fields())


def run(store: EventStore, folder: Path, inputs: Iterable[tuple[str, Path]]) -> list[Outcome]:
    """Collect files, each with its dataset, read the events back and match them."""
    made = [
        Input(f"{number}", str(path), dataset, "trung-tam", "dc", behind=80_000 * DAY)
        for number, (dataset, path) in enumerate(inputs)
    ]
    datasets = {one.dataset: load_dataset(one.dataset) for one in made}
    settings = CollectSettings(folder, tuple(made), b"key", max_line_bytes=4 << 20)
    collector = Collector.open(settings, datasets, store, _owned)
    try:
        report = collector.run_once(NOW)
    finally:
        collector.close()
    assert not report.stopped, report.stopped
    found = {
        one.source: Outcome(
            Path(one.path), one.counts.read, one.counts.indexed, one.counts.quarantined
        )
        for one in report.sources
    }
    for event in _feed(store):
        outcome = found[event.source]
        outcome.matches.update(rule.card.id for rule in matcher().match(event.document()))
    return sorted(found.values(), key=lambda one: str(one.path))


@dataclass(frozen=True, slots=True)
class _Owned:
    operator: str
    affected: tuple[str, ...]
    zone: str
    level: int = 3
    unresolved: tuple[str, ...] = ()


def _owned(document: Any, operator: str, zone: str, at: int) -> _Owned:
    del document, at
    return _Owned(operator, (operator,), zone)


def _feed(store: EventStore) -> Iterator[Any]:
    position = START
    while (page := store.read(Scope.system(), position, 10_000)).position != position:
        yield from page.events
        position = page.position


# sigma-regression

CASES = DATA / "sigma-regression"
EXCEPTION = "cisco_cli_dot1x_disabled"  # a raw line of a Cisco device, no Windows event


def cases() -> dict[str, list[str]]:
    """The ids of the rules that each case names, by the case's folder."""
    return {
        str(info.parent): [
            one["id"] for one in yaml.safe_load(info.read_text("utf-8"))["rule_metadata"]
        ]
        for info in sorted(CASES.rglob("info.yml"))
    }


def regression(store: EventStore, folder: Path, form: str) -> list[str]:
    """The cases whose rule does not match, from their `evtx` or their `json`."""
    if form == "json":
        _write_lines(folder / "lines")
    pattern = folder / "lines/**/*.log" if form == "json" else CASES / "**/*.evtx"
    found = run(store, folder / "data", [("windows.evtx", pattern)])
    matched: dict[str, set[str]] = {}
    for one in found:
        matched.setdefault(one.path.parent.name, set()).update(one.matches)
    return [
        Path(case).name
        for case, wanted in cases().items()
        if not set(wanted) <= matched.get(Path(case).name, set())
    ]


def _write_lines(folder: Path) -> None:
    """The cases' JSON events, which go over many lines, one a line."""
    decoder = json.JSONDecoder()
    for case in cases():
        for file in Path(case).glob("*.json"):
            text, lines = file.read_text("utf-8").strip(), []
            while text:
                event, end = decoder.raw_decode(text)
                text = text[end:].lstrip()
                lines += [
                    orjson.dumps(one) for one in (event if isinstance(event, list) else [event])
                ]
            target = folder / Path(case).name / f"{file.stem}.log"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"\n".join([*lines, b""]))


NO_TACTIC = ("AutomatedTestingTools", "Other")  # folders of evtx-attack-samples

# Attacks, labelled by technique or tactic


@dataclass(frozen=True, slots=True)
class Labelled:
    """One file with its labels ("" and () where it has none)."""

    outcome: Outcome
    tactic: str
    techniques: tuple[str, ...] = ()

    @property
    def by_technique(self) -> bool:
        """Whether a rule of its technique matched."""
        return any(map(self.outcome.has_technique, self.techniques))

    @property
    def found(self) -> bool:
        """Whether a rule of its technique or its tactic matched."""
        return self.by_technique or bool(self.tactic and self.outcome.has_tactic(self.tactic))


def evtx_to_mitre(store: EventStore, folder: Path) -> list[Labelled]:
    """70 files; the folder is `TAxxxx-Tactic/Txxxx-technique`."""
    root = DATA / "evtx-to-mitre"
    made = []
    for one in run(store, folder, [("windows.evtx", root / "**/*.evtx")]):
        technique = re.match(r"T\d{4}(?:\.\d{3})?", one.path.parent.name)
        tactic = one.path.parent.parent.name.partition("-")[2] if technique else ""
        label = (technique[0].lower(),) if technique else ()
        made.append(Labelled(one, _tactic(tactic), label))
    return made


def attack_samples(store: EventStore, folder: Path) -> list[Labelled]:
    """50 files; the folder is the tactic, but for 11 in other folders."""
    root = DATA / "evtx-attack-samples"
    found = run(store, folder, [("windows.evtx", root / "**/*.evtx")])
    folders = [one.path.relative_to(root).parts[0] for one in found]
    labels = ["" if name in NO_TACTIC else _tactic(name) for name in folders]
    return [Labelled(one, label) for one, label in zip(found, labels, strict=True)]


def _tactic(folder: str) -> str:
    return folder.lower().replace("_", "-")


def otrf(store: EventStore, folder: Path) -> list[Labelled]:
    """15 recorded runs of attacks among ordinary events, as JSON lines; 12 name a technique."""
    root = DATA / "otrf-security-datasets/atomic"
    labels = dict(_mappings(root / "_metadata"))
    lines = folder / "lines"
    for file in root.glob("windows/**/*.json"):
        target = lines / f"{file.parent.name}.log"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes().rstrip() + b"\n")  # the last line is a record, too
    found = run(store, folder / "data", [("windows.nxlog", lines / "*.log")])
    return [Labelled(one, "", labels.get(one.path.stem, ())) for one in found]


def _mappings(folder: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for file in folder.glob("*.yaml"):
        about = yaml.safe_load(file.read_text("utf-8"))
        techniques = {str(one["technique"]).lower() for one in about["attack_mappings"]}
        for one in about.get("files") or ():
            yield Path(one["link"]).stem, tuple(sorted(techniques - {"t0000"}))


# What is harmless


def harmless(store: EventStore, folder: Path) -> list[Outcome]:
    """Ordinary and broken logs of a parser's and of Winlogbeat's tests."""
    beats = DATA / "beats-oss/winlogbeat"
    inputs = [
        ("windows.evtx", DATA / "evtx-parser-samples/**/*.evtx"),
        ("windows.evtx", beats / "**/*.evtx"),
        ("windows.xml", beats / "**/*.xml"),
    ]
    return run(store, folder, inputs)


def loud(found: Iterable[Outcome]) -> list[tuple[str, str, int]]:
    """File, rule title and count of the matches of level high and above."""
    return [
        (one.path.name, rules()[identity].card.title, count)
        for one in found
        for identity, count in one.matches.items()
        if rules()[identity].card.level in HIGH
    ]


# The page

INTRODUCTION = """\
# Windows events and SigmaHQ's rules

Public sets of Windows events, collected with masks, stored, read back and matched by all active
rules of SigmaHQ. Fields that `rules/fields.yml` does not map are not
read. Written by `python -m tests.support.windows_sets`, checked by
`tests/correlator/test_windows_sets.py`."""

# Gives an empty store and an empty folder.
Fresh: TypeAlias = Callable[[], tuple[EventStore, Path]]

EXPLAINED = {
    "Important Windows Eventlog Cleared": "true: the log was cleared, which is what the rule says",
}


def page(fresh: Fresh) -> list[str]:
    """The lines of the page."""
    lines = INTRODUCTION.splitlines()
    for section in SECTIONS.values():
        lines += ["", *section(fresh)]
    return lines


def _regression(fresh: Fresh) -> list[str]:
    rows = []
    for form in ("evtx", "json"):
        missed = regression(*fresh(), form)
        number = len(cases())
        rows.append(f"| {form} | {number} | {number - len(missed)} | {', '.join(missed) or '–'} |")
    return [
        "## sigma-regression",
        "",
        "| form | cases | found by their rule | not found |",
        "|---|---:|---:|---|",
        *rows,
        "",
        f"`{EXCEPTION}` holds a line of a Cisco device.",
    ]


def _attacks(title: str, found: Sequence[Labelled]) -> list[str]:
    outcomes = [one.outcome for one in found]
    labelled = [one for one in found if one.tactic or one.techniques]
    with_technique = [one for one in found if one.techniques]
    matched = sum(bool(one.matches) for one in outcomes)
    table = [
        f"## {title}",
        "",
        f"{_sum(outcomes)} {matched} of {len(outcomes)} files have a match.",
        "",
        "| label | files | by technique | by technique or tactic | not found |",
        "|---|---:|---:|---:|---|",
    ]
    for label in sorted({_label(one) for one in labelled}):
        some = [one for one in labelled if _label(one) == label]
        missed = ", ".join(one.outcome.path.stem for one in some if not one.found) or "–"
        technique = sum(one.by_technique for one in some)
        table.append(
            f"| {label} | {len(some)} | {technique} | {sum(one.found for one in some)} | {missed} |"
        )
    technique = f"{sum(one.by_technique for one in with_technique)} / {len(with_technique)}"
    every = f"{sum(one.found for one in labelled)} / {len(labelled)}"
    return [*table, f"| all | {len(labelled)} | {technique} | {every} | |"]


def _label(one: Labelled) -> str:
    return one.tactic or ", ".join(one.techniques).upper()


def _sum(found: Sequence[Outcome]) -> str:
    records, events = (sum(getattr(one, name) for one in found) for name in ("records", "events"))
    return f"{records} records: {events} events, {records - events} quarantined."


def _harmless(found: Sequence[Outcome]) -> list[str]:
    rows = [
        f"| {file} | {title} | {count} | {EXPLAINED.get(title, 'not explained')} |"
        for file, title, count in sorted(loud(found))
    ]
    return [
        "## Ordinary logs",
        "",
        f"evtx-parser-samples and Winlogbeat's own (beats-oss). {_sum(found)}",
        "The quarantined ones are chunks and records that are wiped or broken in the file.",
        "",
        "| file | match of level high or above | times | why |",
        "|---|---|---:|---|",
        *rows,
    ]


SECTIONS: Mapping[str, Callable[[Fresh], list[str]]] = {
    "sigma-regression": _regression,
    "evtx-to-mitre": lambda fresh: _attacks("evtx-to-mitre", evtx_to_mitre(*fresh())),
    "evtx-attack-samples": lambda fresh: _attacks("evtx-attack-samples", attack_samples(*fresh())),
    "otrf": lambda fresh: _attacks("otrf-security-datasets (Windows)", otrf(*fresh())),
    "ordinary": lambda fresh: _harmless(harmless(*fresh())),
}


def main() -> None:
    """Measure everything and write the page."""
    with tempfile.TemporaryDirectory() as scratch:
        numbers = iter(range(1000))

        def fresh() -> tuple[EventStore, Path]:
            folder = Path(scratch) / str(next(numbers))
            return ParquetStore.open(folder / "events"), folder

        PAGE.write_text("\n".join([*page(fresh), ""]), "utf-8")


if __name__ == "__main__":
    main()
