"""Other people's network metadata: which log is read by which dataset, and what comes of it.

The logs are read where they lie, through the collector into a store; only Zeek's own baselines are
copied, with a time in place of the one that their owners cut out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collectors.collect import Collector, CollectSettings
from collectors.dataset import dataset_names, load_dataset
from collectors.intake import Input
from collectors.ledger import Counts
from correlator.evaluate import Matcher, compile_rules
from haidang.model.event import Document
from haidang.model.fields import values
from haidang.model.instant import DAY, SECOND, Instant
from haidang.model.scope import Scope
from haidang.store.events.protocol import START, EventStore
from haidang.store.inventory import Ownership
from rules.fields import load_fields
from rules.load import load
from rules.rule import Rule

DATA = Path(__file__).parents[2] / "../shared/data"
RULES = DATA / "sigma-rules"
NOW = 1_795_000_000 * SECOND
_LONG_AGO = 20_000 * DAY
_TIME_CUT_OUT, _TIME = b"XXXXXXXXXX.XXXXXX", b"1794990000.000000"
_PAGE = 5_000
SERIOUS = ("high", "critical")
# Rules that these datasets can reach.
_REACHED = re.compile(
    r"product: (zeek|suricata)|category: (antivirus|dns|firewall|proxy|webserver)\s"
)


@dataclass(frozen=True, slots=True)
class Log:
    """One file of a set, and the dataset that reads it."""

    of: str
    file: Path
    dataset: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a log: its events in the order of its lines, and the count of its lines."""

    log: Log
    events: tuple[Document, ...]
    counts: Counts


def logs() -> list[Log]:
    """Every log of the sets that are read in place."""
    apt29 = "otrf-security-datasets/compound/apt29"
    lsass = _files("otrf-security-datasets/compound", "LSASS*/*/*.log")
    return [
        *(Log("wrccdc", one, _zeek(one.stem)) for one in _files("wrccdc-zeek-json", "*.json")),
        *(Log("aminer", one, "suricata.eve") for one in _files("aminer-json-logs", "*.json")),
        *(Log("otrf LSASS", one, _zeek(one.stem)) for one in lsass),
        *(Log("otrf APT29", one, _zeek(one.stem)) for one in _files(apt29, "**/*.log")),
    ]


def baselines(folder: Path) -> list[Log]:
    """Zeek's expected logs that have a whole header, copied to a folder."""
    found = []
    for number, file in enumerate(_files("zeek-btest/Baseline", "*/*.log")):
        content = file.read_bytes()
        if b"\n#path\t" in content and b"\n#types\t" in content:
            copy = folder / f"{number:03}.log"
            copy.write_bytes(content.replace(_TIME_CUT_OUT, _TIME))
            found.append(Log("zeek-btest", copy, _zeek(file.stem)))
    return found


def _files(folder: str, pattern: str) -> list[Path]:
    return sorted((DATA / folder).glob(pattern))


def _zeek(log: str) -> str:
    """The dataset of a log's file; SCRANTON_smb_files is a host's smb_files."""
    name = f"zeek.{log.partition('_')[2] if log[0].isupper() else log}"
    return name if name in dataset_names() else "zeek.other"


def collect(logs: Sequence[Log], store: EventStore, data_dir: Path) -> list[Taken]:
    """What each log becomes: collected into a store and read back from it."""
    inputs = tuple(
        Input(str(number), str(one.file), one.dataset, behind=_LONG_AGO)
        for number, one in enumerate(logs)
    )
    datasets = {one.dataset: load_dataset(one.dataset) for one in logs}
    settings = CollectSettings(data_dir, inputs, b"a key of these tests")
    with closing(Collector.open(settings, datasets, store, _nobody)) as collector:
        report = collector.run_once(NOW)
    assert ("", True) == (report.stopped, report.totals.balanced)
    counts = {one.path: one.counts for one in report.sources}
    events: dict[str, list[Document]] = {path: [] for path in counts}
    for document in _read(store):
        events[document["log"]["file"]["path"]].append(document)
    return [
        Taken(one, tuple(sorted(events[path], key=_offset)), counts[path])
        for one, path in ((one, str(one.file)) for one in logs)
    ]


def _read(store: EventStore) -> Iterator[Document]:
    """Every event of a store."""
    position = START
    while (page := store.read(Scope.system(), position, _PAGE)).events:
        yield from (event.document() for event in page.events)
        position = page.position


def _nobody(document: Document, operator: str, zone: str, at: Instant) -> Ownership:
    del document, operator, zone, at
    return Ownership("", (), "", 0, ())


def _offset(document: Document) -> int:
    return int(document["log"]["offset"])


def summary(taken: Iterable[Taken]) -> Iterator[str]:
    """A table of what became of every line, by set and dataset."""
    yield "| set | dataset | files | lines | events | header lines | quarantined |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    sums: dict[tuple[str, str], Counter[str]] = {}
    for one in taken:
        found = sums.setdefault((one.log.of, one.log.dataset), Counter())
        found["files"] += 1
        found["lines"] += one.counts.read
        found["events"] += len(one.events)
        found["header"] += one.counts.dropped["header"]
        found["quarantined"] += one.counts.quarantined
    names = ("files", "lines", "events", "header", "quarantined")
    for (of, dataset), found in sums.items():
        yield f"| {of} | `{dataset}` | {' | '.join(str(found[name]) for name in names)} |"


# What rows say, in ECS: Zeek's name and ours.
COPIES: dict[str, dict[str, str]] = {
    "conn": {
        "id.orig_h": "source.ip",
        "id.orig_p": "source.port",
        "id.resp_h": "destination.ip",
        "id.resp_p": "destination.port",
        "proto": "network.transport",
        "service": "network.protocol",
        "orig_pkts": "source.packets",
        "resp_pkts": "destination.packets",
    },
    "dns": {
        "query": "dns.question.name",
        "qtype_name": "dns.question.type",
        "rcode_name": "dns.response_code",
        "answers": "dns.answers.data",
    },
    "http": {
        "method": "http.request.method",
        "host": "url.domain",
        "uri": "url.original",
        "status_code": "http.response.status_code",
        "user_agent": "user_agent.original",
    },
    "ssl": {
        "server_name": "tls.client.server_name",
        "cipher": "tls.cipher",
        "curve": "tls.curve",
        "established": "tls.established",
    },
}


def agreement(taken: Iterable[Taken]) -> dict[str, Counter[str]]:
    """By log: rows, cells of rows, and cells that are found again below zeek.* and in ECS."""
    found: dict[str, Counter[str]] = {}
    for one in taken:
        header, *rows = _rows(one.log.file)
        log = found.setdefault(header["path"][0], Counter())
        log["rows"] += len(rows)
        log["events"] += len(one.events)
        for row, event in zip(rows, one.events, strict=True):
            _compare(header, row["row"], event, log)
    return found


def _rows(file: Path) -> Iterator[dict[str, list[str]]]:
    """The header, then the rows; read without the product's reader, to judge it."""
    lines = file.read_text("utf-8").split("\n")
    header = [line[1:].split("\t") for line in lines if line.startswith("#")]
    yield {key: rest for key, *rest in header}
    yield from ({"row": line.split("\t")} for line in lines if line and line[0] != "#")


def _compare(
    header: dict[str, list[str]], row: list[str], event: Document, log: Counter[str]
) -> None:
    path = header["path"][0]
    for name, kind, cell in zip(header["fields"], header["types"], row, strict=True):
        expected = _meaning(kind, cell)
        log["cells"] += 1
        log["kept"] += expected == values(event, f"zeek.{path}.{name}")
        if copy := COPIES.get(path, {}).get(name):
            log["copies"] += 1
            log["copied"] += expected == values(event, copy)


def _meaning(kind: str, cell: str) -> list[Any]:
    """The values of a cell."""
    if cell == "-" or (cell == "(empty)" and "[" in kind):
        return []
    if "[" in kind:
        inner = kind.partition("[")[2].rstrip("]")
        return [one for part in cell.split(",") for one in _meaning(inner, part) or [None]]
    if kind == "bool":
        return [cell == "T"]
    if kind in ("count", "int", "port", "time", "interval", "double"):
        return [float(cell)]
    return ["" if cell == "(empty)" else _text(cell)]


def _text(cell: str) -> str:
    raw = cell.encode("latin-1", "backslashreplace").decode("unicode_escape")
    try:
        text = raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return cell
    return text if text.isprintable() else cell


def agreement_table(found: dict[str, Counter[str]]) -> Iterator[str]:
    """What `agreement` counts."""
    yield "| log | rows | values kept below `zeek.*` | values copied to ECS |"
    yield "|---|---:|---:|---:|"
    for log, one in sorted(found.items()):
        copied = f"{one['copied']} / {one['copies']}" if one["copies"] else "–"
        yield f"| {log} | {one['rows']} | {one['kept']} / {one['cells']} | {copied} |"


def network_rules() -> list[Rule]:
    """The SigmaHQ rules that these logs can reach."""
    files = [one for one in sorted(RULES.rglob("*.yml")) if _REACHED.search(one.read_text("utf-8"))]
    return list(load(files).rules)


def matcher() -> Matcher:
    """Those rules, compiled."""
    return compile_rules(network_rules(), load_fields())


def matches(taken: Iterable[Taken], judge: Matcher) -> Counter[tuple[str, str, str]]:
    """How often each rule matches: (level, title, set)."""
    return Counter(
        (rule.card.level, rule.card.title, one.log.of)
        for one in taken
        for event in one.events
        for rule in judge.match(event)
    )


def matches_table(found: Counter[tuple[str, str, str]], reasons: dict[str, str]) -> Iterator[str]:
    """What `matches` counts, with the reasons by title."""
    yield "| level | rule | set | matches | why |"
    yield "|---|---|---|---:|---|"
    for (level, title, of), times in sorted(found.items()):
        yield f"| {level} | {title} | {of} | {times} | {reasons.get(title, '–')} |"
