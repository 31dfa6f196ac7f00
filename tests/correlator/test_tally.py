"""How often each rule matched: by day in Vietnam, each match once, bounded for ever."""

import pytest
from sqlalchemy import insert, select

from correlator import tally
from correlator.tally import Tally, tallies
from haidang.model.detection import Match
from haidang.model.instant import DAY, HOUR, from_iso
from haidang.store.state import tables
from tests.support import state as stores

cluster, state, database = stores.cluster, stores.state, stores.database
NOON = from_iso("2026-11-18T12:00:00+07:00")


def match(rule, number, time=NOON):
    """One match."""
    return Match(rule, "h", f"e{number}", time, 0, "s", "o", (), "z", 2, {})


def count(database, matches, at):
    """Count in a transaction of its own."""
    with database.transaction("test") as connection:
        tally.count(connection, matches, at)


def read(database, now):
    """The figures as of now."""
    with database.reading() as connection:
        return tallies(connection, now)


def test_matches_count_today_and_in_seven_days(database):
    """The day begins at midnight in Vietnam, whatever the event's own time."""
    count(database, [match("a", 1), match("a", 2), match("b", 3)], NOON)
    count(database, [match("a", 4, NOON - 3 * DAY)], NOON + 11 * HOUR)
    midnight = NOON + 12 * HOUR

    assert Tally(3, 3, NOON, ("e1", "e2", "e4")) == read(database, midnight - 1)["a"]
    assert (0, 3) == (read(database, midnight)["a"].today, read(database, midnight)["a"].week)
    assert 1 == read(database, NOON + 6 * DAY)["b"].week
    assert 0 == read(database, NOON + 7 * DAY)["b"].week
    assert NOON == read(database, NOON + 7 * DAY)["b"].last


def test_examples_and_days_are_bounded(database):
    """The last five events of a day; days beyond a month are forgotten."""
    count(database, [match("a", n) for n in range(9)], NOON)
    count(database, [match("a", 9)], NOON + 1)
    assert ("e5", "e6", "e7", "e8", "e9") == read(database, NOON)["a"].examples

    count(database, [match("b", 1)], NOON + tally.KEPT_DAYS * DAY)
    assert {"b"} == read(database, NOON + tally.KEPT_DAYS * DAY).keys()
    with database.reading() as connection:
        assert 1 == len(connection.execute(select(tables.rule_tally)).all())


def test_tick_without_matches_writes_nothing(database):
    """Quiet nights cost no rows."""
    count(database, [], NOON)
    assert {} == read(database, NOON)


def test_correlation_counts_its_episodes_that_were_not_absorbed(database):
    """It has no matches of its own."""
    rows = [
        {
            "alert": f"a{n}",
            "rule": "c",
            "group_id": "g",
            "fired": end,
            "start": end,
            "end": end,
            "first_anchor": end,
            "last_anchor": end,
            "events": 1,
            "expired_events": 0,
            "raised": n,
            "superseded_by": by,
        }
        for n, (end, by) in enumerate(
            [(NOON, ""), (NOON - DAY, ""), (NOON - 9 * DAY, ""), (NOON, "a0")]
        )
    ]
    with database.transaction("test") as connection:
        connection.execute(insert(tables.episode), rows)

    assert Tally(1, 2, NOON) == read(database, NOON)["c"]


@pytest.mark.parametrize(("at", "day"), [(0, 0), (17 * HOUR - 1, 0), (17 * HOUR, 1)])
def test_day_is_vietnams(at, day):
    """Midnight in Hanoi is 17:00 UTC."""
    assert day == tally.day_of(at)
