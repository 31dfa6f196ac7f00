"""The inputs of a correlation: points in event time, with all that their group keeps of them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TypeAlias

from haidang.model.instant import Instant

Scalar: TypeAlias = str | int | float


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a point's event concerns."""

    operator: str
    affected: tuple[str, ...]
    zone: str
    level: int


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One input of a correlation: an event, or the end of a window of an inner correlation.

    `steps` is a bit mask over the correlation's `rules`, in their order. `values` are what a
    value_* kind aggregates: numbers, or the id of what is counted. `carried` holds values of the
    correlation's `carried` fields. Both are sorted sets, for an event that matched several rules
    by which an alias means different fields.
    """

    time: Instant
    id: str
    steps: int = field(compare=False)
    owner: Owner = field(compare=False)
    values: tuple[Scalar, ...] = field(default=(), compare=False)
    carried: tuple[tuple[str, ...], ...] = field(default=(), compare=False)

    @property
    def inner(self) -> bool:
        """Whether it is a window of an inner correlation (see `members.inner_id`), not an event."""
        return "|" in self.id

    def joined(self, other: "Point") -> "Point":
        """The point with what it gains by coming through another rule; itself if nothing."""
        if (self.steps, self.values, self.carried) == (other.steps, other.values, other.carried):
            return self
        steps = self.steps | other.steps
        values = tuple(sorted({*self.values, *other.values}))
        carried = tuple(sorted({*self.carried, *other.carried}))
        if (steps, values, carried) == (self.steps, self.values, self.carried):
            return self
        return replace(self, steps=steps, values=values, carried=carried)


def between(points: Sequence[Point], after: Instant, last: Instant) -> Sequence[Point]:
    """The points with after < time <= last; `points` sorted."""
    time = attrgetter("time")
    return points[bisect_right(points, after, key=time) : bisect_right(points, last, key=time)]
