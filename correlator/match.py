"""The first transaction: a page of the feed becomes one row of matches, and the position moves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert

from correlator import tally
from correlator.evaluate import Matcher, compile_rules
from correlator.plan import Plan
from correlator.poison import set_aside
from haidang.model.detection import Match
from haidang.model.event import Document, Event
from haidang.model.instant import Instant
from haidang.model.packing import pack_matches
from haidang.store.state import tables
from rules.fields import FieldMap
from rules.rule import Rule, RuleSet


@dataclass(frozen=True, slots=True)
class Engine:
    """A loaded set of rules, compiled, with its plan of correlations."""

    rules: RuleSet
    fields: FieldMap
    matcher: Matcher
    plan: Plan

    @classmethod
    def of(cls, rules: RuleSet, fields: FieldMap) -> "Engine":
        """Compile a set of rules."""
        return cls(rules, fields, compile_rules(rules.rules, fields), Plan.of(rules))

    def unmapped(self, rule: Rule) -> tuple[str, ...]:
        """The names that no section maps, of those that a rule or a correlation of it reads."""
        read = dict.fromkeys((*rule.fields, *self.plan.fields.get(rule.card.id, ())))
        return tuple(name for name in read if not self.fields.paths(rule.logsource, name))


@dataclass(frozen=True, slots=True)
class Poison:
    """A rule that failed on an event (rule "" means that the event itself cannot be read)."""

    rule: str
    event: str
    reason: str


def match_events(engine: Engine, events: Sequence[Event]) -> tuple[list[Match], list[Poison]]:
    """Every match of every event, in feed order, and what had to be set aside."""
    matches: list[Match] = []
    poison: list[Poison] = []
    alone: list[tuple[Rule, Matcher]] = []
    for event in events:
        try:
            document = event.document()
            found = engine.matcher.match(document)
            matches += [_match(engine, rule, event, document) for rule in found]
        except Exception:  # noqa: BLE001 - whatever it is, the rule that failed is found below
            alone = alone or [(one, _compiled(engine, one)) for one in engine.rules.rules]
            for outcome in _bisect(engine, event, alone):
                (matches if isinstance(outcome, Match) else poison).append(outcome)  # type: ignore[arg-type]
    return matches, poison


def _compiled(engine: Engine, rule: Rule) -> Matcher:
    return compile_rules((rule,), engine.fields)


def _bisect(
    engine: Engine, event: Event, alone: Sequence[tuple[Rule, Matcher]]
) -> Iterator[Match | Poison]:
    """Rule by rule: the poisonous ones by name, the matches of all others."""
    try:
        document = event.document()
    except ValueError as error:
        yield Poison("", event.id, type(error).__name__)
        return
    for rule, matcher in alone:
        try:
            for found in matcher.match(document):
                yield _match(engine, found, event, document)
        except Exception as error:  # noqa: BLE001 - this is what a poisonous rule looks like
            yield Poison(rule.card.id, event.id, type(error).__name__)


def _match(engine: Engine, rule: Rule, event: Event, document: Document) -> Match:
    return Match(
        rule=rule.card.id,
        rule_hash=rule.card.hash,
        event=event.id,
        time=event.time,
        received=event.received,
        source=event.source,
        operator=event.operator,
        affected=event.affected,
        zone=event.zone,
        level=event.level,
        values=_values(engine, rule, document),
    )


def _values(engine: Engine, rule: Rule, document: Document) -> Mapping[str, str]:
    fields = engine.plan.fields.get(rule.card.id, ())
    found = {name: engine.matcher.group_value(rule, document, name) for name in fields}
    return {name: value for name, value in found.items() if value}


def store_matches(
    connection: Connection,
    plan: Plan,
    matches: Sequence[Match],
    poison: Sequence[Poison],
    at: Instant,
) -> None:
    """Write one batch; part of the transaction that moves the feed's position.

    All matches are counted; those of rules in trial that no correlation reads go no further.
    """
    tally.count(connection, matches, at)
    wanted = [match for match in matches if plan.wants(match.rule)]
    if wanted:
        row = {"matches": len(wanted), "payload": pack_matches(wanted)}
        connection.execute(insert(tables.match_batch).values(row))
    for one in poison:
        set_aside(connection, one.rule, one.event, at, one.reason)
