"""Coverage: contiguous ranges, extended in place, and gaps that show."""

from correlator.coverage import Range, note, note_silence, ranges
from haidang.model.instant import SECOND
from tests.support.correlation import memory_database
from tests.support.feed import event


def covered(*steps):
    """The ranges after some steps, each a function of the connection."""
    opened = memory_database()
    for step in steps:
        with opened.transaction("test") as connection:
            step(connection)
    with opened.reading() as connection:
        return ranges(connection)


def tick(since, closing, *events, rules="v1", quiet=True):
    """What a tick notes: its events, and at its end the silence of all others."""

    def step(connection):
        note(connection, rules, events, since, closing)
        if quiet:
            note_silence(connection, rules, closing)

    return step


def seen(received, source="a", lag=0):
    """An event received then."""
    return event(0, at=received - lag, received=received, source=source)


def spans(found):
    """The ranges without their events."""
    return [(one.source, one.rule_set, one.start, one.end) for one in found]


def test_the_first_range_begins_with_the_first_event():
    """Nothing is claimed about the time before the source was known."""
    assert [Range("v1", "a", 40, 100, 2, 0)] == covered(tick(0, 100, seen(50), seen(40)))


def test_a_range_is_extended_in_place():
    """One row, however many ticks; events add up, the worst delay stays."""
    found = covered(
        tick(0, 100, seen(50, lag=30)), tick(100, 200, seen(150, lag=7)), tick(200, 300)
    )

    assert [Range("v1", "a", 50, 300, 2, 30)] == found


def test_events_of_one_tick_may_come_in_several_pages():
    """The pages of a tick are one range, also in the very first tick."""
    found = covered(
        tick(0, 100, seen(10), quiet=False),
        tick(0, 100, seen(20), quiet=False),
        tick(0, 100, seen(30)),
    )

    assert [Range("v1", "a", 10, 100, 3, 0)] == found


def test_an_unfinished_tick_claims_no_more_than_it_read():
    """The end is the newest event until the feed was read to its head."""
    assert [("a", "v1", 10, 20)] == spans(covered(tick(0, 100, seen(10), seen(20), quiet=False)))


def test_silence_extends_known_sources():
    """A source that sent nothing was still looked at."""
    found = covered(tick(0, 100, seen(50), seen(60, "b")), tick(100, 200, seen(150)))

    assert [("a", "v1", 50, 200), ("b", "v1", 60, 200)] == spans(found)
    assert [2, 1] == [one.events for one in found]


def test_a_source_met_later_is_covered_since_the_last_tick():
    """Before that tick's end the feed held nothing of it."""
    found = covered(tick(0, 100, seen(50)), tick(100, 200, seen(150, "b")))

    assert [("a", "v1", 50, 200), ("b", "v1", 100, 200)] == spans(found)


def test_new_rules_begin_a_range_where_the_old_one_ended():
    """No instant belongs to both sets, none to neither."""
    found = covered(
        tick(0, 100, seen(50)),
        tick(100, 200, seen(150), rules="v2"),
        tick(200, 300, rules="v3"),
    )

    assert [("a", "v1", 50, 100), ("a", "v2", 100, 200), ("a", "v3", 200, 300)] == spans(found)


def test_rules_that_come_back_begin_a_new_range():
    """An old row is never reopened."""
    found = covered(tick(0, 100, seen(50)), tick(100, 200, rules="v2"), tick(200, 300, seen(250)))

    assert [("a", "v1", 50, 100), ("a", "v2", 100, 200), ("a", "v1", 200, 300)] == spans(found)


def test_time_that_nobody_evaluated_is_a_gap():
    """Two ranges with nothing between them: what a person must explain."""
    found = covered(tick(0, 100, seen(50)), tick(160, 200, seen(170)))

    assert [("a", "v1", 50, 100), ("a", "v1", 160, 200)] == spans(found)


def test_a_range_never_shrinks():
    """A tick that closes at the same time, and one received earlier, change nothing but counts."""
    found = covered(tick(0, 100, seen(50)), tick(100, 100, seen(90)))

    assert [Range("v1", "a", 50, 100, 2, 0)] == found


def test_silence_before_any_source_is_nothing():
    """There is nobody to be silent."""
    assert [] == covered(tick(0, 100 * SECOND))
