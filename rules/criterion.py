"""The `condition` of a correlation: bounds on an aggregate, or which rules must have matched.

Source: Sigma specification 2.1.0, "Condition"; the conditions in words are those that pySigma
calls extended temporal conditions.

Rulings:
- A condition of two operators is a range: one of gt/gte with one of lt/lte.
- Counts are compared with whole numbers, sums, averages and percentiles with any number.
- `value_percentile` takes `percentile` (0 to 100) from its condition, 50 if it is not there;
  `value_median` is percentile 50.
- Temporal kinds need all their rules, unless `condition` says how many different ones or, in
  words, which: `a and (b or c) and not d`, `1 of recon_*`, `all of them`.
- Words must name every rule of the list, and must not hold where nothing has matched: what did
  not happen is seen only beside what did.
- `temporal_ordered` knows one order: its words are names joined by `and`, with `not` before those
  that must be absent from the window.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import TypeAlias, get_args

from haidang.yamldoc import Checker
from rules import condition
from rules.rule import And, Condition, CorrelationKind, CountOperator, Item, Not
from rules.values import Exists

Bounds: TypeAlias = tuple[tuple[CountOperator, int | float], ...]

_OPERATORS = get_args(CountOperator)
_COMPARE = {"gt": gt, "gte": ge, "lt": lt, "lte": le, "eq": eq, "neq": ne}
_PATH = ("correlation", "condition")
_TEMPORAL = ("temporal", "temporal_ordered")
_COUNTS = ("event_count", "value_count", *_TEMPORAL)
_MOST_STEPS = 10  # every combination of the rules is looked at once: 1,024


@dataclass(frozen=True, slots=True)
class Criterion:
    """When a window qualifies; the fields are those of `Correlation`."""

    bounds: Bounds = ()
    masks: frozenset[int] = frozenset()
    value_fields: tuple[str, ...] = ()
    percentile: int | float = 50


def holds(bounds: Bounds, number: int | Fraction) -> bool:
    """Whether a number satisfies all bounds, compared exactly as they are written in decimal."""
    return all(_COMPARE[name](number, exact(limit)) for name, limit in bounds)


def exact(number: float) -> int | Fraction:
    """The number that people read: 0.1 is one tenth, so that sums do not depend on their order."""
    return number if isinstance(number, int) else _decimal(number)


@lru_cache(maxsize=65_536)  # each number enters a window and leaves it, in one walk after another
def _decimal(number: float) -> Fraction:
    return Fraction(Decimal(repr(number)))


def parse(checker: Checker, kind: CorrelationKind, rules: Sequence[str]) -> Criterion:
    """The criterion of a document; problems go to the checker."""
    if kind in _TEMPORAL:
        return Criterion(masks=_masks(checker, kind, rules))
    written = checker.take(_PATH, dict, ...) or {}
    extra = ("field",) * (kind != "event_count") + ("percentile",) * (kind == "value_percentile")
    checker.unknown_keys(_PATH, written, (*_OPERATORS, *extra))
    return Criterion(
        bounds=_bounds(checker, kind),
        value_fields=_value_fields(checker, kind),
        percentile=_percentile(checker, kind),
    )


def _bounds(checker: Checker, kind: CorrelationKind) -> Bounds:
    counts = kind in _COUNTS
    found: list[tuple[CountOperator, int | float]] = []
    for operator in _OPERATORS:
        path = (*_PATH, operator)
        number = checker.take(path, int if counts else (int, float), None)
        if number is None:
            continue
        if counts and number < 0:
            checker.add(path, "must not be negative")
        elif not math.isfinite(number):
            checker.add(path, "must be a finite number")
        else:
            found.append((operator, number))
    _check_range(checker, dict(found), counts=counts)
    return tuple(found)


def _check_range(
    checker: Checker, bounds: dict[CountOperator, int | float], *, counts: bool
) -> None:
    if not bounds:
        checker.add(_PATH, f"needs one of {', '.join(_OPERATORS)}")
        return
    if len(bounds) == 1:
        return
    low, high = bounds.get("gt", bounds.get("gte")), bounds.get("lt", bounds.get("lte"))
    if len(bounds) > 2 or low is None or high is None:
        checker.add(_PATH, "a range is one of gt, gte with one of lt, lte")
        return
    middle = Fraction(exact(low) + exact(high)) / 2
    candidates = range(int(low), int(low) + 2) if counts else (middle,)
    if not any(holds(tuple(bounds.items()), one) for one in candidates):
        checker.add(_PATH, f"no {'count' if counts else 'number'} is in this range")


def _value_fields(checker: Checker, kind: CorrelationKind) -> tuple[str, ...]:
    if kind == "event_count":
        return ()
    path = (*_PATH, "field")
    written = checker.take(path, (str, list), ...)
    if written is None:
        return ()
    names = [written] if isinstance(written, str) else written
    if not names or not all(isinstance(name, str) and name for name in names):
        checker.add(path, "must be the name of a field, or a list of names")
    elif len(names) > 1 and kind != "value_count":
        checker.add(path, f"{kind} reads one field; only value_count takes several")
    elif len(set(names)) < len(names):
        checker.add(path, "names something twice")
    else:
        return tuple(names)
    return ()


def _percentile(checker: Checker, kind: CorrelationKind) -> int | float:
    path = (*_PATH, "percentile")
    written = checker.take(path, (int, float), 50) if kind == "value_percentile" else 50
    if not 0 <= written <= 100:
        checker.add(path, "must be from 0 to 100")
        return 50
    return int(written) if written == int(written) else float(written)


def _masks(checker: Checker, kind: CorrelationKind, rules: Sequence[str]) -> frozenset[int]:
    everything = frozenset({(1 << len(rules)) - 1})
    written = checker.take(_PATH, (dict, str), {})
    if written in ({}, {"gte": len(rules)}, {"eq": len(rules)}):
        return everything
    if len(rules) > _MOST_STEPS:
        what = f"more than {_MOST_STEPS} rules; chain correlations of fewer"
        checker.add(_PATH, what)
        return everything
    before = len(checker.problems)
    masks = frozenset(
        _worded(checker, written, rules)
        if isinstance(written, str)
        else _counted(checker, written, rules)
    )
    if len(checker.problems) == before:
        for what in _faults(kind, rules, masks):
            checker.add(_PATH, what)
    return masks


def _counted(checker: Checker, written: dict[str, object], rules: Sequence[str]) -> Iterator[int]:
    checker.unknown_keys(_PATH, written, _OPERATORS)
    bounds = _bounds(checker, "temporal")
    return (mask for mask in range(1, 1 << len(rules)) if holds(bounds, mask.bit_count()))


def _worded(checker: Checker, written: str, rules: Sequence[str]) -> Iterator[int]:
    atoms = {name: Item(name, Exists(wanted=True)) for name in rules}
    try:
        tree = condition.parse(written, atoms, "rule of this correlation")
    except condition.ConditionRefused as error:
        checker.add(_PATH, str(error))
        return iter(())
    bits = {name: 1 << number for number, name in enumerate(rules)}
    return (mask for mask in range(1 << len(rules)) if _true(tree, mask, bits))


def _true(tree: Condition, mask: int, bits: dict[str, int]) -> bool:
    if isinstance(tree, Item):
        return bool(mask & bits[tree.field])
    if isinstance(tree, Not):
        return not _true(tree.child, mask, bits)
    quantified = all if isinstance(tree, And) else any
    return quantified(_true(child, mask, bits) for child in tree.children)


def _faults(kind: CorrelationKind, rules: Sequence[str], masks: frozenset[int]) -> Iterator[str]:
    if not masks:
        yield "no events can satisfy this"
        return
    if 0 in masks:
        yield "holds where nothing has matched; join it by 'and' with a rule that must match"
        return
    for number, name in enumerate(rules):
        if all(mask ^ 1 << number in masks for mask in masks):
            yield f"does not depend on {name!r}; name it, or take it out of the rules"
    if kind == "temporal_ordered" and (len(masks) > 1 or max(masks).bit_count() < 2):
        yield (
            "temporal_ordered has one order: join at least two rules by 'and', with 'not' before "
            "those that must be absent; for 'or' and counts use temporal, or several correlations"
        )
