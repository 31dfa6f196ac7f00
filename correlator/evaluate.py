r"""The exact matcher: every rule of the event's log source, every condition in full, no index.

It is the judge that faster matchers are compared with. Sources: Sigma specification 2.1.0.

Rulings:
- Text is compared after `fold` of both sides; `cased` and `re` see NFC text as it is written.
- A field with several values satisfies an atom if one of them does; `not` means that none does.
- `null` matches a missing or a null field, the empty string only itself.
- Numbers compare as numbers; text that is no finite decimal number satisfies no comparison.
- Time parts are read from ISO 8601 text as written, without conversion between time zones.
- RE2 is the one judge of regexes: a search, `$` only at the very end, `\w \d \b` are ASCII.
- `*` crosses line ends; `?` is one code point of the folded text.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

import re2

from correlator.view import WHOLE_EVENT, Compute, Source, View, logsources, unknown
from haidang.model.event import Document
from haidang.model.fields import first_text
from haidang.model.fold import fold, nfc
from haidang.model.zone import parse_address
from rules.fields import FieldMap
from rules.regex import compile_regex
from rules.rule import KEYWORDS, And, Condition, Item, LogSource, Not, Or, Rule
from rules.values import (
    DASHES,
    Compare,
    Comparison,
    Exists,
    FieldReference,
    Network,
    Null,
    Regex,
    Text,
    TimePart,
    Value,
    Wildcard,
)

Test: TypeAlias = Callable[[View], bool]
Accepts: TypeAlias = Callable[[str], bool]

_ROUTES = 4096


class Matcher:
    """Rules compiled for one map of fields.

    `unmapped` holds, by rule id, the names that no section maps; they read as absent.
    """

    def __init__(self, rules: Iterable[Rule], fields: FieldMap) -> None:
        self._fields = fields
        self._sources: dict[tuple[tuple[str, ...], frozenset[str]], Source] = {}
        self._rules = tuple((rule, self._compile(rule.condition, rule.logsource)) for rule in rules)
        found = {rule.card.id: fields.unmapped(rule) for rule, _ in self._rules}
        self.unmapped: Mapping[str, tuple[str, ...]] = {k: v for k, v in found.items() if v}
        self._paths = lru_cache(_ROUTES)(fields.paths)
        self._absent = lru_cache(_ROUTES)(fields.absent)
        # Few combinations of log sources exist, but an event may claim any: bounded.
        self._routed = lru_cache(_ROUTES)(self._route)

    def match(self, document: Document, compute: Compute = unknown) -> list[Rule]:
        """The rules an event matches, in their order; log sources from `haidang.logsource`.

        `compute` gives the fields that no event holds.
        """
        return self.match_as(document, logsources(document), compute)

    def match_as(
        self, document: Document, sources: tuple[LogSource, ...], compute: Compute = unknown
    ) -> list[Rule]:
        """The rules an event of these log sources matches, in their order."""
        view = View(document, compute)
        return [rule for rule, test in self._routed(sources) if test(view)]

    def group_value(self, rule: Rule, document: Document, field: str) -> str:
        """The first non-empty value of a group-by field as the source wrote it, "" if absent.

        A Sigma name goes through the map of the rule's log source, any other name is an ECS path.
        """
        paths = self._paths(rule.logsource, field) or (field,)
        absent = self._absent(rule.logsource)
        texts = (first_text(document, path) for path in paths)
        return next((text for text in texts if text and text not in absent), "")

    def _route(self, sources: tuple[LogSource, ...]) -> tuple[tuple[Rule, Test], ...]:
        reaches = self._fields.reaches
        return tuple(
            (rule, test)
            for rule, test in self._rules
            if any(reaches(rule.logsource, source) for source in sources)
        )

    def _source(self, logsource: LogSource, name: str) -> Source:
        if name == KEYWORDS:
            return WHOLE_EVENT
        key = self._fields.paths(logsource, name), self._fields.absent(logsource)
        return self._sources.setdefault(key, Source(*key))

    def _compile(self, condition: Condition, logsource: LogSource) -> Test:
        if isinstance(condition, Item):
            return self._item(condition, logsource)
        if isinstance(condition, Not):
            inner = self._compile(condition.child, logsource)
            return lambda view: not inner(view)
        if isinstance(condition, And):
            return _every([self._compile(child, logsource) for child in condition.children])
        return self._either(condition, logsource)

    def _either(self, condition: Or, logsource: LogSource) -> Test:
        # Texts of one field are asked together: rules hold long lists of them.
        texts: dict[str, list[Text]] = {}
        tests: list[Test] = []
        for child in condition.children:
            if isinstance(child, Item) and isinstance(child.value, Text) and not child.value.cased:
                texts.setdefault(child.field, []).append(child.value)
            else:
                tests.append(self._compile(child, logsource))
        for name, values in texts.items():
            tests.append(_folded_test(self._source(logsource, name), accepts_any(values)))
        return _some(tests)

    def _item(self, item: Item, logsource: LogSource) -> Test:
        source = self._source(logsource, item.field)
        if isinstance(item.value, FieldReference):
            return _reference_test(source, self._source(logsource, item.value.field), item.value)
        return _value_test(source, item.value)


def compile_rules(rules: Iterable[Rule], fields: FieldMap) -> Matcher:
    """A matcher for these rules; `fields.as_written()` serves events with Sigma's own names."""
    return Matcher(rules, fields)


def _every(tests: list[Test]) -> Test:
    def test(view: View) -> bool:
        for one in tests:  # noqa: SIM110 - a generator costs more than the tests
            if not one(view):
                return False
        return True

    return test


def _some(tests: list[Test]) -> Test:
    def test(view: View) -> bool:
        for one in tests:  # noqa: SIM110 - a generator costs more than the tests
            if one(view):
                return True
        return False

    return tests[0] if len(tests) == 1 else test


def _value_test(source: Source, value: Value) -> Test:
    if isinstance(value, Text):
        accepts = accepts_any([value])
        return _exact_test(source, accepts) if value.cased else _folded_test(source, accepts)
    if isinstance(value, Regex):
        return _exact_test(source, _regex(value.source, anchored=False))
    if isinstance(value, Network):
        return _exact_test(source, _in_network(value))
    if isinstance(value, Null):
        return lambda view: not (found := view.values(source)) or None in found
    if isinstance(value, Exists):
        return lambda view: bool(view.values(source)) is value.wanted
    if isinstance(value, Compare):
        return _comparison_test(source, value)
    raise TypeError(value)


def _folded_test(source: Source, accepts: Accepts) -> Test:
    def test(view: View) -> bool:
        for text in view.folded(source):  # noqa: SIM110 - most fields hold one value
            if accepts(text):
                return True
        return False

    return test


def _exact_test(source: Source, accepts: Accepts) -> Test:
    return lambda view: any(map(accepts, view.exact(source)))


def accepts_any(values: Iterable[Text]) -> Accepts:
    """Whether a text is one of `values`: folded, or in NFC where they are `cased`."""
    equal, starts, ends, inner, others = set(), [], [], [], []
    for value in values:
        normal = nfc if value.cased else fold
        parts = tuple(normal(one) if isinstance(one, str) else one for one in value.parts)
        match parts:
            case () | (str(),):
                equal.add("".join(map(str, parts)))
            case (str(literal), Wildcard.ANY):
                starts.append(literal)
            case (Wildcard.ANY, str(literal)):
                ends.append(literal)
            case (Wildcard.ANY, str(literal), Wildcard.ANY):
                inner.append(literal)
            case _:
                others.append(_regex(_pattern(parts), anchored=True))
    return _combined(frozenset(equal), tuple(starts), tuple(ends), tuple(inner), others)


def _combined(
    equal: frozenset[str],
    starts: tuple[str, ...],
    ends: tuple[str, ...],
    inner: tuple[str, ...],
    others: list[Accepts],
) -> Accepts:
    def contains(text: str) -> bool:
        for literal in inner:  # noqa: SIM110 - a generator costs more than the search
            if literal in text:
                return True
        return False

    tests: list[Accepts] = list(others)
    if inner:
        tests.insert(0, contains)
    if ends:
        tests.insert(0, lambda text: text.endswith(ends))
    if starts:
        tests.insert(0, lambda text: text.startswith(starts))
    if equal:
        tests.insert(0, equal.__contains__)
    return tests[0] if len(tests) == 1 else _either_accepts(tests)


def _either_accepts(tests: list[Accepts]) -> Accepts:
    def accepts(text: str) -> bool:
        for one in tests:  # noqa: SIM110 - a generator costs more than the tests
            if one(text):
                return True
        return False

    return accepts


_PATTERNS = {Wildcard.ANY: ".*", Wildcard.ONE: ".", Wildcard.DASH: f"[{re2.escape(DASHES)}]"}


def _pattern(parts: Iterable[str | Wildcard]) -> str:
    inner = "".join(re2.escape(one) if isinstance(one, str) else _PATTERNS[one] for one in parts)
    return f"(?s){inner}"


def _regex(pattern: str, *, anchored: bool) -> Accepts:
    compiled = compile_regex(pattern)
    ask = compiled.fullmatch if anchored else compiled.search
    return lambda text: ask(text.encode("utf-8", "replace")) is not None


def _in_network(value: Network) -> Accepts:
    def accepts(text: str) -> bool:
        address = parse_address(text)
        return address is not None and address in value.network

    return accepts


def _reference_test(source: Source, other: Source, value: FieldReference) -> Test:
    read = View.exact if value.cased else View.folded
    holds: Mapping[str, Callable[[str, str], bool]] = {
        "equals": str.__eq__,
        "startswith": str.startswith,
        "endswith": str.endswith,
        "contains": str.__contains__,
    }
    compare = holds[value.anchor]
    return lambda view: any(
        compare(one, two) for one in read(view, source) for two in read(view, other)
    )


_COMPARISONS: Mapping[Comparison, Callable[[float, float], bool]] = {
    "eq": lambda found, wanted: found == wanted,
    "lt": lambda found, wanted: found < wanted,
    "lte": lambda found, wanted: found <= wanted,
    "gt": lambda found, wanted: found > wanted,
    "gte": lambda found, wanted: found >= wanted,
}


def _comparison_test(source: Source, value: Compare) -> Test:
    compare, wanted, part = _COMPARISONS[value.comparison], value.number, value.part

    def test(view: View) -> bool:
        for one in view.values(source):
            found = time_part(one, part) if part else number(one)
            if found is not None and compare(found, wanted):
                return True
        return False

    return test


_DECIMAL = frozenset("0123456789+-.eE")


def number(value: Any) -> float | None:
    """The finite number that a JSON value is or spells in decimal, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not _DECIMAL.issuperset(value):
        return None
    try:
        found = value if isinstance(value, int) else _parsed(value)
    except ValueError:
        return None
    return found if isinstance(found, int) or math.isfinite(found) else None


def _parsed(value: str | float) -> float:
    # Through int where it can, so that 64-bit numbers keep their last digits.
    text = str(value)
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def time_part(value: Any, part: TimePart) -> int | None:
    """A part of an ISO 8601 time as it is written there, or None; weeks are those of ISO."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.isocalendar().week if part == "week" else int(getattr(moment, part))
