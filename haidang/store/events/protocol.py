"""What every event store promises; the same contract tests run against each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
class Receipt:
    """What became of a batch: the position after it, and the events refused for what they hold.

    `refused` maps the id of each event that this store can never keep to the reason, which is
    short and holds no data; all other events of the batch are accepted.
    """

    position: Position
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """Events in feed order and the position after the last one looked at.

    A page may hold no event (none was visible) and still move the position.
    """

    events: Sequence[Event]
    position: Position


class EventStore(Protocol):
    """Append-only. Every method may raise `Unavailable`: a later try may succeed.

    An append that raised may have been accepted in part, which `ids_after` tells.
    """

    def append(self, batch: Sequence[Event]) -> Receipt:
        """Accept every event durably, or refuse it by name.

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
        end of the feed the page is empty and its position equals `after`. Events of one data set
        and level come in the order in which they were accepted.
        """

    def search(
        self, scope: Scope, wanted: Filter, between: Range, limit: int = 1000
    ) -> Iterable[Event]:
        """Visible events that satisfy the filter, by (@timestamp, id), at most `limit`."""

    def drop(self, before: Instant, level: int, passed: Position) -> int:
        """Drop whole segments of one system level; the number of events dropped.

        Only segments whose every event was received before `before` and was read by whoever
        stands at `passed`.
        """

    def hold(self, case: str, events: Iterable[Event]) -> int:
        """Copy events to the legal hold of a case, beyond retention; how many were new to it.

        Raises HaidangError for a name that is not `[a-z0-9][a-z0-9-]{0,63}`.
        """

    def held(self, scope: Scope, case: str) -> Iterable[Event]:
        """Visible events of a case's hold, by (@timestamp, id); none if there is no such hold."""

    def maintain(self, now: Instant) -> None:
        """Housekeeping, due every few minutes; keeps track itself of what is due."""

    def close(self) -> None:
        """Let go of files, memory and connections."""
