"""Whether a rule can ever fire on what the data sets provide, and why not.

A rule can fire on a provider whose log source it takes in, and whose fields can make its condition
true. A field that the provider never fills satisfies nothing but `null`, `exists: false` and what
stands under `not`. Values are not weighed: a rule for an event id that no source sends counts as
able to fire.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from haidang.model.fields import COMPUTED
from rules.fields import FieldMap
from rules.rule import KEYWORDS, And, Condition, Correlation, Item, LogSource, Not, Rule
from rules.values import Exists, FieldReference, Null


@dataclass(frozen=True, slots=True)
class Provider:
    """What a data set gives: log sources, and ECS paths; `path.*` stands for all below a path."""

    name: str
    logsources: tuple[LogSource, ...]
    fields: frozenset[str]

    def fills(self, path: str) -> bool:
        """Whether an event of it can have a value at `path`."""
        if path in COMPUTED or path in self.fields or "*" in self.fields:
            return True
        parts = path.split(".")
        return any(".".join((*parts[:end], "*")) in self.fields for end in range(1, len(parts) + 1))


@dataclass(frozen=True, slots=True)
class Reach:
    """The providers on which a rule can fire; if there are none, the reason and its details."""

    providers: tuple[str, ...]
    reason: str = ""
    detail: str = ""

    def __str__(self) -> str:
        """For people."""
        if self.providers:
            return f"can fire on {', '.join(self.providers)}"
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


NO_SOURCE = "no source has its log source"
NO_FIELD = "no source fills a field it needs"
NO_INPUT = "a rule it stands on can never fire"


def reach(rule: Rule, providers: Iterable[Provider], fields: FieldMap) -> Reach:
    """On which providers a rule over single events can fire."""
    logs = [one for one in providers if _reached(rule, one, fields)]
    if not logs:
        return Reach((), NO_SOURCE, describe(rule.logsource))
    able = tuple(one.name for one in logs if _Eye(rule, one, fields).can_be(rule.condition)[0])
    if able:
        return Reach(able)
    gaps = {name for one in logs for name in _Eye(rule, one, fields).gaps()}
    names = ", ".join(one.name for one in logs)
    return Reach((), NO_FIELD, f"{', '.join(sorted(gaps))} by {names}")


def reach_of_correlation(correlation: Correlation, found: Mapping[str, Reach]) -> Reach:
    """From the reach of its inputs by id."""
    able = {rule: found[rule].providers for rule in correlation.rules if found[rule].providers}
    if correlation.possible(able):
        return Reach(tuple(sorted({name for names in able.values() for name in names})))
    blind = [str(found[rule]) for rule in correlation.rules if rule not in able]
    return Reach((), NO_INPUT, blind[0] if blind else "")


def describe(logsource: LogSource) -> str:
    """`product: windows, service: security`."""
    parts = ("category", "product", "service")
    named = [f"{part}: {value}" for part in parts if (value := getattr(logsource, part))]
    return ", ".join(named)


def _reached(rule: Rule, provider: Provider, fields: FieldMap) -> bool:
    return any(fields.reaches(rule.logsource, source) for source in provider.logsources)


@dataclass(frozen=True, slots=True)
class _Eye:
    """A rule as events of one provider can meet it."""

    rule: Rule
    provider: Provider
    fields: FieldMap

    def can_be(self, condition: Condition) -> tuple[bool, bool]:
        """Whether the condition can be true, and whether it can be false."""
        if isinstance(condition, Item):
            return self._item(condition)
        if isinstance(condition, Not):
            true, false = self.can_be(condition.child)
            return false, true
        children = [self.can_be(child) for child in condition.children]
        every = all if isinstance(condition, And) else any
        some = any if isinstance(condition, And) else all
        return every(true for true, _ in children), some(false for _, false in children)

    def gaps(self) -> list[str]:
        """The rule's fields that the provider never fills."""
        return [name for name in self.rule.fields if not self._filled(name)]

    def _item(self, item: Item) -> tuple[bool, bool]:
        named = [item.field]
        if isinstance(item.value, FieldReference):
            named.append(item.value.field)
        if all(map(self._filled, named)):
            return True, True
        absent = isinstance(item.value, Null) or item.value == Exists(wanted=False)
        return absent, not absent

    def _filled(self, name: str) -> bool:
        paths = self.fields.paths(self.rule.logsource, name)
        return name == KEYWORDS or any(map(self.provider.fills, paths))
