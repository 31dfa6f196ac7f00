"""What every event store promises; the same contract tests run against each of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from haidang.model.event import Event
from haidang.model.instant import Instant
from haidang.model.scope import Scope

# A place in the store's own order; opaque outside the store, except that "" is before everything.
Position: TypeAlias = str
START: Position = ""

Operator: TypeAlias = Literal["equals", "startswith", "endswith", "contains", "exists"]


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition on an ECS field (dotted), compared by `model.fold`.

    A field with several values satisfies a clause if one of them does. `exists` ignores `value`.
    """

    field: str
    operator: Operator
    value: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """All clauses must hold; where `ids` is given, only those events are looked at."""

    clauses: tuple[Clause, ...] = ()
    ids: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """Events with start <= @timestamp < end; a None side is open."""

    start: Instant | None = None
    end: Instant | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Events in feed order and the position after the last one looked at.

    A page may hold no event (none was visible) and still move the position.
    """

    events: Sequence[Event]
    position: Position


class EventStore(Protocol):
    """Append-only. Every method may raise `Unavailable`; then nothing was accepted or skipped."""

    def append(self, batch: Sequence[Event]) -> Position:
        """Accept all events durably, in this order, or none; the position after the last one.

        The caller does not send an id again that was accepted, see `ids_after`.
        """

    def ids_after(self, position: Position) -> frozenset[str]:
        """Ids accepted after `position`: what a restarted writer must not send again."""

    def head(self) -> Position:
        """The position after the newest event."""

    def read(
        self, scope: Scope, after: Position, limit: int, until: Position | None = None
    ) -> Page:
        """The change feed: at most `limit` events after `after`, none after `until`.

        Every event is delivered exactly once to a reader that moves by `Page.position`. At the
        end of the feed the page is empty and its position equals `after`.
        """

    def search(
        self, scope: Scope, wanted: Filter, between: Range, limit: int = 1000
    ) -> Iterable[Event]:
        """Visible events that satisfy the filter, by (@timestamp, id), at most `limit`."""

    def drop(self, before: Instant, level: int) -> int:
        """Drop whole segments of one system level whose every event is older; events dropped."""
