"""Rules as frozen values: log source, condition tree, correlation, and the set of all of them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from haidang.errors import Problem
from haidang.model.detection import Card
from haidang.model.ids import make_id
from haidang.model.instant import Instant
from rules.values import FieldReference, Value

CorrelationKind: TypeAlias = Literal[
    "event_count",
    "value_count",
    "value_sum",
    "value_avg",
    "value_percentile",
    "temporal",
    "temporal_ordered",
]
CountOperator: TypeAlias = Literal["gt", "gte", "lt", "lte", "eq", "neq"]

# The field of an item that searches the whole event.
KEYWORDS = ""


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where events come from; each part is folded, "" means any."""

    category: str = ""
    product: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One atom: some value of `field` (KEYWORDS: of the whole event) satisfies `value`."""

    field: str
    value: Value


@dataclass(frozen=True, slots=True)
class And:
    """Every child holds."""

    children: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one child holds."""

    children: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The child does not hold (so an absent field satisfies `not field: value`)."""

    child: "Condition"


Condition: TypeAlias = And | Or | Not | Item


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule over single events; `fields` are the Sigma names it reads, without keywords."""

    card: Card
    logsource: LogSource
    condition: Condition
    fields: tuple[str, ...]
    file: str


@dataclass(frozen=True, slots=True)
class Correlation:
    """A rule over several events; `rules` are ids of rules or correlations, in written order.

    `condition` is a conjunction on the aggregate of a window; the temporal kinds have `masks`
    instead: each is a set of `rules` (bit n for the n-th) that may be all that a window holds.
    `value_fields` are what a value_* kind reads, `aliases` maps alias → rule id → field.
    `timespan` is in microseconds.

    The plan adds what only the whole set of rules tells: `carried` are fields that correlations
    above read and that this one is not grouped by, `hosts` are names that mean a machine.
    """

    card: Card
    kind: CorrelationKind
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan: Instant
    condition: tuple[tuple[CountOperator, int | float], ...]
    generate: bool
    file: str
    masks: frozenset[int] = frozenset()
    value_fields: tuple[str, ...] = ()
    percentile: int | float = 50
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    carried: tuple[str, ...] = ()
    hosts: frozenset[str] = frozenset()

    @property
    def temporal(self) -> bool:
        """Whether it asks which rules matched; all other kinds aggregate."""
        return self.kind in ("temporal", "temporal_ordered")

    def possible(self, able: Collection[str]) -> bool:
        """Whether it can fire where only these of its rules can ever match."""
        if not self.temporal:
            return any(rule in able for rule in self.rules)
        have = sum(1 << n for n, rule in enumerate(self.rules) if rule in able)
        return any(not mask & ~have for mask in self.masks)

    def field_of(self, rule: str, name: str) -> str:
        """The field of `rule` (an id) that stands behind a name of this correlation."""
        return self.aliases.get(name, {}).get(rule, name)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything that loaded and every reason why something did not.

    `silent` are ids that raise no alert of their own, because a correlation with `generate: false`
    names them. `version` changes with any edit of any loaded rule.
    """

    rules: tuple[Rule, ...]
    correlations: tuple[Correlation, ...]
    problems: tuple[Problem, ...]
    silent: frozenset[str]
    version: str

    def running(self, off: Collection[str], quiet: Collection[str]) -> "RuleSet":
        """The set without the rules that are `off`; the `quiet` ones raise no alert of their own.

        Who was silent stays so: see the rulings of `rules.modes`.
        """
        rules = tuple(one for one in self.rules if one.card.id not in off)
        correlations = tuple(one for one in self.correlations if one.card.id not in off)
        silent = self.silent.union(quiet)
        return RuleSet(rules, correlations, self.problems, silent, version_of(rules, correlations))


def version_of(rules: Iterable[Rule], correlations: Iterable[Correlation]) -> str:
    """A name for these rules that changes with any edit of any of them."""
    cards = [*(one.card for one in rules), *(one.card for one in correlations)]
    return make_id(*sorted(card.hash for card in cards))


def conjunction(children: tuple[Condition, ...]) -> Condition:
    """All of `children`; the child itself where there is only one."""
    return children[0] if len(children) == 1 else And(children)


def disjunction(children: tuple[Condition, ...]) -> Condition:
    """Any of `children`; the child itself where there is only one."""
    return children[0] if len(children) == 1 else Or(children)


def items(condition: Condition) -> Iterator[Item]:
    """Every atom of a condition, from left to right."""
    if isinstance(condition, Item):
        yield condition
    elif isinstance(condition, Not):
        yield from items(condition.child)
    else:
        for child in condition.children:
            yield from items(child)


def fields_of(condition: Condition) -> tuple[str, ...]:
    """The field names a condition reads, each once, without the whole event."""
    names: dict[str, None] = {}
    for item in items(condition):
        names[item.field] = None
        if isinstance(item.value, FieldReference):
            names[item.value.field] = None
    names.pop(KEYWORDS, None)
    return tuple(names)
