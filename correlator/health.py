"""The health of all sources: who is heard, who fell silent, and which places lost their line.

A line is down where the router of a place fell silent and every other source there with it: told
by topology (the inventory's networks and kinds) and timing alone. One source that is silent while
its place speaks needs a person.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

from sqlalchemy import Connection

from correlator import activity
from correlator.activity import Source, minute_of
from correlator.silence import COMPARED_DAYS, FACTOR, Heard, Silence, silences
from correlator.tally import day_of
from correlator.tick import evaluated
from haidang.model.instant import DAY, Instant
from haidang.model.scope import Scope
from haidang.store.inventory import Inventory
from haidang.store.inventory.index import host_key
from haidang.store.inventory.records import Host

State: TypeAlias = Literal["receiving", "silent", "off"]
Kind: TypeAlias = Literal["line_down", "silent"]

NEAR = 5  # minutes between the last signs of life of sources that one cause cut off
ROUTERS = frozenset({"router", "firewall"})
UNWATCHED = frozenset({"office-pc"})  # people switch them off


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A network of the inventory; `unit` is whose it is."""

    unit: str
    zone: str
    network: str


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source as of an instant.

    `unit` has the host, or runs it where no unit has it. `usual` is its usual interval in minutes,
    None where it is not learned yet; `today` are the events received since midnight. `silence` is
    the one that goes on; of a machine that people switch off it is no trouble: `off`.
    """

    source: Source
    unit: str
    place: Place | None
    kind: str
    state: State
    silence: Silence | None
    usual: int | None
    today: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Silence with one cause, from `start` to `end` (0: it goes on), of `sources` (ids).

    `recovered`: all lines of that time came later. `explained` is an entry of the calendar.
    """

    kind: Kind
    unit: str
    place: Place | None
    start: Instant
    end: Instant
    sources: tuple[str, ...]
    recovered: bool
    explained: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Everything as of the last complete evaluation, newest finding first.

    `blind` are the units of the inventory of which nothing is received.
    """

    as_of: Instant
    sources: tuple[SourceHealth, ...] = ()
    findings: tuple[Finding, ...] = ()
    blind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _One:
    """A source, where it stands, and when it was heard."""

    source: Source
    heard: Heard
    host: Host | None
    kind: str
    place: Place | None


def read_health(
    connection: Connection, scope: Scope, inventory: Inventory, back: Instant = DAY
) -> Health:
    """The health of the visible sources as of the last complete evaluation.

    Findings are those that had not ended `back` before it.
    """
    as_of = evaluated(connection)
    hosts = _hosts_of(inventory, scope, as_of)
    first_day = day_of(as_of) - COMPARED_DAYS - 1
    found = activity.sources(connection, scope, hosts, first_day)
    return examine(found, inventory, scope, as_of, as_of - back)


def examine(
    sources: Iterable[Source], inventory: Inventory, scope: Scope, as_of: Instant, since: Instant
) -> Health:
    """What follows from when the sources were heard, whatever their order."""
    ordered = sorted(sources, key=lambda one: (one.dataset, one.host, one.id))
    ones = [_place(one, inventory, as_of) for one in ordered]
    found = {one.source.id: list(_silences(one, since)) for one in ones}
    down = [finding for _, group in _by_place(ones) for finding in _lines_down(group, found)]
    single = [
        Finding("silent", _unit(one, inventory), one.place, *_span(silence))
        for one in ones
        if one.kind not in UNWATCHED
        for silence in found[one.source.id]
        if not any(_explains(finding, silence) for finding in down)
    ]
    findings = sorted([*down, *single], key=lambda one: (-one.start, one.kind, one.sources))
    return Health(
        as_of=as_of,
        sources=tuple(_health(one, found[one.source.id], inventory, as_of) for one in ones),
        findings=tuple(findings),
        blind=tuple(_blind(ones, inventory, scope, as_of)),
    )


def _place(source: Source, inventory: Inventory, at: Instant) -> _One:
    host = inventory.host(source.zone, source.host, at)
    system = inventory.index.system(host, at) if host else None
    kind = (host.kind or (system.kind if system else "")) if host else ""
    return _One(source, Heard.of(source, at), host, kind, _network(source, host, inventory, at))


def _network(source: Source, host: Host | None, inventory: Inventory, at: Instant) -> Place | None:
    for address in host.addresses if host else (source.host,):
        claim = inventory.index.network(source.zone, address, at)
        if claim is not None:
            return Place(claim.unit, source.zone, claim.value)
    return None


def _silences(one: _One, since: Instant) -> Iterator[Silence]:
    if not one.source.days:  # not heard in all the days that are looked at
        yield Silence(one.source.id, one.source.last)
    else:
        yield from silences(one.heard, since)


def _by_place(ones: Iterable[_One]) -> Iterator[tuple[Place, list[_One]]]:
    placed = sorted((one for one in ones if one.place), key=_key)
    for key, group in groupby(placed, key=_key):
        yield key, list(group)


def _key(one: _One) -> Place:
    assert one.place is not None  # noqa: S101 - the callers chose those that have one
    return one.place


def _lines_down(place: Sequence[_One], found: Mapping[str, Sequence[Silence]]) -> Iterator[Finding]:
    """Each silence of a router that all sources of its place share."""
    told: list[Finding] = []
    for router in place:
        if router.kind not in ROUTERS:
            continue
        for silence in found[router.source.id]:
            finding = _line_down(place, router, silence)
            if finding and not any(_explains(one, silence) for one in told):
                told.append(finding)
    yield from told


def _line_down(place: Sequence[_One], router: _One, silence: Silence) -> Finding | None:
    """The finding, if no source of the place spoke meanwhile and another one fell silent too."""
    start = minute_of(silence.start)
    end = minute_of(silence.end) if silence.end else router.heard.end
    members = [silence]
    for other in place:
        if other is router:
            continue
        if other.heard.spoke(start + NEAR, end - NEAR):
            return None
        gap = other.heard.gap_around((start + end) // 2)
        patience = max(NEAR, FACTOR * (other.heard.usual(start) or 0))
        if gap and gap[0] >= start - patience and other.source.days:
            members.append(other.heard.silence(gap))
    if len(members) == 1:
        return None
    ends = [one.end for one in members if one.end]
    return Finding(
        kind="line_down",
        unit=_key(router).unit,
        place=router.place,
        start=max(one.start for one in members),
        end=min(ends, default=0),
        sources=tuple(sorted(one.source for one in members)),
        recovered=all(one.recovered for one in members),
    )


def _explains(finding: Finding, silence: Silence) -> bool:
    """Whether this silence is part of that finding."""
    overlaps = silence.start <= (finding.end or silence.start) and (
        not silence.end or finding.start <= silence.end
    )
    return silence.source in finding.sources and overlaps


def _span(silence: Silence) -> tuple[Instant, Instant, tuple[str, ...], bool]:
    return silence.start, silence.end, (silence.source,), silence.recovered


def _health(
    one: _One, found: Sequence[Silence], inventory: Inventory, as_of: Instant
) -> SourceHealth:
    now = next((silence for silence in found if not silence.end), None)
    today = one.source.days.get(day_of(as_of))
    return SourceHealth(
        source=one.source,
        unit=_unit(one, inventory),
        place=one.place,
        kind=one.kind,
        state=_state(one, now),
        silence=now,
        usual=one.heard.usual(minute_of(as_of)),
        today=today.events if today else 0,
    )


def _state(one: _One, silence: Silence | None) -> State:
    if silence is None:
        return "receiving"
    return "off" if one.kind in UNWATCHED else "silent"


def _unit(one: _One, inventory: Inventory) -> str:
    if one.host and one.host.unit:
        return one.host.unit
    system = inventory.records.by_system.get(one.host.system) if one.host else None
    return system.operator if system else one.source.operator


def _blind(ones: Iterable[_One], inventory: Inventory, scope: Scope, at: Instant) -> Iterator[str]:
    """Units, visible and existing now, of whose machines and systems nothing is received."""
    seen: set[str] = set()
    for one in ones:
        seen |= {one.source.operator, _unit(one, inventory)} | (
            {one.place.unit} if one.place else set()
        )
        system = inventory.index.system(one.host, at) if one.host else None
        if system is not None:
            seen |= {system.owner, *(user.unit for user in system.users if user.span.holds(at))}
    for unit in inventory.records.units:
        visible = scope.units is None or unit.id in scope.units
        if visible and unit.span.holds(at) and unit.id not in seen:
            yield unit.id


def _hosts_of(inventory: Inventory, scope: Scope, at: Instant) -> set[tuple[str, str]]:
    """The hosts, as sources name them, that belong to the units of a scope or to their systems."""
    units = scope.units or frozenset()
    found: set[tuple[str, str]] = set()
    for host in inventory.records.hosts if units else ():
        system = inventory.records.by_system.get(host.system)
        owners = {host.unit, system.owner} if system else {host.unit}
        claims = (inventory.index.network(host.zone, one, at) for one in host.addresses)
        if not units.isdisjoint(owners | {claim.unit for claim in claims if claim}):
            found |= {(host.zone, host_key(name)) for name in (*host.names, *host.addresses)}
    return found
