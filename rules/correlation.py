"""Correlation documents, and the names by which they call other rules.

Source: Sigma specification 2.1.0, "Sigma Correlation Rules".

Rulings:
- A condition of two operators is a range: one of gt/gte with one of lt/lte.
- `group-by` is optional; without it there is one group.
- Timespans are a whole number and s, m, h, d or w; a month or a year has no fixed length.
- `temporal_ordered` needs all its rules; a `condition` may say so and nothing else.
- At most two correlations stand above one another, and none above itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from haidang.model.detection import Card
from haidang.model.instant import DAY, HOUR, MINUTE, SECOND, Instant
from haidang.yamldoc import Checker
from rules.rule import Correlation, CorrelationKind, CountOperator

_KINDS = get_args(CorrelationKind)
_LATER = ("temporal", "value_count", "value_sum", "value_avg", "value_percentile", "value_median")
_OPERATORS = get_args(CountOperator)
_UNITS: Mapping[str, Instant] = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_LONGEST: Instant = 366 * DAY
_KEYS = ("type", "rules", "group-by", "timespan", "condition", "aliases", "generate")
_MOST_LINKS = 2


@dataclass(frozen=True, slots=True)
class Draft:
    """A correlation whose `rules` are still as written, with the checker of its document."""

    correlation: Correlation
    checker: Checker


def parse(checker: Checker, card: Card) -> Draft:
    """The correlation of a document; problems go to the checker."""
    body = checker.take(("correlation",), dict, ...) or {}
    checker.unknown_keys(("correlation",), body, _KEYS)
    if body.get("aliases"):
        checker.add(("correlation", "aliases"), "not supported yet")
    kind = _kind(checker)
    rules = _names(checker, "rules")
    if kind == "temporal_ordered" and len(rules) < 2:
        checker.add(("correlation", "rules"), "temporal_ordered needs at least two rules")
    correlation = Correlation(
        card=card,
        kind=kind,
        rules=rules,
        group_by=_names(checker, "group-by", required=False),
        timespan=_timespan(checker),
        condition=_condition(checker, kind, len(rules)),
        generate=_generate(checker, body),
        file=checker.document.file,
    )
    return Draft(correlation, checker)


def _generate(checker: Checker, body: dict[str, Any]) -> bool:
    # The text of the specification does not say whether it stands inside or beside.
    path = ("correlation", "generate") if "generate" in body else ("generate",)
    return bool(checker.take(path, bool, default=False))


def _kind(checker: Checker) -> CorrelationKind:
    path = ("correlation", "type")
    kind = checker.take(path, str, ...)
    if kind in _KINDS:
        return "event_count" if kind == "event_count" else "temporal_ordered"
    if kind == "ordered_temporal":
        checker.add(path, "is called temporal_ordered")
    elif kind in _LATER:
        checker.add(path, f"{kind} is not supported yet; {' and '.join(_KINDS)} are")
    elif kind is not None:
        checker.add(path, f"must be one of {', '.join(_KINDS)}")
    return "event_count"


def _names(checker: Checker, key: str, *, required: bool = True) -> tuple[str, ...]:
    path = ("correlation", key)
    written = checker.take(path, (list, str), ... if required else [])
    if written is None:
        return ()
    names = [written] if isinstance(written, str) else written
    if not all(isinstance(name, str) and name for name in names):
        checker.add(path, "must be a list of names")
        return ()
    if len(set(names)) < len(names):
        checker.add(path, "names something twice")
    if required and not names:
        checker.add(path, "is an empty list")
    return tuple(names)


def _timespan(checker: Checker) -> Instant:
    path = ("correlation", "timespan")
    written = checker.take(path, str, ...)
    if written is None:
        return 0
    number, unit = written[:-1], written[-1:]
    if unit in ("M", "y"):
        checker.add(path, "a month or a year has no fixed length; write days, such as 30d")
    elif unit not in _UNITS or not (number.isascii() and number.isdigit()) or len(number) > 9:
        checker.add(path, "must be a whole number and s, m, h, d or w, such as 90m")
    elif not 0 < int(number) * _UNITS[unit] <= _LONGEST:
        checker.add(path, "must be longer than nothing and at most 366d")
    else:
        return int(number) * _UNITS[unit]
    return 0


def _condition(
    checker: Checker, kind: CorrelationKind, count: int
) -> tuple[tuple[CountOperator, int], ...]:
    path = ("correlation", "condition")
    ordered: tuple[tuple[CountOperator, int], ...] = (("gte", count),)
    if kind == "temporal_ordered":
        written = checker.take(path, dict, {})
        if written not in ({}, {"gte": count}, {"eq": count}):
            checker.add(path, f"temporal_ordered needs all its {count} rules; leave it out")
        return ordered
    written = checker.take(path, dict, ...) or {}
    checker.unknown_keys(path, written, _OPERATORS)
    found: list[tuple[CountOperator, int]] = []
    for operator in _OPERATORS:
        number = checker.take((*path, operator), int, None)
        if number is not None and number < 0:
            checker.add((*path, operator), "must not be negative")
        elif number is not None:
            found.append((operator, number))
    _check_range(checker, found)
    return tuple(found)


def _check_range(checker: Checker, found: list[tuple[CountOperator, int]]) -> None:
    path = ("correlation", "condition")
    bounds = dict(found)
    if not found:
        checker.add(path, f"needs one of {', '.join(_OPERATORS)}")
        return
    if len(found) == 1:
        return
    low = bounds["gt"] + 1 if "gt" in bounds else bounds.get("gte")
    high = bounds["lt"] - 1 if "lt" in bounds else bounds.get("lte")
    if len(found) > 2 or low is None or high is None:
        checker.add(path, "a range is one of gt, gte with one of lt, lte")
    elif low > high:
        checker.add(path, "no count is in this range")


def resolve(drafts: list[Draft], known: Mapping[str, str]) -> list[Correlation]:
    """The correlations whose every reference leads to a rule; problems go to the checkers.

    `known` maps ids and names of the single-event rules to their ids.
    """
    own = {key: draft for draft in drafts for key in _keys(draft)}
    return [
        replace(draft.correlation, rules=tuple(rules))
        for draft in drafts
        if (rules := _resolved(draft, own, known)) is not None
    ]


def _keys(draft: Draft) -> tuple[str, str]:
    return draft.correlation.card.id, draft.correlation.card.name


def _resolved(draft: Draft, own: Mapping[str, Draft], known: Mapping[str, str]) -> list[str] | None:
    ids = []
    sound = True
    for index, name in enumerate(draft.correlation.rules):
        what = _fault(name, (draft,), own, known)
        if what:
            draft.checker.add(("correlation", "rules", index), what)
            sound = False
        elif name in own:
            ids.append(own[name].correlation.card.id)
        else:
            ids.append(known[name])
    return ids if sound else None


def _fault(
    name: str, above: tuple[Draft, ...], own: Mapping[str, Draft], known: Mapping[str, str]
) -> str:
    """What is wrong with following `name` down from the correlations `above`, or ""."""
    draft = own.get(name)
    if draft is None:
        return "" if name in known else f"no rule that loaded has the id or name {name!r}"
    if any(draft is one for one in above):
        return f"{name!r} leads back to itself"
    if len(above) >= _MOST_LINKS:
        return f"more than {_MOST_LINKS} correlations stand above one another"
    faults = (_fault(inner, (*above, draft), own, known) for inner in draft.correlation.rules)
    return next((fault for fault in faults if fault), "")
