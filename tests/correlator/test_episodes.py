"""Episodes: what a run of windows means given those that are known already."""

from dataclasses import replace

import pytest

from correlator.episodes import (
    Change,
    Stored,
    alert_id,
    count_expired,
    overlapping,
    reconcile,
    save,
    stored_episodes,
)
from correlator.members import inner_id
from correlator.points import Owner, Point
from correlator.windows import Run
from tests.support.correlation import memory_database, rule

RULE = rule("burst", span=10)
NOBODY = Owner("", (), "", 0)


def run(*anchors):
    """A run of windows with these ends."""
    return Run(anchors, RULE.timespan)


def stored(alert, first, last, raised=1, **more):
    """An episode as the table holds it."""
    fields = {"fired": first, "start": first, "end": last, "events": 3, "expired_events": 0}
    named = {"alert": alert, "rule": "burst", "group_id": "g", "raised": raised}
    return Stored(**{**fields, **named, "first_anchor": first, "last_anchor": last, **more})


def test_an_alert_is_named_by_rule_group_and_first_window():
    """Each of the three makes another alert; the same three the same."""
    ids = {alert_id("r", "g", 1), alert_id("s", "g", 1), alert_id("r", "h", 1)}

    assert 4 == len({*ids, alert_id("r", "g", 2)})
    assert alert_id("r", "g", 1) in ids


def test_a_run_that_touches_nothing_is_a_new_episode():
    """Its id is made of the window that fired, and it is younger than all others."""
    change = reconcile([stored("old", 5, 5, raised=4)], run(50, 52), RULE, "g", 52)

    assert (alert_id("burst", "g", 52), 5) == (change.episode.alert, change.episode.raised)
    assert (50, 52) == (change.episode.first_anchor, change.episode.last_anchor)
    assert (None, ()) == (change.before, change.absorbed)


@pytest.mark.parametrize(
    ("anchors", "expected"),
    [
        pytest.param((29,), True, id="last-instant-after"),
        pytest.param((30,), False, id="window-begins-where-the-other-ends"),
        pytest.param((11,), True, id="last-instant-before"),
        pytest.param((10,), False, id="window-ends-where-the-other-begins"),
        pytest.param((5, 40), True, id="around"),
    ],
)
def test_windows_that_only_touch_do_not_overlap(anchors, expected):
    """Windows are (t - 10, t]; the known episode has one, ending at 20."""
    assert expected == bool(overlapping([stored("a", 20, 20)], run(*anchors)))


def test_a_run_that_overlaps_grows_the_episode():
    """The alert stays, its windows are the union."""
    change = reconcile([stored("a", 20, 25)], run(15, 22), RULE, "g", 15)

    assert ("a", 15, 25) == (
        change.episode.alert,
        change.episode.first_anchor,
        change.episode.last_anchor,
    )
    assert ((), 20) == (change.absorbed, change.episode.fired)


def test_a_run_that_joins_episodes_absorbs_the_younger_ones():
    """The oldest alert stands, whichever comes first in time; forgotten events add up."""
    known = [
        stored("first", 60, 60, raised=1, expired_events=2),
        stored("second", 20, 20, raised=2, expired_events=5),
        stored("third", 40, 40, raised=3),
    ]

    change = reconcile(known, run(20, 28, 36, 44, 52, 60), RULE, "g", 20)

    assert ("first", ("second", "third")) == (change.episode.alert, change.absorbed)
    assert (20, 60, 7) == (
        change.episode.first_anchor,
        change.episode.last_anchor,
        change.episode.expired_events,
    )


def test_saving_inserts_updates_and_supersedes():
    """What was absorbed points at its elder and is no longer among the group's episodes."""
    opened = memory_database()
    old, young = stored("old", 20, 20), stored("young", 40, 40, raised=2)
    with opened.transaction("test") as connection:
        for one in (young, old):
            save(connection, Change(one, (), None))
        assert [old, young] == stored_episodes(connection, "burst", "g")
        grown = replace(old, last_anchor=40, events=9)
        save(connection, Change(grown, ("young",), old))

        assert [grown] == stored_episodes(connection, "burst", "g")
        assert [] == stored_episodes(connection, "burst", "another")


def test_forgotten_events_are_counted_where_they_were():
    """By the windows of each episode; windows of inner correlations are no events."""
    opened = memory_database()
    times = (5, 10, 11, 20, 21)
    gone = [Point(time, f"e{time}", 1, NOBODY) for time in times]
    gone.append(Point(15, inner_id("inner", "g", 15), 1, NOBODY))
    with opened.transaction("test") as connection:
        save(connection, Change(stored("a", 20, 20), (), None))
        count_expired(connection, RULE, "g", gone)
        count_expired(connection, RULE, "g", [])
        (found,) = stored_episodes(connection, "burst", "g")

    assert 2 == found.expired_events
