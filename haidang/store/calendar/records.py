"""What the calendar file says, parsed, and what each entry holds for.

Rulings:
- All that a `Where` names must hold; of each kind one is enough.
- Of an event that names several hosts, sources or users, an exclusion must hold for each of them.
- An event without any address lies in a remote-support window by its host alone: the start of a
  program carries none. In every other window and in exclusions a named address must be there.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, NamedTuple, TypeAlias

from haidang.model.detection import Card
from haidang.model.event import Document, Event
from haidang.model.fields import values
from haidang.model.fold import fold
from haidang.model.instant import DAY, HOUR, MINUTE, Instant
from haidang.model.zone import parse_address
from haidang.store.inventory.index import host_key
from haidang.store.inventory.records import Span

Kind: TypeAlias = Literal["maintenance", "planned_scan", "remote_support", "power_cut"]
DayKind: TypeAlias = Literal["holiday", "swapped"]

_VIETNAM = 7 * HOUR
_THURSDAY = 3  # 1970-01-01


class Place(NamedTuple):
    """Where and when an event was, as it says itself within its authenticated zone."""

    at: Instant
    operator: str
    affected: tuple[str, ...]
    zone: str
    hosts: tuple[str, ...]
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    users: tuple[str, ...]

    @classmethod
    def of(cls, event: Event, document: Document) -> "Place":
        """Of one event; a host's name is preferred to its addresses."""
        return cls(
            event.time,
            event.operator,
            event.affected,
            event.zone,
            _texts(document, "host.name") or _texts(document, "host.ip"),
            _texts(document, "source.ip"),
            _texts(document, "destination.ip"),
            tuple(map(fold, _texts(document, "user.name"))),
        )


def _texts(document: Document, path: str) -> tuple[str, ...]:
    return tuple(one for one in values(document, path) if isinstance(one, str) and one)


def local(at: Instant) -> tuple[int, int, int]:
    """The day (since 1970), weekday (Monday is 0) and minute of an instant in Vietnam."""
    day, inside = divmod(at + _VIETNAM, DAY)
    return day, (day + _THURSDAY) % 7, inside // MINUTE


@dataclass(frozen=True, slots=True)
class Entry:
    """What every entry has; `by` registered it."""

    id: str
    reason: str
    by: str
    span: Span


@dataclass(frozen=True, slots=True)
class Hours(Entry):
    """Working hours on weekdays, in minutes since midnight; () of units is everybody."""

    days: frozenset[int]
    start: int
    end: int
    lunch: tuple[int, int]
    units: tuple[str, ...]

    def word(self, minute: int) -> str:
        """What a minute of a working day is."""
        if self.lunch[0] <= minute < self.lunch[1]:
            return "lunch"
        return "working" if self.start <= minute < self.end else "outside"


@dataclass(frozen=True, slots=True)
class Days(Entry):
    """Whole days that are off, or worked in exchange for others; () of units is everybody."""

    kind: DayKind
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Weekly:
    """Weekdays and minutes; one that ends before it starts goes on after midnight."""

    days: frozenset[int]
    start: int
    end: int

    def holds(self, at: Instant) -> bool:
        """Whether an instant lies inside."""
        _day, weekday, minute = local(at)
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        evening = weekday in self.days and minute >= self.start
        return evening or ((weekday - 1) % 7 in self.days and minute < self.end)


@dataclass(frozen=True, slots=True)
class Where:
    """Units, machines and addresses; `hosts` maps (zone, name or address) to when it is that.

    `named` tells whether hosts or systems were named, of which there may be none in that time.
    """

    units: frozenset[str] = frozenset()
    named: bool = False
    hosts: Mapping[tuple[str, str], tuple[Span, ...]] = field(default_factory=dict)
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    zone: str = ""

    def on(self, place: Place, host: str) -> bool:
        """Whether a host that an event names is one of these."""
        spans = self.hosts.get((place.zone, host_key(host)), ())
        return any(span.holds(place.at) for span in spans)

    def at(self, address: str) -> bool:
        """Whether an address lies in these networks."""
        found = parse_address(address)
        return found is not None and any(
            found in one for one in self.networks if one.version == found.version
        )

    def in_zone(self, place: Place) -> bool:
        """Whether the event's zone is the named one, if one is."""
        return self.zone in {"", place.zone}


@dataclass(frozen=True, slots=True)
class Window(Entry):
    """Something announced: it holds in its span, there weekly if so, for all that `where` names."""

    kind: Kind
    where: Where
    weekly: Weekly | None = None

    def holds(self, at: Instant) -> bool:
        """Whether an instant lies inside."""
        return self.span.holds(at) and (self.weekly is None or self.weekly.holds(at))

    def covers(self, place: Place) -> bool:
        """Whether an event lies inside, in time and in place."""
        where = self.where
        units = (place.operator, *place.affected)
        return (
            self.holds(place.at)
            and where.in_zone(place)
            and (not where.units or not where.units.isdisjoint(units))
            and (not where.named or any(where.on(place, one) for one in place.hosts))
            and (not where.networks or self._addressed(place))
        )

    def _addressed(self, place: Place) -> bool:
        addresses = (*place.sources, *place.destinations)
        if not addresses and self.kind == "remote_support":
            return True
        return any(map(self.where.at, addresses))


@dataclass(frozen=True, slots=True)
class Exclusion(Entry):
    """Matches of these rules on this entity are counted and go no further, until it ends."""

    rules: frozenset[str]
    tags: frozenset[str]
    categories: frozenset[str]
    where: Where
    users: frozenset[str] = frozenset()
    window: Window | None = None

    def names(self, card: Card, category: str) -> bool:
        """Whether a rule is one of these, by id, name, tag, or the category of its log source."""
        return (
            card.id in self.rules
            or card.name in self.rules
            or not self.tags.isdisjoint(card.tags)
            or category in self.categories
        )

    def covers(self, place: Place) -> bool:
        """Whether an event is the excluded entity's, now; narrow wherever it could be read wide."""
        where = self.where
        units = place.affected or (place.operator,)
        return (
            self.span.holds(place.at)
            and (self.window is None or self.window.covers(place))
            and where.in_zone(place)
            and (not where.units or where.units.issuperset(units))
            and (not where.named or _each(place.hosts, lambda one: where.on(place, one)))
            and (not where.networks or _each(place.sources, where.at))
            and (not self.users or _each(place.users, self.users.__contains__))
        )


def _each(found: Collection[str], holds: Callable[[str], bool]) -> bool:
    return bool(found) and all(map(holds, found))
