"""The shipped rules: each loads, is well described, and fires and stays silent as its cases say.

A case file is tests/detections/<stem of the rule's file>.yml with lists `fires` and `silent`. An
entry is one block of raw lines {why, dataset, host, lines}, or for correlations {why, events}, a
list of blocks with `after` (offset of the first), `times` and `every`. `calendar` gives the values
of its fields (`windows: [maintenance]`) for all events of a case. In lines, @TIME@ is the block's
time as its data set writes it, and @GS@ the control character 0x1d of auditd.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.template import check_template
from collectors.dataset import load_dataset
from collectors.record import Context
from correlator.correlate import Clock, correlate
from correlator.evaluate import Matcher, compile_rules
from correlator.match import Engine, match_events
from haidang.errors import Refused
from haidang.model.detection import Match
from haidang.model.event import Document, Event, encode
from haidang.model.fields import put
from haidang.model.instant import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    VIETNAM,
    Instant,
    from_iso,
    to_iso,
    to_local,
)
from rules.fields import load_fields
from rules.load import load
from rules.rule import Correlation, Rule, RuleSet
from tests.support.correlation import empty_database

_ROOT = Path(__file__).parents[2]
_CASES = _ROOT / "tests" / "detections"
_CONTENT = (_ROOT / "rules" / "sigma", _ROOT / "rules" / "correlation")
_FILES = sorted(path for folder in _CONTENT for path in folder.rglob("*.yml"))
_START = from_iso("2026-11-18T09:00:00+07:00")
# What watches the hours of accounts stays in trial until a site says why.
_TRIAL = {"app_document_signed_outside_hours"}
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR}


@dataclass(frozen=True, slots=True)
class Arrival:
    """One raw line of a case, with the data set and host it comes from."""

    dataset: str
    host: str
    line: bytes


@cache
def _rule_set() -> RuleSet:
    return load(_CONTENT)


@cache
def _everything() -> tuple[Rule | Correlation, ...]:
    return (*_rule_set().rules, *_rule_set().correlations)


_dataset = cache(load_dataset)


@cache
def _engine() -> Engine:
    return Engine.of(_rule_set(), load_fields())


@cache
def _matcher() -> Matcher:
    return compile_rules(_rule_set().rules, load_fields())


def arrivals(case: dict[str, Any]) -> list[Arrival]:
    """The lines of one case in order of time, their placeholders filled in."""
    timed: list[tuple[Instant, Arrival]] = []
    serials = count(100)
    for block in case.get("events", [case]):
        for number in range(block.get("times", 1)):
            offset = _span(block.get("after", "0s")) + number * _span(block.get("every", "0s"))
            moment = _START + offset
            stamp = _stamp(block["dataset"], moment, next(serials))
            text = block["lines"].replace("@TIME@", stamp).replace("@GS@", "\x1d")
            timed += [
                (moment, Arrival(block["dataset"], block["host"], line.encode()))
                for line in text.removesuffix("\n").split("\n")
            ]
    return [arrival for _, arrival in sorted(timed, key=lambda one: one[0])]


def _span(text: str) -> Instant:
    parts = re.findall(r"(\d+)([smh])", text)
    assert "".join(number + unit for number, unit in parts) == text
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def _stamp(dataset: str, moment: Instant, serial: int) -> str:
    if dataset == "nginx.access":
        return to_local(moment).strftime("%d/%b/%Y:%H:%M:%S %z")
    if dataset == "auditd.log":
        return f"{moment // SECOND}.{moment // 1000 % 1000:03}:{serial}"
    return to_iso(moment)


def documents(case: dict[str, Any]) -> Iterator[Document]:
    """Every event of a case, parsed by the data sets that collect such lines."""
    return (document for _, document in _timed(case))


def _timed(case: dict[str, Any]) -> Iterator[tuple[Instant, Document]]:
    states: dict[tuple[str, str], dict[str, Any]] = {}
    for arrival in arrivals(case):
        dataset, context = _dataset(arrival.dataset), Context(arrival.host, VIETNAM)
        state = states.setdefault((arrival.dataset, arrival.host), {})
        line = dataset.mask(arrival.line, b"a key of these tests")
        for parsed in dataset.parse(line, context, state):
            yield parsed.time or 0, _placed(parsed.document, arrival.host)
    for (name, host), state in states.items():
        for parsed in _dataset(name).flush(Context(host, VIETNAM), state):
            yield parsed.time or 0, _placed(parsed.document, host)


def _placed(document: Document, host: str) -> Document:
    """The document with its host, as the envelope of collection fills it in."""
    if "host" not in document:
        put(document, "host.name", host)
    return document


def matched(case: dict[str, Any]) -> list[str]:
    """Names of the single-event rules that match, one entry a match."""
    given = case.get("calendar", {})

    def compute(path: str) -> list[Any]:
        return list(given.get(path.rpartition(".")[2], []))

    return [rule.card.name for one in documents(case) for rule in _matcher().match(one, compute)]


def _matches(case: dict[str, Any]) -> list[Match]:
    """What the first transaction stores of a case's events."""
    events = [
        Event(f"e{number:04}", time, time, "s", "d", "op", (), "zone", 2, encode(document))
        for number, (time, document) in enumerate(_timed(case))
    ]
    matches, poison = match_events(_engine(), events)
    assert poison == []
    assert min(one.time for one in events) >= _START - SECOND
    return matches


def _found(
    speaker: Rule | Correlation, batches: list[list[Match]]
) -> list[tuple[Instant, Instant, int]]:
    """(start, end, events) of the alerts of one correlation that these batches leave."""
    closing = _START + 30 * DAY
    plan = _engine().plan
    plan = replace(plan, silent=frozenset(plan.cards) - {speaker.card.id})
    alerts: dict[str, tuple[Instant, Instant, int]] = {}
    database = empty_database()
    for batch in batches:
        with database.transaction("test") as connection:
            for one in correlate(connection, plan, batch, Clock(closing, closing)):
                alerts[one.alert] = (one.episode.start, one.episode.end, one.episode.events)
                for absorbed in one.absorbed:
                    alerts.pop(absorbed)
    return sorted(alerts.values())


def _cases(file: Path) -> dict[str, list[dict[str, Any]]]:
    path = _CASES / f"{file.stem}.yml"
    assert path.exists(), f"{path} is missing: every rule has firing and silent cases"
    cases: dict[str, list[dict[str, Any]]] = yaml.safe_load(path.read_text("utf-8"))
    return cases


def _rule(file: Path) -> Rule | Correlation:
    found = [one for one in _everything() if Path(one.file).resolve() == file]
    assert len(found) == 1
    return found[0]


def _leaves(one: Rule | Correlation) -> set[str]:
    """Names of the single-event rules that a rule or correlation stands on."""
    if isinstance(one, Rule):
        return {one.card.name}
    by_id = {rule.card.id: rule for rule in _everything()}
    return set().union(*(_leaves(by_id[rule]) for rule in one.rules))


def _single(kind: str) -> list[Any]:
    return [
        pytest.param(file, case, id=f"{file.stem}: {case['why']}")
        for file in _FILES
        if "correlation" not in file.parts
        for case in _cases(file)[kind]
    ]


def _correlated(kind: str) -> list[Any]:
    return [
        pytest.param(file, case, id=f"{file.stem}: {case['why']}")
        for file in _FILES
        if "correlation" in file.parts
        for case in _cases(file)[kind]
    ]


_EACH = pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in _FILES])


def test_all_content_loads_without_a_problem() -> None:
    """Each file is one rule, and nothing is refused."""
    assert _rule_set().problems == ()
    assert len(_FILES) == len(_rule_set().rules) + len(_rule_set().correlations)


@_EACH
def test_every_rule_has_firing_and_silent_cases(file: Path) -> None:
    """A rule that was never seen to fire, or to stay silent, is not finished."""
    cases = _cases(file)
    assert {"fires", "silent"} == set(cases)
    assert min(len(cases["fires"]), len(cases["silent"])) >= 1


def test_every_case_file_belongs_to_a_rule() -> None:
    """A renamed rule must take its cases along."""
    assert {file.stem for file in _FILES} == {path.stem for path in _CASES.glob("*.yml")}


@pytest.mark.parametrize(("file", "case"), _single("fires"))
def test_a_rule_fires(file: Path, case: dict[str, Any]) -> None:
    """The rule matches at least one event of the case."""
    assert _rule(file).card.name in matched(case)


@pytest.mark.parametrize(("file", "case"), _single("silent"))
def test_a_rule_stays_silent(file: Path, case: dict[str, Any]) -> None:
    """The rule matches no event of the case, and the case has events."""
    assert list(documents(case))
    assert _rule(file).card.name not in matched(case)


@pytest.mark.parametrize(("file", "case"), _correlated("fires"))
def test_firing_cases_of_a_correlation_reach_all_its_rules(
    file: Path, case: dict[str, Any]
) -> None:
    """Each single-event rule of the chain matches somewhere, and no other rule that speaks does."""
    names, leaves = set(matched(case)), _leaves(_rule(file))
    others = {
        card.id for card in (one.card for one in _everything()) if card.name in names - leaves
    }
    assert leaves <= names
    assert others <= _rule_set().silent


@pytest.mark.parametrize(("file", "case"), _correlated("silent"))
def test_silent_cases_of_a_correlation_are_near_misses(file: Path, case: dict[str, Any]) -> None:
    """At least one rule of the chain matches: the correlation must tell, not the parser."""
    assert _leaves(_rule(file)) & set(matched(case))


@pytest.mark.parametrize(("file", "case"), _correlated("fires"))
def test_a_correlation_fires_once_in_any_order(file: Path, case: dict[str, Any]) -> None:
    """Exactly one alert of this correlation; with the events backwards it is the same."""
    matches = _matches(case)
    found = _found(_rule(file), [matches])
    assert len(found) == 1
    assert found == _found(_rule(file), [[one] for one in reversed(matches)])


@pytest.mark.parametrize(("file", "case"), _correlated("silent"))
def test_a_correlation_stays_silent_in_any_order(file: Path, case: dict[str, Any]) -> None:
    """Some of its rules match, and it raises nothing, whichever event comes first."""
    matches = _matches(case)
    assert matches
    assert _found(_rule(file), [matches]) == []
    assert _found(_rule(file), [[one] for one in reversed(matches)]) == []


@_EACH
def test_a_rule_is_described_for_people(file: Path) -> None:
    """Level, status, author, tags, false positives, sentence and first steps are there."""
    card = _rule(file).card
    assert (card.author, card.status) == (
        "Hải Đăng",
        "experimental" if card.name in _TRIAL else "test",
    )
    assert card.level
    assert card.falsepositives["en"]
    assert any(re.fullmatch(r"attack\.t\d{4}(\.\d{3})?", tag) for tag in card.tags)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", card.name)
    said = (card.sentences, card.first_steps, card.falsepositives)
    assert all({"vi", "en"} == set(one) for one in said)


@_EACH
def test_first_steps_are_few_short_sentences(file: Path) -> None:
    """Two to four, each a sentence that fits on two lines of a terminal."""
    steps = _rule(file).card.first_steps
    assert len(steps["vi"]) in range(2, 5)
    for step in (*steps["vi"], *steps["en"]):
        assert re.fullmatch(r"[A-ZĐ].{8,158}[.?]", step)


@_EACH
def test_sentences_refer_to_what_the_detection_holds(file: Path) -> None:
    """No template names a rule, path or filter that cannot be told."""
    one = _rule(file)
    problems = [check_template(text, _leaves(one)) for text in one.card.sentences.values()]
    assert problems == [[], []]


@_EACH
def test_sentences_never_say_what_the_law_reserves(file: Path) -> None:
    """`nghiêm trọng` and `chứng cứ` start legal clocks and procedures; a rule must not."""
    card = _rule(file).card
    text = " ".join((*card.sentences.values(), *card.first_steps["vi"])).casefold()
    assert not [word for word in ("nghiêm trọng", "chứng cứ") if word in text]


def test_thirty_rules_of_single_events_are_shipped() -> None:
    """What a province needs and public rules lack."""
    assert len(_rule_set().rules) >= 30


def test_every_field_of_every_rule_is_mapped() -> None:
    """A field that no event can have would make a rule silent for ever."""
    fields = load_fields()
    unmapped = {rule.card.name: fields.unmapped(rule) for rule in _rule_set().rules}
    assert dict.fromkeys(unmapped, ()) == unmapped


def test_a_rule_that_a_correlation_names_raises_no_alert_of_its_own() -> None:
    """The steps are silent; the outermost correlations and the other rules speak."""
    silent = {one.card.name for one in _everything() if one.card.id in _rule_set().silent}
    assert silent == {
        "web_form_post",
        "web_script_in_upload",
        "web_user_shell",
        "web_form_then_script",
        "win_failed_logon",
        "win_failed_logon_burst",
        "win_rdp_logon",
        "win_shadow_copies_deleted",
        "web_gambling_page_to_crawler",
        "web_gambling_page_redirects",
        "net_dns_unfamiliar_name",
        "win_failed_interactive_logon",
        "win_failed_interactive_burst",
        "win_interactive_logon",
    }


def test_ten_thousand_ordinary_requests_match_no_rule() -> None:
    """A public web log, read in place, is noise-free for every web rule."""
    log = _ROOT.parent / "shared" / "data" / "elastic-examples" / "apache_logs" / "apache_logs"
    if not log.exists():
        pytest.skip(f"{log} is absent: nothing was checked against ordinary requests")
    dataset, context = _dataset("nginx.access"), Context("WEB-01", VIETNAM)
    names: list[str] = []
    refused = 0
    for line in log.read_bytes().removesuffix(b"\n").split(b"\n"):
        try:
            parsed = dataset.parse(line, context, {})
        except Refused:
            refused += 1
            continue
        names += [rule.card.name for rule in _matcher().match(parsed[0].document)]
    assert refused <= 1
    assert names == []
