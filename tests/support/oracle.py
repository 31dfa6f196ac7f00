"""Correlation by definition: every window looked at, nothing sliding, nothing stored.

`episodes(plan, matches)` is what any order and batching of the matches must end in.
"""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from operator import eq, ge, gt, le, lt, ne
from statistics import quantiles

OPERATORS = {"gt": gt, "gte": ge, "lt": lt, "lte": le, "eq": eq, "neq": ne}


@dataclass(frozen=True)
class Input:
    """A match, or a window of an inner correlation with the events of its whole episode."""

    rule: str
    time: int
    id: tuple
    values: dict
    events: frozenset


def episodes(plan, matches):
    """(rule, start, end, events) of every episode, sorted."""
    events = [(one.event, one.time) for one in matches]
    inputs = [
        Input(one.rule, one.time, event, dict(one.values), frozenset({event}))
        for one, event in zip(matches, events, strict=True)
    ]
    found = []
    for correlation in plan.correlations:
        for group, members in _groups(correlation, inputs).items():
            for run in _runs(correlation, members):
                first, last = run[0], run[-1]
                inside = _between(members, first - correlation.timespan, last)
                held = frozenset().union(*(one.events for one in inside))
                times = [time for _event, time in held]
                found.append((correlation.card.id, min(times), max(times), len(held)))
                inputs += _windows(plan, correlation, (group, members, run, held))
    return sorted(found)


def _windows(plan, correlation, episode):
    group, members, run, held = episode
    rule, keyed = correlation.card.id, dict(zip(correlation.group_by, group, strict=True))
    temporal = [one.temporal for one, _mask in plan.feeds.get(rule, ())]
    assert len(set(temporal)) < 2, "the oracle feeds counts or sequences, not both"
    for at in run if all(temporal) else run[:1]:
        for one in members:
            if one.time == at:
                yield Input(rule, at, (rule, group, at), {**one.values, **keyed}, held)


def _groups(correlation, inputs):
    found = defaultdict(list)
    for one in inputs:
        if one.rule in correlation.rules:
            named = {
                alias: one.values.get(f[one.rule], "") for alias, f in correlation.aliases.items()
            }
            values = {**one.values, **named}
            group = tuple(values.get(name, "").lower() for name in correlation.group_by)
            if all(group) and all(values.get(name) for name in correlation.value_fields):
                found[group].append(Input(one.rule, one.time, one.id, values, one.events))
    if correlation.kind in ("event_count", "value_count") or correlation.temporal:
        return found
    return {
        group: [one for one in members if _number(correlation, one) is not None]
        for group, members in found.items()
    }


def _between(members, after, last):
    return [one for one in members if after < one.time <= last]


def _runs(correlation, members):
    found = []
    for at in sorted({one.time for one in members}):
        if qualifies(correlation, _between(members, at - correlation.timespan, at)):
            if found and at - found[-1][-1] < correlation.timespan:
                found[-1].append(at)
            else:
                found.append([at])
    return found


def qualifies(correlation, inside):
    """Whether a window holding these inputs satisfies the condition."""
    if correlation.temporal:
        matched = {correlation.rules.index(one.rule) for one in inside}
        mask = sum(1 << step for step in matched)
        return mask in correlation.masks and (
            correlation.kind == "temporal" or _in_order(correlation, inside, sorted(matched))
        )
    number = _aggregate(correlation, inside)
    return all(
        OPERATORS[name](number, Fraction(str(limit))) for name, limit in correlation.condition
    )


def _in_order(correlation, inside, steps):
    times = [[one.time for one in inside if one.rule == correlation.rules[step]] for step in steps]
    return any(list(chain) == sorted(chain) for chain in product(*times))


def _aggregate(correlation, inside):
    if correlation.kind == "event_count":
        return len({one.id for one in inside})
    if correlation.kind == "value_count":
        names = correlation.value_fields
        return len({tuple(one.values[name].lower() for name in names) for one in inside})
    numbers = [number for _id, number in {(one.id, _number(correlation, one)) for one in inside}]
    if correlation.kind == "value_sum":
        return sum(numbers)
    if correlation.kind == "value_avg":
        return sum(numbers) / Fraction(len(numbers))
    return percentile(numbers, correlation.percentile)


def percentile(numbers, share):
    """By the standard library, which knows whole percents between the ends only."""
    if len(numbers) == 1 or share in (0, 100):
        return max(numbers) if share == 100 else min(numbers)
    return quantiles(numbers, n=100, method="inclusive")[share - 1]


def _number(correlation, one):
    try:
        return Fraction(one.values[correlation.value_fields[0]])
    except ValueError:
        return None
