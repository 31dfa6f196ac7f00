"""Excluded matches: counted once by exclusion and day, gone from all that follows, on any store."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from correlator import exclusions
from correlator.coverage import ranges
from correlator.exclusions import KEPT_DAYS, Excluded
from correlator.match import Engine
from correlator.tally import EXAMPLES, tallies
from correlator.tick import Correlator
from haidang import durable
from haidang.model.detection import Match
from haidang.model.instant import DAY, MINUTE, SECOND, to_iso
from haidang.model.packing import unpack_detection
from haidang.model.scope import Scope
from haidang.store.calendar import Calendar
from haidang.store.inventory import Inventory
from haidang.store.state import tables
from haidang.yamldoc import parse
from rules.fields import load_fields
from rules.load import load
from tests.support import state as stores
from tests.support.feed import NOON, MemoryStore, count, event, leaf

cluster, state, database = stores.cluster, stores.state, stores.database
NOW = NOON + 10 * MINUTE
SUPPORTED = leaf("supported", "probe").replace(
    "condition: s}", "w: {haidang.calendar.windows: planned_scan}, condition: s and not w}"
)


@pytest.fixture
def calendar(tmp_path):
    """Make a calendar with a scan and an exclusion of the rule `probe`, seconds 2 to 4."""

    def made(rule="probe", first=2, last=4):
        (document,) = parse(b"units: [{id: op, name: O}]\nzones: [{id: zone, name: Z}]", "i.yml")
        span = f"from: '{_utc(first)}', until: '{_utc(last)}', reason: r, by: b"
        file = tmp_path / "calendar.yml"
        file.write_text(
            f"windows:\n- {{id: QR, kind: planned_scan, addresses: [203.0.113.7], {span}}}\n"
            f"exclusions:\n- {{id: LT, rules: [{rule}], addresses: [203.0.113.7], {span}}}\n",
            encoding="utf-8",
        )
        return Calendar.load(file, Inventory.of(document))

    return made


def _utc(second):
    return to_iso(NOON + second * SECOND).replace(".000Z", "Z")


@pytest.fixture
def play(tmp_path, database):
    """Match and correlate six events, one a second, under a calendar; in any order."""

    def run(calendar, events=None, now=NOW):
        file = tmp_path / "rules.yml"
        file.write_text("---\n".join((leaf("probe"), SUPPORTED, count("many", "probe"))), "utf-8")
        engine = Engine.of(load([file]), load_fields(), calendar)
        store = MemoryStore(events or [event(number) for number in range(1, 7)])
        Correlator(database, store, engine, Scope.system(), 0).run(now)
        return engine

    return run


def detected(database):
    """Events of each detection's episode."""
    with database.reading() as connection:
        rows = connection.execute(select(tables.detection.c.payload)).scalars()
        found = [unpack_detection(row) for row in rows]
    return sorted((one.card.name, one.episode.events) for one in found)


def figures(database, now=NOW):
    """What was excluded, and what the rules' own figures are."""
    with database.reading() as connection:
        ours = tallies(connection, now)
        return exclusions.counted(connection, now), {k: one.week for k, one in ours.items()}


def test_an_excluded_match_is_counted_and_reaches_nobody(play, calendar, database):
    """Seconds 2 and 3 are excluded; the correlation counts the other four; other rules speak."""
    play(calendar())

    excluded, rules = figures(database)
    last = NOON + 3 * SECOND
    assert {"LT": Excluded(2, 2, last, ("e00002", "e00003"))} == excluded
    assert (4, 4) == (rules["probe"], rules["supported"])
    assert [("many", 4), *[("supported", 1)] * 4] == detected(database)


def test_the_order_of_events_makes_no_difference(play, calendar, database):
    """Latest first: the same matches are excluded, by their own times."""
    play(calendar(), [event(number) for number in range(6, 0, -1)])

    assert 2 == figures(database)[0]["LT"].matches
    assert [("many", 4), *[("supported", 1)] * 4] == detected(database)


def test_an_expired_exclusion_silences_nothing(play, calendar, database):
    """It ended before the first event."""
    play(calendar(first=-9, last=1))

    assert {} == figures(database)[0]
    assert ("many", 6) in detected(database)


def test_an_exclusion_leaves_other_rules_alone(play, calendar, database):
    """The rule beside it matches the same events and tells of them."""
    play(calendar(rule="supported", last=9))

    assert ("many", 6) in detected(database)
    assert 0 == figures(database)[0].get("LT", Excluded()).matches


def test_a_second_run_counts_nothing_again(play, calendar, database):
    """The position moved with the figures; a replayed correlation does not count either."""
    play(calendar())
    play(calendar(), now=NOW + MINUTE)

    assert 2 == figures(database)[0]["LT"].matches


@pytest.mark.parametrize("dies", ["match.before_commit", "match.after_commit"])
def test_a_crash_around_the_match_counts_each_match_once(play, calendar, database, dies):
    """The figures stand or fall with the position of the feed."""

    def hook(name):
        if name == dies:
            raise KeyboardInterrupt

    token = durable.HOOK.set(hook)
    with pytest.raises(KeyboardInterrupt):
        play(calendar())
    durable.HOOK.reset(token)
    play(calendar())

    assert 2 == figures(database)[0]["LT"].matches
    assert ("many", 4) in detected(database)


def test_an_edited_calendar_is_another_set_of_rules(play, calendar, database):
    """Coverage says which receive times were evaluated under which calendar."""
    first = play(calendar())
    second = play(calendar(last=5), now=NOW + MINUTE)

    assert first.version != second.version
    with database.reading() as connection:
        found = [one.rule_set for one in ranges(connection)]
    assert [first.version, second.version] == found


def test_figures_are_by_day_and_bounded(database):
    """Today's beside all; the last examples; days beyond the bound are forgotten."""
    one = Match("r", "h", "e", NOON, 0, "s", "o", (), "z", 2, {}, "LT")
    for day, times in ((0, 7), (1, 2), (KEPT_DAYS, 1)):
        with database.transaction("test") as connection:
            matches = [replace(one, event=f"e{number}") for number in range(times)]
            exclusions.count(connection, matches, NOON + day * DAY)

    found = figures(database, NOON + KEPT_DAYS * DAY)[0]["LT"]
    assert (3, 1) == (found.matches, found.today)
    assert len(found.examples) <= EXAMPLES
