"""The first transaction: a page of the feed becomes one row of matches, and the position moves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, insert

from correlator import exclusions, tally
from correlator.evaluate import Matcher, compile_rules
from correlator.plan import Plan
from correlator.poison import set_aside
from haidang.model.detection import Match
from haidang.model.event import Document, Event
from haidang.model.fields import COMPUTED
from haidang.model.ids import make_id
from haidang.model.instant import Instant
from haidang.model.packing import pack_matches
from haidang.store.calendar import Calendar
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
    calendar: Calendar

    @classmethod
    def of(cls, rules: RuleSet, fields: FieldMap, calendar: Calendar | None = None) -> "Engine":
        """Compile a set of rules; without a calendar, only the national days are known."""
        matcher = compile_rules(rules.rules, fields)
        return cls(rules, fields, matcher, Plan.of(rules), calendar or Calendar.empty())

    @property
    def version(self) -> str:
        """A name for all that decides what matches: the rules and the calendar."""
        return make_id(self.plan.version, self.calendar.digest)

    def match(self, event: Event, document: Document) -> list[Rule]:
        """The rules that an event matches, with what the calendar says of it."""
        return self.matcher.match(document, partial(self.calendar.computed, event, document))

    def unmapped(self, rule: Rule) -> tuple[str, ...]:
        """The names that no section maps, of those that a rule or a correlation of it reads.

        Correlations read the event alone, so what is computed counts as absent there.
        """
        grouped = self.plan.fields.get(rule.card.id, ())
        return tuple(
            name
            for name in dict.fromkeys((*rule.fields, *grouped))
            if not self.fields.paths(rule.logsource, name) or name in COMPUTED.intersection(grouped)
        )


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
            found = engine.match(event, document)
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
            compute = partial(engine.calendar.computed, event, document)
            for found in matcher.match(document, compute):
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
        excluded=engine.calendar.exclusion(rule.card, rule.logsource.category, event, document),
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

    All matches are counted; those of rules in trial that no correlation reads go no further, nor do
    those that an exclusion covers, which are counted by exclusion.
    """
    free = [match for match in matches if not match.excluded]
    tally.count(connection, free, at)
    exclusions.count(connection, [match for match in matches if match.excluded], at)
    wanted = [match for match in free if plan.wants(match.rule)]
    if wanted:
        row = {"matches": len(wanted), "payload": pack_matches(wanted)}
        connection.execute(insert(tables.match_batch).values(row))
    for one in poison:
        set_aside(connection, one.rule, one.event, at, one.reason)
