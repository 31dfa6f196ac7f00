"""Correlation documents.

Source: Sigma specification 2.1.0, "Sigma Correlation Rules".

Rulings:
- `group-by` is optional; without it there is one group.
- Timespans are a whole number and s, m, h, d or w; a month or a year has no fixed length.
- The condition is ruled by `rules.criterion`, names and aliases by `rules.chain`.
"""

from collections.abc import Mapping
from typing import Any, get_args

from haidang.model.detection import Card
from haidang.model.instant import DAY, HOUR, MINUTE, SECOND, Instant
from haidang.yamldoc import Checker
from rules import criterion
from rules.chain import Draft
from rules.rule import Correlation, CorrelationKind

_KINDS: tuple[CorrelationKind, ...] = get_args(CorrelationKind)
_UNITS: Mapping[str, Instant] = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_LONGEST: Instant = 366 * DAY
_KEYS = ("type", "rules", "group-by", "timespan", "condition", "aliases", "generate")


def parse(checker: Checker, card: Card) -> Draft:
    """The correlation of a document; problems go to the checker."""
    body = checker.take(("correlation",), dict, ...) or {}
    checker.unknown_keys(("correlation",), body, _KEYS)
    kind = _kind(checker)
    rules = _names(checker, "rules")
    if kind in ("temporal", "temporal_ordered") and len(rules) < 2:
        checker.add(("correlation", "rules"), f"{kind} needs at least two rules")
    found = criterion.parse(checker, kind, rules)
    correlation = Correlation(
        card=card,
        kind=kind,
        rules=rules,
        group_by=_names(checker, "group-by", required=False),
        timespan=_timespan(checker),
        condition=found.bounds,
        generate=_generate(checker, body),
        file=checker.document.file,
        masks=found.masks,
        value_fields=found.value_fields,
        percentile=found.percentile,
        aliases=_aliases(checker),
    )
    return Draft(correlation, checker)


def _generate(checker: Checker, body: dict[str, Any]) -> bool:
    # The text of the specification does not say whether it stands inside or beside.
    path = ("correlation", "generate") if "generate" in body else ("generate",)
    return bool(checker.take(path, bool, default=False))


def _kind(checker: Checker) -> CorrelationKind:
    path = ("correlation", "type")
    written = checker.take(path, str, ...)
    for kind in _KINDS:
        if kind == written:
            return kind
    if written == "value_median":
        return "value_percentile"
    if written == "ordered_temporal":
        checker.add(path, "is called temporal_ordered")
    elif written is not None:
        checker.add(path, f"must be one of {', '.join(_KINDS)}, value_median")
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


def _aliases(checker: Checker) -> dict[str, dict[str, str]]:
    path = ("correlation", "aliases")
    written = checker.take(path, (dict, type(None)), None) or {}
    aliases: dict[str, dict[str, str]] = {}
    for alias in written:
        fields = checker.take((*path, alias), dict, {})
        taken = {str(rule): checker.take((*path, alias, rule), str, "") for rule in fields}
        if "" in taken.values() or not taken:
            checker.add((*path, alias), "must map the name of each rule to a field")
        aliases[str(alias)] = taken
    return aliases


def fields_of(correlation: Correlation) -> list[str]:
    """The fields that a correlation reads, as written, with those behind its aliases."""
    names = [*correlation.group_by, *correlation.value_fields]
    behind = [field for fields in correlation.aliases.values() for field in fields.values()]
    return [*(name for name in names if name not in correlation.aliases), *behind]
