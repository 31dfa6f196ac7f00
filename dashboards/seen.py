"""What is seen and what is not: the Health page's model, as of the last evaluation."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from alerts.names import LANGUAGES
from collectors.ledger import Counts
from collectors.quarantine import Group
from correlator import coverage
from correlator.coverage import Range
from correlator.health import Finding, Health, SourceHealth
from dashboards.collected import Collected, Expected, Place
from dashboards.console import Console
from dashboards.health import sentence, site_health
from dashboards.strip import Minutes, Strip, beginning, strip
from haidang.model.instant import DAY, MINUTE, Instant
from haidang.model.scope import Scope
from haidang.store.inventory import kinds
from haidang.store.inventory.index import host_key

LATE: Instant = 5 * MINUTE  # an evaluation that is older is said in a warning


@dataclass(frozen=True, slots=True)
class Trouble:
    """A finding in sentences, by language."""

    kind: str
    start: Instant
    end: Instant
    explained: str
    sentences: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One source; `kind` is its machine's in words, `since` when its silence began (0: none).

    `read` counts the records of the files that the collector remembers, None where it is elsewhere.
    """

    id: str
    dataset: str
    host: str
    kind: Mapping[str, str]
    state: str
    since: Instant
    last: Instant
    time: Instant
    usual: int | None
    today: int
    input: str
    path: str
    read: int | None
    strip: Strip


@dataclass(frozen=True, slots=True)
class UnitLines:
    """The sources of one unit; `names` by language."""

    id: str
    names: Mapping[str, str]
    silent: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """What became of the records of one data set: read = indexed + quarantined + dropped."""

    dataset: str
    read: int
    indexed: int
    quarantined: int
    dropped: int
    derived: int
    balanced: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """Records that wait in quarantine for the same reason, newest first; never their content."""

    reason: str
    dataset: str
    input: str
    count: int
    newest: Instant


@dataclass(frozen=True, slots=True)
class Seen:
    """The page. `place` says where the collector's figures are; `start` begins the strips.

    `blind` are units without any source (names by language), `never` inputs without any event,
    `off` the computers that are silent because people switched them off.
    """

    as_of: Instant
    late: bool
    start: Instant
    troubles: tuple[Trouble, ...]
    blind: tuple[Mapping[str, str], ...]
    never: tuple[Expected, ...]
    sources: int
    silent: int
    off: int
    minutes: Minutes
    percent: Mapping[str, str]
    units: tuple[UnitLines, ...]
    place: Place
    ledger: tuple[Ledger, ...]
    waiting: tuple[Waiting, ...]
    quarantined: int


def read_seen(console: Console, scope: Scope) -> Seen:
    """The page of a reader. Raises Unavailable."""
    health = site_health(console.database, scope, console.inventory, console.calendar)
    with console.database.reading() as connection:
        ranges = coverage.ranges(connection, health.as_of - DAY)
    collected = _visible(console.collected(), health, scope)
    lines = _lines(health, ranges, collected)
    units = tuple(_by_unit(console, health, lines))
    ledger = _ledger(collected, whole=scope.units is None)
    minutes = sum((one.strip.minutes for one in lines.values()), Minutes())
    return Seen(
        as_of=health.as_of,
        late=console.clock() - health.as_of > LATE,
        start=beginning(health.as_of),
        troubles=tuple(_trouble(one, health, console) for one in health.findings),
        blind=tuple(_names(console, unit) for unit in health.blind),
        never=tuple(_never(collected.inputs, health.sources)),
        sources=len(lines),
        silent=sum(one.silent for one in units),
        off=sum(one.state == "off" for one in lines.values()),
        minutes=minutes,
        percent={one: _percent(minutes, one) for one in LANGUAGES},
        units=units,
        place=collected.place,
        ledger=ledger,
        waiting=tuple(map(_waiting, collected.waiting)),
        quarantined=sum(one.count for one in collected.waiting),
    )


def _visible(collected: Collected, health: Health, scope: Scope) -> Collected:
    """What a reader may know of it: all for the centre, of others what their sources are."""
    if scope.units is None:
        return collected
    mine = {one.source.id for one in health.sources}
    return Collected(
        inputs=tuple(one for one in collected.inputs if one.operator in scope.units),
        place=collected.place,
        sources=tuple(one for one in collected.sources if one.source in mine),
        waiting=tuple(one for one in collected.waiting if one.source in mine),
    )


def _trouble(found: Finding, health: Health, console: Console) -> Trouble:
    told = {one: sentence(found, health, console.inventory, one) for one in LANGUAGES}
    return Trouble(found.kind, found.start, found.end, found.explained, told)


def _never(inputs: Iterable[Expected], sources: Collection[SourceHealth]) -> Iterable[Expected]:
    """Inputs whose host, or whose operator where the lines name the host, sent no event yet."""
    hosts = {(one.source.dataset, one.source.zone, host_key(one.source.host)) for one in sources}
    operators = {(one.source.dataset, one.source.zone, one.source.operator) for one in sources}
    for one in inputs:
        key = (one.dataset, one.zone, host_key(one.host))
        if not (key in hosts if one.host else (*key[:2], one.operator) in operators):
            yield one


def _lines(health: Health, ranges: Iterable[Range], collected: Collected) -> Mapping[str, Line]:
    """A line for each source, by its id."""
    counted = {one.source: one for one in collected.sources}
    evaluated = {id_: tuple(some) for id_, some in groupby(ranges, lambda one: one.source)}
    found: dict[str, Line] = {}
    for one in health.sources:
        source, file = one.source, counted.get(one.source.id)
        mine = [finding for finding in health.findings if source.id in finding.sources]
        found[source.id] = Line(
            id=source.id,
            dataset=source.dataset,
            host=source.host,
            kind={language: kinds.word(one.kind, language) for language in LANGUAGES},
            state=one.state,
            since=one.silence.start if one.silence else 0,
            last=source.last,
            time=source.time,
            usual=one.usual,
            today=one.today,
            input=file.input if file else "",
            path=file.path if file else "",
            read=file.counts.read if file else None,
            strip=strip(source, evaluated.get(source.id, ()), mine, health.as_of),
        )
    return found


def _silent_first(one: Line) -> tuple[bool, str, str]:
    return one.state != "silent", one.host, one.dataset


def _by_unit(console: Console, health: Health, lines: Mapping[str, Line]) -> Iterable[UnitLines]:
    """Units with silent sources first, then by name; the silent sources of each first."""
    found: dict[str, list[Line]] = {}
    for one in health.sources:
        found.setdefault(one.unit, []).append(lines[one.source.id])
    units = [
        UnitLines(
            id=unit,
            names=_names(console, unit),
            silent=sum(one.state == "silent" for one in some),
            lines=tuple(sorted(some, key=_silent_first)),
        )
        for unit, some in found.items()
    ]
    return sorted(units, key=lambda one: (-one.silent, one.names["vi"]))


def _ledger(collected: Collected, whole: bool) -> tuple[Ledger, ...]:
    datasets = dict(collected.datasets)
    if not whole:
        for one in collected.sources:
            datasets.setdefault(one.dataset, Counts()).add(one.counts)
    return tuple(
        Ledger(
            dataset=name,
            read=counts.read,
            indexed=counts.indexed,
            quarantined=counts.quarantined,
            dropped=counts.dropped.total(),
            derived=counts.derived,
            balanced=counts.balanced,
        )
        for name, counts in sorted(datasets.items())
    )


def _waiting(group: Group) -> Waiting:
    return Waiting(group.reason, group.dataset, group.input, group.count, group.newest)


def _percent(minutes: Minutes, language: str) -> str:
    """The share of the known minutes that was evaluated; rounded down, so 100% means all."""
    known = minutes.total - minutes.unknown
    if not known:
        return "-"
    text = f"{minutes.evaluated * 1000 // known / 10:.1f}%"
    return text.replace(".", ",") if language == "vi" else text


def _names(console: Console, unit: str) -> Mapping[str, str]:
    return {one: console.inventory.unit_name(unit, one) or unit for one in LANGUAGES}
