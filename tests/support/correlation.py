"""What tests of correlation share: a state store in memory, small plans, matches, and their run."""

from functools import cache

from sqlalchemy import create_engine, delete, select
from sqlalchemy.pool import StaticPool

from correlator.correlate import Clock, correlate
from correlator.plan import ENTITY_FIELDS, Plan
from haidang.model.detection import Card, Match
from haidang.store.state import tables
from haidang.store.state.sqlite import sqlite_database
from rules.rule import Correlation, RuleSet

EVERYTHING = 10**15


def memory_database():
    """A state store in memory: the same statements, without a disk."""
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    opened = sqlite_database(engine)
    with opened.transaction("schema") as connection:
        tables.metadata.create_all(connection)
    return opened


@cache
def _reused():
    return memory_database()


def empty_database():
    """An empty state store in memory, the same one each time: quicker than a new one."""
    opened = _reused()
    with opened.transaction("empty") as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(delete(table))
    return opened


def rule(
    name,
    kind="event_count",
    of=("f",),
    by=("host.name",),
    span=10,
    condition=(("gte", 3),),
    masks=None,
    **more,
):
    """A correlation for tests; the temporal kinds need all their rules, unless `masks` differ."""
    temporal = kind in ("temporal", "temporal_ordered")
    every = frozenset({(1 << len(of)) - 1} if temporal else ())
    return Correlation(
        card=Card(name, name, f"hash-{name}", name, "high"),
        kind=kind,
        rules=tuple(of),
        group_by=tuple(by),
        timespan=span,
        condition=() if temporal else condition,
        generate=False,
        file="test.yml",
        masks=every if masks is None else frozenset(masks),
        **more,
    )


def plan_of(*correlations, silent=None):
    """A plan whose single-event rules are the one-letter names in `of`."""
    ids = {one.card.id for one in correlations}
    leaves = {name for one in correlations for name in one.rules} - ids
    named = {name for one in correlations for name in one.rules}
    rules = RuleSet((), tuple(correlations), (), silent=frozenset(named), version="v1")
    plan = Plan.of(rules)
    cards = {**plan.cards, **{name: Card(name, name, name, name, "low") for name in leaves}}
    fields = dict.fromkeys(leaves, ENTITY_FIELDS)
    hidden = frozenset(named) if silent is None else silent
    return Plan(cards, plan.correlations, plan.feeds, fields, hidden, "v1")


def match(rule_name, time, number, host="web", address="203.0.113.7", zone="z", **more):
    """One match of a single-event rule; `more` are other fields it carries."""
    values = {"host.name": host, "source.ip": address, **more}
    return Match(rule_name, rule_name, f"e{number:04}", time, 0, "s", "op", ("u",), zone, 2, values)


def run(plan, batches, *, closing=EVERYTHING, allowance=0, opened=None):
    """Correlate batch after batch; the state store at the end and all detections."""
    opened = opened or memory_database()
    found = []
    for batch in batches:
        with opened.transaction("test") as connection:
            found += correlate(connection, plan, batch, Clock(closing, closing - allowance))
    return opened, found


def final_episodes(opened):
    """Every episode that is not superseded, as values that do not depend on the feed's order."""
    table = tables.episode
    with opened.reading() as connection:
        rows = connection.execute(select(table).where(table.c.superseded_by == "")).all()
    return sorted((row.rule, row.group_id, row.start, row.end, row.events) for row in rows)
