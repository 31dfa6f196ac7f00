"""Matching a page: every match, and what is poisonous bisected out by name."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from correlator.evaluate import Matcher
from correlator.match import Poison, match_events, store_matches
from haidang.model.event import encode
from haidang.model.instant import from_iso
from haidang.model.packing import unpack_matches
from haidang.store.state import tables
from tests.support.correlation import memory_database
from tests.support.feed import count, engine_of, event, leaf


@pytest.fixture
def engine(tmp_path):
    """Give an engine of three rules over words in the path, and a correlation."""
    return engine_of(tmp_path, leaf("one"), leaf("two"), leaf("bad"), count("many", "one"))


@pytest.fixture
def poisonous(monkeypatch):
    """Make the rule `bad` fail on every event whose path says so."""
    whole = Matcher.match

    def match(self, document, compute):
        found = whole(self, document, compute)
        if any(rule.card.id == "bad" for rule in found):
            raise ZeroDivisionError
        return found

    monkeypatch.setattr(Matcher, "match", match)


def pairs(matches):
    """(event, rule) of each match."""
    return [(one.event, one.rule) for one in matches]


def test_each_rule_that_holds_is_a_match(engine):
    """In feed order; an event may match several rules or none."""
    events = [event(1, "one"), event(2, "quiet"), event(3, "one-two")]

    matches, poison = match_events(engine, events)

    assert [("e00001", "one"), ("e00003", "one"), ("e00003", "two")] == pairs(matches)
    assert [] == poison


def test_a_match_carries_the_envelope_and_what_correlations_need(engine):
    """So the second transaction never reads the event again."""
    (found,), _ = match_events(engine, [event(1, "one")])

    assert {"source.ip": "203.0.113.7"} == found.values
    assert ("op", ("unit",), "zone", 2, "source-1") == (
        found.operator,
        found.affected,
        found.zone,
        found.level,
        found.source,
    )
    assert engine.plan.cards["one"].hash == found.rule_hash


def test_a_poisonous_rule_is_named_and_all_other_matches_are_kept(engine, poisonous):
    """The rule's neighbours on the same event, and all other events, are as ever."""
    events = [event(1, "one"), event(2, "one-bad-two"), event(3, "two")]

    matches, poison = match_events(engine, events)

    assert [("e00001", "one"), ("e00002", "one"), ("e00002", "two"), ("e00003", "two")] == pairs(
        matches
    )
    assert [Poison("bad", "e00002", "ZeroDivisionError")] == poison


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b'{"url":', "JSONDecodeError", id="torn"),
        pytest.param(b"\xff\xfe", "JSONDecodeError", id="not-utf-8"),
    ],
)
def test_a_poisonous_event_is_set_aside_without_blaming_a_rule(content, reason, engine):
    """One row for the event, and its neighbours are matched."""
    events = [event(1, "one"), replace(event(2), ecs=content), event(3, "one")]

    matches, poison = match_events(engine, events)

    assert [("e00001", "one"), ("e00003", "one")] == pairs(matches)
    assert [Poison("", "e00002", reason)] == poison


def test_a_value_that_cannot_be_grouped_is_the_rules_fault(engine, monkeypatch):
    """The match is lost by name, not the page."""

    def broken(self, rule, document, field):
        raise KeyError(field)

    monkeypatch.setattr(Matcher, "group_value", broken)
    matches, poison = match_events(engine, [event(1, "one"), event(2, "quiet")])

    assert [] == matches
    assert [Poison("one", "e00001", "KeyError")] == poison


def test_names_that_only_a_correlation_reads_are_told_where_nothing_maps_them(tmp_path):
    """A group-by field that no source provides would group nothing, in silence."""
    day = "haidang.calendar.day"
    own = count("many", "one").replace("[source.ip]", f"[c-ip, Nowhere, user.name, {day}]")
    engine = engine_of(tmp_path, leaf("one"), own)

    assert ("Nowhere", day) == engine.unmapped(engine.rules.rules[0])


def test_a_rule_asks_the_calendar_and_not_the_event(tmp_path):
    """Whatever the event claims under the same name; a misspelt field of it is reported."""
    asks = leaf("one").replace("s: {", "s: {haidang.calendar.day: working, ")
    wrong = leaf("two").replace("s: {", "s: {haidang.calendar.days: working, ")
    engine = engine_of(tmp_path, asks, wrong)
    claim = {"calendar": {"day": "working"}, "logsource": [{"category": "webserver"}]}
    document = {"url": {"path": "/one"}, "haidang.calendar.day": "working", "haidang": claim}
    monday, sunday = from_iso("2026-11-16T02:00:00Z"), from_iso("2026-11-15T02:00:00Z")
    events = [event(n, at=at, ecs=encode(document)) for n, at in enumerate((monday, sunday))]

    assert [("e00000", "one")] == pairs(match_events(engine, events)[0])
    assert [(), ("haidang.calendar.days",)] == [engine.unmapped(one) for one in engine.rules.rules]


def test_no_events_are_no_matches(engine):
    """A page may be empty."""
    assert ([], []) == match_events(engine, [])


def test_a_batch_is_one_row_and_each_poison_one_audit_row(engine, poisonous):
    """Also when the same page is matched again after a crash."""
    opened = memory_database()
    matches, poison = match_events(engine, [event(1, "one"), event(2, "bad")])
    for at in (5, 6):
        with opened.transaction("test") as connection:
            store_matches(connection, engine.plan, matches if at == 5 else [], poison, at)

    with opened.reading() as connection:
        (batch,) = connection.execute(select(tables.match_batch)).all()
        aside = connection.execute(select(tables.poison)).all()
        audit = connection.execute(select(tables.audit.c.subject)).scalars().all()
    assert (1, matches) == (batch.matches, unpack_matches(batch.payload))
    assert [("bad", "e00002", 5, "ZeroDivisionError")] == [tuple(row) for row in aside]
    assert ["bad"] == audit


def test_matches_of_a_rule_in_trial_are_counted_and_go_no_further(engine):
    """Unless a correlation reads them: then the batch holds them."""
    opened = memory_database()
    matches, _poison = match_events(engine, [event(1, "one"), event(2, "one")])
    quiet = replace(engine.plan, silent=frozenset({"one"}), feeds={})
    read = replace(quiet, feeds={"one": ()})
    for plan in (quiet, read):
        with opened.transaction("test") as connection:
            store_matches(connection, plan, matches, [], 5)

    with opened.reading() as connection:
        (batch,) = connection.execute(select(tables.match_batch)).all()
        (tally,) = connection.execute(select(tables.rule_tally)).all()
    assert (2, 4) == (batch.matches, tally.matches)
