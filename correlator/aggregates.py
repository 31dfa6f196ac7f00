"""What is in each window of a group: how many events, which rules, which numbers.

A window is (t - timespan, t] for each instant t at which the group has a point. The walk over all
windows costs what enters and leaves them, and only percentiles a little more.

Rulings where the specification is silent (Sigma correlation rules 2.1): numbers are added as they
are written in decimal, without rounding; a percentile lies on the line between the two nearest
numbers, as `percentile_cont` of SQL has it.
"""

import sys
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeAlias

from correlator.points import Point
from haidang.model.instant import Instant
from rules.criterion import exact, holds
from rules.rule import Correlation

Number: TypeAlias = int | Fraction
# An instant, the points that enter the window ending there, those that left it.
_Move: TypeAlias = tuple[Instant, Sequence[Point], Sequence[Point]]


def aggregates(
    points: Sequence[Point], correlation: Correlation
) -> Iterator[tuple[Instant, Number]]:
    """(end, aggregate) of every window, ascending; `points` sorted. Not for temporal_ordered.

    For `temporal` the aggregate is the mask of the rules that the window holds.
    """
    moves = _moves(points, correlation.timespan)
    match correlation.kind:
        case "event_count":
            return _events(moves)
        case "value_count":
            return _distinct(moves)
        case "temporal":
            return _steps(moves)
        case "value_percentile":
            return _percentiles(moves, correlation.percentile)
        case _:
            return _sums(moves, average=correlation.kind == "value_avg")


def qualifies(correlation: Correlation, aggregate: Number) -> bool:
    """Whether the condition holds for a window's aggregate."""
    if correlation.temporal:
        return aggregate in correlation.masks
    return holds(correlation.condition, aggregate)


def peak(points: Sequence[Point], correlation: Correlation, first: Instant) -> Number:
    """The aggregate farthest beyond the condition, of the qualifying windows from `first` on.

    The lowest where the condition has only upper bounds, else the highest.
    """
    found = [
        aggregate
        for time, aggregate in aggregates(points, correlation)
        if time >= first and qualifies(correlation, aggregate)
    ]
    low = all(name in ("lt", "lte") for name, _limit in correlation.condition)
    return min(found) if low else max(found)


def plain(number: Number) -> int | float:
    """A number as the state stores and JSON hold it: 64-bit, or the nearest float."""
    if number == int(number) and int(number).bit_length() < 64:
        return int(number)
    try:
        return float(number)
    except OverflowError:
        return sys.float_info.max if number > 0 else -sys.float_info.max


def _moves(points: Sequence[Point], timespan: Instant) -> Iterator[_Move]:
    oldest = 0
    for time, together in groupby(points, key=attrgetter("time")):
        kept = oldest
        while points[kept].time <= time - timespan:
            kept += 1
        yield time, tuple(together), points[oldest:kept]
        oldest = kept


def _events(moves: Iterator[_Move]) -> Iterator[tuple[Instant, Number]]:
    count = 0
    for time, entered, left in moves:
        count += len(entered) - len(left)
        yield time, count


def _distinct(moves: Iterator[_Move]) -> Iterator[tuple[Instant, Number]]:
    seen: Counter[Any] = Counter()
    for time, entered, left in moves:
        seen.update(value for point in entered for value in point.values)
        _remove(seen, (value for point in left for value in point.values))
        yield time, len(seen)


def _steps(moves: Iterator[_Move]) -> Iterator[tuple[Instant, Number]]:
    """The mask of rules: few masks occur, so they are counted, not their bits."""
    seen: Counter[int] = Counter()
    for time, entered, left in moves:
        seen.update(point.steps for point in entered)
        _remove(seen, (point.steps for point in left))
        mask = 0
        for steps in seen:
            mask |= steps
        yield time, mask


def _remove(seen: Counter[Any], gone: Iterator[Any]) -> None:
    for value in gone:
        seen[value] -= 1
        if not seen[value]:
            del seen[value]


def _numbers(points: Sequence[Point]) -> list[Number]:
    return [
        exact(value) for point in points for value in point.values if not isinstance(value, str)
    ]


def _sums(moves: Iterator[_Move], *, average: bool) -> Iterator[tuple[Instant, Number]]:
    total: Number = 0
    count = 0
    for time, entered, left in moves:
        come, gone = _numbers(entered), _numbers(left)
        total += sum(come) - sum(gone)
        count += len(come) - len(gone)
        yield time, Fraction(total, count) if average else total


def _percentiles(moves: Iterator[_Move], percentile: float) -> Iterator[tuple[Instant, Number]]:
    ordered: list[Number] = []
    for time, entered, left in moves:
        for number in _numbers(entered):
            insort(ordered, number)
        for number in _numbers(left):
            del ordered[bisect_left(ordered, number)]
        whole, part = divmod(Fraction(exact(percentile)) / 100 * (len(ordered) - 1), 1)
        low = ordered[whole]
        yield time, low + part * (ordered[whole + 1] - low) if part else low
