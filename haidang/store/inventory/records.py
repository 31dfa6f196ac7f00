"""What the inventory file says, parsed: dated records that point at each other by id."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import unquote

from haidang.model.fold import fold
from haidang.model.instant import DAY, VIETNAM, Instant, from_datetime
from haidang.yamldoc import YamlPath


@dataclass(frozen=True, slots=True)
class Span:
    """The instants for which a record holds: start <= instant < end."""

    start: Instant
    end: Instant

    def holds(self, at: Instant) -> bool:
        """Tell whether `at` lies inside."""
        return self.start <= at < self.end

    def overlaps(self, other: "Span") -> bool:
        """Tell whether one instant lies in both."""
        return self.start < other.end and other.start < self.end


_FIRST: Instant = -(2**63)
_LAST: Instant = 2**63 - 1
ALWAYS = Span(_FIRST, _LAST)


def days(first: date | None, last: date | None) -> Span:
    """Return the span of whole Vietnam days (UTC+7), both inside; None is open."""
    start = _FIRST if first is None else _midnight(first)
    end = _LAST if last is None else _midnight(last) + DAY
    return Span(start, end)


def _midnight(day: date) -> Instant:
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=VIETNAM))


@dataclass(frozen=True, slots=True)
class Unit:
    """An agency; one that ended names the units that took its work over."""

    id: str
    name: str
    name_en: str
    span: Span
    predecessors: tuple[str, ...]
    successors: tuple[str, ...]
    place: YamlPath


@dataclass(frozen=True, slots=True)
class Zone:
    """A network whose private addresses are its own."""

    id: str
    name: str
    place: YamlPath


@dataclass(frozen=True, slots=True)
class Claim:
    """A value (mail domain, client key, CIDR, or "" for the use of a system) is a unit's.

    `zone` is empty where the value means the same everywhere.
    """

    value: str
    zone: str
    unit: str
    span: Span
    place: YamlPath


@dataclass(frozen=True, slots=True)
class System:
    """An information system; `sections` are (URL path prefix, name), longest prefix first."""

    id: str
    name: str
    level: int
    kind: str
    operator: str
    owner: str
    users: tuple[Claim, ...]
    sections: tuple[tuple[str, str], ...]
    span: Span
    place: YamlPath


@dataclass(frozen=True, slots=True)
class Host:
    """A machine; `names` are folded (its name, then aliases), addresses in canonical form."""

    name: str
    names: tuple[str, ...]
    zone: str
    system: str
    unit: str
    kind: str
    addresses: tuple[str, ...]
    span: Span
    place: YamlPath


@dataclass(frozen=True, slots=True)
class Records:
    """All records of one file, in its order."""

    units: tuple[Unit, ...] = ()
    zones: tuple[Zone, ...] = ()
    systems: tuple[System, ...] = ()
    networks: tuple[Claim, ...] = ()
    hosts: tuple[Host, ...] = ()
    mail_domains: tuple[Claim, ...] = ()
    api_keys: tuple[Claim, ...] = ()
    by_unit: Mapping[str, Unit] = field(init=False, repr=False, compare=False)
    by_system: Mapping[str, System] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index what is referred to by id."""
        object.__setattr__(self, "by_unit", {unit.id: unit for unit in self.units})
        object.__setattr__(self, "by_system", {system.id: system for system in self.systems})


def url_key(path: str) -> str:
    """Return a URL path as sections compare it: percent-decoded, folded, no slash at the end."""
    return fold(unquote(path)).rstrip("/")


def holding(claims: Iterable[Claim], at: Instant) -> Claim | None:
    """Return the first claim that holds at this instant."""
    return next((claim for claim in claims if claim.span.holds(at)), None)
