"""Windows and episodes in event time: pure functions of a group's points.

A window is (t - timespan, t] and is anchored at the time t of one of the group's points. It
qualifies if the correlation's condition holds for the points inside it. An episode is a maximal
run of overlapping qualifying windows. Nothing here knows in which order events arrived, so every
order gives the same episodes.

Rulings where the specification is silent (Sigma correlation rules 2.1): windows slide and are open
at the start and closed at the end; in `temporal_ordered` points of one instant count as being in
the listed order, and one event that matches two steps stands for both. A rule under `not` must be
absent from the whole window, before and after the others.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import attrgetter

from correlator.aggregates import aggregates, qualifies
from correlator.points import Point, between
from haidang.model.instant import Instant
from rules.rule import Correlation


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


def is_monotone(correlation: Correlation) -> bool:
    """Whether more points can only make more windows qualify, so that a window may fire at once."""
    if correlation.temporal:
        return _grows(correlation.masks, len(correlation.rules))
    lower = all(operator in ("gt", "gte") for operator, _ in correlation.condition)
    return lower and correlation.kind in ("event_count", "value_count")


@lru_cache(maxsize=1024)
def _grows(masks: frozenset[int], steps: int) -> bool:
    """Whether a window that qualifies still does when one more rule matches."""
    return all(mask | 1 << step in masks for mask in masks for step in range(steps))


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
    if correlation.kind == "temporal_ordered":
        return _ordered(points, correlation)
    found = aggregates(points, correlation)
    return (time for time, aggregate in found if qualifies(correlation, aggregate))


def _ordered(points: Sequence[Point], correlation: Correlation) -> Iterator[Instant]:
    absent = ((1 << len(correlation.rules)) - 1) & ~_order(correlation)
    barred = [point.time for point in points if point.steps & absent]
    for time, start, _chain in _chains(points, _order(correlation)):
        opened = time - correlation.timespan
        if start > opened and bisect_right(barred, time) == bisect_right(barred, opened):
            yield time


def _order(correlation: Correlation) -> int:
    """The rules that must match in order; all others must be absent."""
    (mask,) = correlation.masks
    return mask


def witness(points: Sequence[Point], correlation: Correlation, anchor: Instant) -> list[Point]:
    """The chain that makes the window ending at `anchor` qualify: one point a step.

    For counting correlations: all points of the window.
    """
    inside = between(points, anchor - correlation.timespan, anchor)
    if not correlation.temporal:
        return list(inside)
    if correlation.kind == "temporal":
        steps = range(len(correlation.rules))
        latest = {step: point for point in inside for step in steps if point.steps >> step & 1}
        return sorted(set(latest.values()))
    for time, _start, chain in _chains(inside, _order(correlation)):
        if time == anchor:
            return list(chain)
    return []


def _chains(
    points: Sequence[Point], mask: int
) -> Iterator[tuple[Instant, Instant, tuple[Point, ...]]]:
    """For each instant with a complete chain behind it: (instant, latest start, that chain).

    The steps are the bits of `mask`. best[i] is the chain through the first i of them that started
    latest; a later start is in every window that an earlier one is in, so nothing else is kept.
    """
    steps = [step for step in range(mask.bit_length()) if mask >> step & 1]
    best: list[tuple[Point, ...]] = [()] * (len(steps) + 1)
    for time, together in groupby(points, key=attrgetter("time")):
        now = tuple(together)
        for place, step in enumerate(steps):
            here = next((point for point in now if point.steps >> step & 1), None)
            if here is None or (place and not best[place]):
                continue
            grown = (*best[place], here)
            if not best[place + 1] or grown[0].time > best[place + 1][0].time:
                best[place + 1] = grown
        if best[-1]:
            yield time, best[-1][0].time, best[-1]


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
