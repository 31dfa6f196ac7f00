"""The `detection` of a Sigma rule: named searches and their condition, as one tree.

Source: Sigma specification 2.1.0, "Detection". A map is AND, a list of maps OR, a list of strings
keywords linked by OR (by AND under `'|all'`).

Rulings:
- An empty list or map, and null inside a list of values, refuse the rule (null has its own type).
- `all` on a single value refuses the rule (spec: "not allowed").
- `neq` negates the whole field condition, so an absent field satisfies it.
- Keywords are contained, unless `startswith`, `endswith` or `re` says otherwise.
- Every search must be readable, also one that the condition does not use.
"""

from typing import Any

from haidang.yamldoc import Checker, YamlPath
from rules import condition
from rules.modifiers import ValueRefused, apply
from rules.rule import (
    KEYWORDS,
    Condition,
    Item,
    Not,
    conjunction,
    disjunction,
)
from rules.values import Network, Regex, Text, Value, Wildcard, join

_MAX_NESTING = 20
_ANCHORS = frozenset(("startswith", "endswith"))


def parse(checker: Checker) -> Condition | None:
    """The tree of the document's `detection`, or None after noting every problem."""
    detection = checker.take(("detection",), dict, ...)
    if detection is None:
        return None
    before = len(checker.problems)
    searches: dict[str, Condition] = {}
    for name, search in detection.items():
        if name not in ("condition", "timeframe"):
            tree = _search(checker, ("detection", str(name)), search, 0)
            if tree is not None:
                searches[str(name)] = tree
    if "timeframe" in detection:
        what = "belongs to the obsolete aggregation; write a correlation rule instead"
        checker.add(("detection", "timeframe"), what)
    if len(checker.problems) > before:
        return None
    return _conditions(checker, detection, searches)


def _conditions(
    checker: Checker, detection: dict[Any, Any], searches: dict[str, Condition]
) -> Condition | None:
    path: YamlPath = ("detection", "condition")
    written = detection.get("condition")
    lines = written if isinstance(written, list) else [written]
    trees = []
    for line in lines:
        if not isinstance(line, str) or not line.strip():
            checker.add(path, "must be text, or a list of texts")
            return None
        try:
            trees.append(condition.parse(line, searches))
        except condition.ConditionRefused as error:
            checker.add(path, str(error))
            return None
    if not trees:
        checker.add(path, "is an empty list")
        return None
    return disjunction(tuple(trees))


def _search(checker: Checker, path: YamlPath, search: Any, depth: int) -> Condition | None:
    if depth > _MAX_NESTING:
        checker.add(path, "nested too deep")
        return None
    if isinstance(search, dict):
        return _map(checker, path, search)
    if isinstance(search, list):
        return _list(checker, path, search, depth)
    return _field(checker, path, "", search)


def _map(checker: Checker, path: YamlPath, search: dict[Any, Any]) -> Condition | None:
    if not search:
        checker.add(path, "is empty")
        return None
    children = [_field(checker, (*path, str(key)), str(key), search[key]) for key in search]
    found = tuple(child for child in children if child is not None)
    return conjunction(found) if len(found) == len(children) else None


def _list(checker: Checker, path: YamlPath, search: list[Any], depth: int) -> Condition | None:
    if not search:
        checker.add(path, "is an empty list")
        return None
    children = [
        _search(checker, (*path, index), inner, depth + 1) for index, inner in enumerate(search)
    ]
    found = tuple(child for child in children if child is not None)
    return disjunction(found) if len(found) == len(children) else None


def _field(checker: Checker, path: YamlPath, key: str, written: Any) -> Condition | None:
    """One `field|modifiers: values` of a map, or a single keyword (key "")."""
    name, *modifiers = key.split("|")
    try:
        return _condition(name, modifiers, written)
    except ValueRefused as error:
        checker.add(path, str(error))
        return None


def _condition(name: str, modifiers: list[str], written: Any) -> Condition:
    values = _written_values(written)
    every, negated = "all" in modifiers, "neq" in modifiers
    if every and len(values) < 2:
        raise ValueRefused("'all' needs a list of at least two values")
    chain = tuple(modifier for modifier in modifiers if modifier not in ("all", "neq"))
    groups = tuple(_alternatives(name, chain, value) for value in values)
    tree = conjunction(groups) if every else disjunction(groups)
    return Not(tree) if negated else tree


def _written_values(written: Any) -> list[Any]:
    if not isinstance(written, list):
        values = [written]
    elif not written:
        raise ValueRefused("is an empty list")
    else:
        values = written
    if any(isinstance(value, dict | list) for value in values):
        raise ValueRefused("must be a value or a list of values")
    if len(values) > 1 and None in values:
        raise ValueRefused("null cannot stand in a list of values; give it its own search")
    return values


def _alternatives(name: str, chain: tuple[str, ...], written: Any) -> Condition:
    values = apply(chain, written)
    if name == KEYWORDS:
        values = [_keyword(chain, value) for value in values]
    return disjunction(tuple(Item(name, value) for value in values))


def _keyword(chain: tuple[str, ...], value: Value) -> Value:
    if isinstance(value, Regex | Network):
        return value
    if not isinstance(value, Text):
        raise ValueRefused("this cannot be searched in the whole event; name a field")
    if value.parts in ((), (Wildcard.ANY,)):
        raise ValueRefused("an empty keyword would match every event")
    if not _ANCHORS.isdisjoint(chain):
        return value
    return Text(join((Wildcard.ANY, *value.parts, Wildcard.ANY)), value.cased)
