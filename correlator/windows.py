"""Windows and episodes in event time: pure functions of a group's points.

A window is (t - timespan, t] and is anchored at the time t of one of the group's points. It
qualifies if the correlation's condition holds for the points inside it. An episode is a maximal
run of overlapping qualifying windows. Nothing here knows in which order events arrived, so every
order gives the same episodes.

Rulings where the specification is silent (Sigma correlation rules 2.1): windows slide and are open
at the start and closed at the end; in `temporal_ordered` points of one instant count as being in
the listed order, and one event that matches two steps stands for both.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter, eq, ge, gt, le, lt, ne

from haidang.model.instant import Instant
from rules.rule import Correlation

_OPERATORS = {"gt": gt, "gte": ge, "lt": lt, "lte": le, "eq": eq, "neq": ne}


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

    `steps` is a bit mask over the correlation's `rules`, in their order.
    """

    time: Instant
    id: str
    steps: int = field(compare=False)
    owner: Owner = field(compare=False)

    @property
    def inner(self) -> bool:
        """Whether it is a window of an inner correlation (see `members.inner_id`), not an event."""
        return "|" in self.id


@dataclass(frozen=True, slots=True)
class Run:
    """Overlapping qualifying windows: the anchors of the first and the last, and all between."""

    anchors: tuple[Instant, ...]
    timespan: Instant

    @property
    def first(self) -> Instant:
        """The end of the earliest qualifying window."""
        return self.anchors[0]

    @property
    def last(self) -> Instant:
        """The end of the latest qualifying window."""
        return self.anchors[-1]

    def covers(self, time: Instant) -> bool:
        """Whether `time` lies in one of the windows; they overlap, so their union has no hole."""
        return self.first - self.timespan < time <= self.last


def between(points: Sequence[Point], after: Instant, last: Instant) -> Sequence[Point]:
    """The points with after < time <= last; `points` sorted."""
    time = attrgetter("time")
    return points[bisect_right(points, after, key=time) : bisect_right(points, last, key=time)]


def is_monotone(correlation: Correlation) -> bool:
    """Whether more points can only make more windows qualify, so that a window may fire at once."""
    if correlation.kind == "event_count":
        return all(operator in ("gt", "gte") for operator, _ in correlation.condition)
    return True


def runs(points: Sequence[Point], correlation: Correlation) -> list[Run]:
    """The episodes' windows, in time order; `points` sorted."""
    span = correlation.timespan
    found: list[list[Instant]] = []
    for anchor in anchors(points, correlation):
        if found and anchor - found[-1][-1] < span:
            found[-1].append(anchor)
        else:
            found.append([anchor])
    return [Run(tuple(run), span) for run in found]


def anchors(points: Sequence[Point], correlation: Correlation) -> Iterator[Instant]:
    """The ends of all qualifying windows, ascending; `points` sorted."""
    if correlation.kind == "event_count":
        return _counted(points, correlation)
    return _ordered(points, correlation)


def _counted(points: Sequence[Point], correlation: Correlation) -> Iterator[Instant]:
    oldest = seen = 0
    for time, together in groupby(points, key=attrgetter("time")):
        seen += sum(1 for _ in together)
        while points[oldest].time <= time - correlation.timespan:
            oldest += 1
        count = seen - oldest
        if all(_OPERATORS[name](count, number) for name, number in correlation.condition):
            yield time


def _ordered(points: Sequence[Point], correlation: Correlation) -> Iterator[Instant]:
    for time, start, _chain in _chains(points, len(correlation.rules)):
        if start > time - correlation.timespan:
            yield time


def witness(points: Sequence[Point], correlation: Correlation, anchor: Instant) -> list[Point]:
    """The chain that makes the window ending at `anchor` qualify: one point a step.

    For counting correlations: all points of the window.
    """
    inside = between(points, anchor - correlation.timespan, anchor)
    if correlation.kind == "event_count":
        return list(inside)
    for time, _start, chain in _chains(inside, len(correlation.rules)):
        if time == anchor:
            return list(chain)
    return []


def _chains(
    points: Sequence[Point], steps: int
) -> Iterator[tuple[Instant, Instant, tuple[Point, ...]]]:
    """For each instant with a complete chain behind it: (instant, latest start, that chain).

    best[i] is the chain through the first i steps that started latest; a later start is in every
    window that an earlier one is in, so nothing else needs to be kept.
    """
    best: list[tuple[Point, ...]] = [()] * (steps + 1)
    for time, together in groupby(points, key=attrgetter("time")):
        now = tuple(together)
        for step in range(steps):
            here = next((point for point in now if point.steps >> step & 1), None)
            if here is None or (step and not best[step]):
                continue
            grown = (*best[step], here)
            if not best[step + 1] or grown[0].time > best[step + 1][0].time:
                best[step + 1] = grown
        if best[steps]:
            yield time, best[steps][0].time, best[steps]


def first_fired(
    before: Sequence[Point], arrived: Sequence[Point], correlation: Correlation, run: Run
) -> Instant:
    """The end of the window of `run` that fired first as `arrived` came one by one.

    `before` and `arrived` are sorted and disjoint. For a monotone condition each arrival can only
    add windows, so the arrival that fired is found by bisection.
    """
    before = between(before, run.first - run.timespan, run.last)
    arrived = between(arrived, run.first - run.timespan, run.last)
    low, high = 1, len(arrived)
    while low < high:
        middle = (low + high) // 2
        if _fired(before, arrived[:middle], correlation, run):
            high = middle
        else:
            low = middle + 1
    fired = _fired(before, arrived[:low], correlation, run)
    return fired[0] if fired else run.first


def _fired(
    before: Sequence[Point], arrived: Sequence[Point], correlation: Correlation, run: Run
) -> list[Instant]:
    points = sorted([*before, *arrived])
    return [anchor for anchor in anchors(points, correlation) if run.first <= anchor <= run.last]
