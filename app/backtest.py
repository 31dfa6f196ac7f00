"""What rules would have raised on stored events: the proof that lets a rule of a set be on.

Only single-event rules are tried, each match counts as an alert. The result holds for exactly the
content that was tried, and is judged by its busiest day.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert

from app.wiring import Modes
from correlator.evaluate import Matcher, compile_rules
from correlator.tally import day_of
from haidang.model.event import Event
from haidang.model.instant import Instant
from haidang.store.audit import record
from haidang.store.events.protocol import Filter, Range
from haidang.store.state import tables
from rules.modes import is_candidate
from rules.rule import Rule

ACTOR = "person:command line"
HELD = 20_000  # events that are read at once


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often a rule matched: on all days that have events, and on its busiest one."""

    rule: Rule
    alerts: int
    busiest: int


@dataclass(frozen=True, slots=True)
class Backtest:
    """A run over stored events: how many there were, on how many days, and every outcome."""

    events: int
    days: int
    failed: int
    outcomes: tuple[Outcome, ...]


def candidates(modes: Modes) -> list[Rule]:
    """The rules whose mode a backtest decides."""
    facts = modes.modes.facts
    return [one for one in modes.site.rules.rules if is_candidate(facts[one.card.id])]


def run(modes: Modes, rules: Sequence[Rule], start: Instant, end: Instant) -> Backtest:
    """Match these rules on the events of start <= @timestamp < end. Raises Unavailable."""
    matcher = compile_rules(rules, modes.fields)
    found: Counter[tuple[str, int]] = Counter()
    events: Counter[int] = Counter()
    failed = 0
    for event in _events(modes, start, end):
        day = day_of(event.time)
        events[day] += 1
        try:
            found.update((id_, day) for id_ in _matched(matcher, event))
        except Exception:  # noqa: BLE001 - the correlator names what fails, here it only counts
            failed += 1
    by_rule: dict[str, list[int]] = {}
    for (rule, _day), count in found.items():
        by_rule.setdefault(rule, []).append(count)
    outcomes = tuple(
        Outcome(one, sum(counts), max(counts, default=0))
        for one in rules
        for counts in [by_rule.get(one.card.id, [])]
    )
    return Backtest(events.total(), len(events), failed, outcomes)


def _matched(matcher: Matcher, event: Event) -> list[str]:
    return [rule.card.id for rule in matcher.match(event.document())]


def _events(modes: Modes, start: Instant, end: Instant) -> Iterator[Event]:
    """Every event of the time, halved until what is read at once is bounded."""
    found = list(modes.store.search(modes.scope, Filter(), Range(start, end), limit=HELD))
    if len(found) == HELD and end - start > 1:
        found.clear()
        middle = (start + end) // 2
        yield from _events(modes, start, middle)
        yield from _events(modes, middle, end)
        return
    yield from found


def keep(modes: Modes, done: Backtest, at: Instant) -> None:
    """Replace the stored results of these rules; nothing without events, which prove nothing."""
    if not done.events:
        return
    table = tables.rule_backtest
    rows = [
        {
            "rule": one.rule.card.id,
            "rule_hash": one.rule.card.hash,
            "at": at,
            "days": done.days,
            "alerts": one.alerts,
            "busiest": one.busiest,
        }
        for one in done.outcomes
    ]
    with modes.database.transaction("rule_backtest") as connection:
        for row in rows:
            connection.execute(delete(table).where(table.c.rule == row["rule"]))
        if rows:
            connection.execute(insert(table), rows)
        detail = {"rules": len(rows), "events": done.events, "days": done.days}
        record(connection, at, ACTOR, "rules.backtest", "rules", detail)
