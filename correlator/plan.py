"""What a set of rules means for correlation: who feeds whom, in which order, with which fields."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from correlator.groups import HOSTS
from haidang.model.detection import Card
from haidang.model.ids import make_id
from haidang.model.instant import Instant
from rules.rule import Correlation, RuleSet

# Shown with every single-event alert, where the event has them.
ENTITY_FIELDS = ("host.name", "user.name", "source.ip")


@dataclass(frozen=True, slots=True)
class Plan:
    """Correlations from inner to outer, and what each rule feeds.

    `feeds` maps a rule's id to (correlation, bit mask of its steps) pairs; `fields` to the fields
    that its matches must carry, for the groups and values of its correlations.
    """

    cards: Mapping[str, Card]
    correlations: tuple[Correlation, ...]
    feeds: Mapping[str, tuple[tuple[Correlation, int], ...]]
    fields: Mapping[str, tuple[str, ...]]
    silent: frozenset[str]
    version: str

    @classmethod
    def of(cls, rules: RuleSet) -> Self:
        """The plan of a loaded set of rules."""
        hashes = {rule.card.id: rule.card.hash for rule in rules.rules}
        ordered = _with_inputs(_with_hosts(_with_carried(_inner_first(rules.correlations))), hashes)
        feeds: dict[str, list[tuple[Correlation, int]]] = {}
        for correlation in ordered:
            for rule, mask in _masks(correlation).items():
                feeds.setdefault(rule, []).append((correlation, mask))
        cards = {rule.card.id: rule.card for rule in rules.rules}
        cards |= {one.card.id: one.card for one in ordered}
        return cls(
            cards=cards,
            correlations=ordered,
            feeds={rule: tuple(pairs) for rule, pairs in feeds.items()},
            fields={rule.card.id: _fields(rule.card.id, feeds) for rule in rules.rules},
            silent=rules.silent,
            version=rules.version,
        )

    def only(self, hashes: Collection[str]) -> Self:
        """The plan by which a replay feeds single events to these correlations alone.

        Those below them are fed too, since they hand on what they find; no rule speaks by itself.
        """
        wanted: set[str] = set()
        for one in reversed(self.correlations):
            if one.card.hash in hashes or one.card.id in wanted:
                wanted |= {one.card.id, *one.rules}
        inner = {one.card.id for one in self.correlations}
        feeds = {
            rule: tuple(pair for pair in pairs if rule in inner or pair[0].card.id in wanted)
            for rule, pairs in self.feeds.items()
        }
        return replace(self, feeds=feeds, silent=self.silent | set(self.cards) - inner)

    def wants(self, rule: str) -> bool:
        """Whether anybody waits for this rule's matches: a correlation, or people."""
        return rule in self.feeds or rule not in self.silent

    def reach(self, correlation: Correlation) -> Instant:
        """How far back events can lie that make this correlation fire now."""
        reaches: dict[str, Instant] = {}
        for one in self.correlations:
            below = max((reaches.get(rule, 0) for rule in one.rules), default=0)
            reaches[one.card.id] = one.timespan + below
        return reaches[correlation.card.id]

    def correlation(self, rule: str) -> Correlation:
        """The correlation with this id; KeyError if there is none."""
        for one in self.correlations:
            if one.card.id == rule:
                return one
        raise KeyError(rule)


def _masks(correlation: Correlation) -> dict[str, int]:
    masks: dict[str, int] = {}
    for step, rule in enumerate(correlation.rules):
        masks[rule] = masks.get(rule, 0) | 1 << step
    return masks


def _inner_first(correlations: tuple[Correlation, ...]) -> tuple[Correlation, ...]:
    by_id = {one.card.id: one for one in correlations}
    ordered: dict[str, Correlation] = {}

    def add(correlation: Correlation) -> None:
        for rule in correlation.rules:
            if rule in by_id and rule not in ordered:
                add(by_id[rule])
        ordered[correlation.card.id] = correlation

    for correlation in sorted(correlations, key=lambda one: one.card.id):
        if correlation.card.id not in ordered:
            add(correlation)
    return tuple(ordered.values())


def _read(correlation: Correlation, rule: str) -> set[str]:
    """The fields that a correlation reads of one of its rules."""
    names = (*correlation.group_by, *correlation.value_fields, *correlation.carried)
    return {correlation.field_of(rule, name) for name in names}


def _with_carried(ordered: Sequence[Correlation]) -> list[Correlation]:
    """Each correlation with the fields that those above it read and that it is not grouped by."""
    wanted: dict[str, set[str]] = {one.card.id: set() for one in ordered}
    found = []
    for correlation in reversed(ordered):
        carried = tuple(sorted(wanted[correlation.card.id]))
        outer = replace(correlation, carried=carried)
        for inner in ordered:
            if inner.card.id in outer.rules:
                wanted[inner.card.id] |= _read(outer, inner.card.id) - set(inner.group_by)
        found.append(outer)
    return found[::-1]


def _with_hosts(ordered: Iterable[Correlation]) -> Iterator[Correlation]:
    """Each correlation with its names that mean a machine by an alias, here or below."""
    known: dict[str, frozenset[str]] = {}
    for correlation in ordered:
        names = (*correlation.group_by, *correlation.value_fields, *correlation.carried)
        meant = (
            (name, rule, correlation.field_of(rule, name))
            for name in names
            for rule in correlation.rules
        )
        hosts = frozenset(
            name
            for name, rule, field in meant
            if field.startswith(HOSTS) or field in known.get(rule, ())
        )
        known[correlation.card.id] = hosts
        yield replace(correlation, hosts=hosts)


def _with_inputs(ordered: Iterable[Correlation], hashes: dict[str, str]) -> tuple[Correlation, ...]:
    """The hash of a correlation covers its inputs: what an edited rule found before is no input.

    It covers what it carries, too: points that were stored without that are of no use above.
    """
    renewed = []
    for correlation in ordered:
        parts = [correlation.card.hash, *(hashes.get(rule, "") for rule in correlation.rules)]
        parts += correlation.carried
        card = replace(correlation.card, hash=make_id(*parts))
        hashes[card.id] = card.hash
        renewed.append(replace(correlation, card=card))
    return tuple(renewed)


def _fields(rule: str, feeds: Mapping[str, list[tuple[Correlation, int]]]) -> tuple[str, ...]:
    fields = dict.fromkeys(ENTITY_FIELDS)
    for correlation, _mask in feeds.get(rule, ()):
        fields.update(dict.fromkeys(sorted(_read(correlation, rule))))
    return tuple(fields)
