"""A day of a source in minutes: every minute is counted once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.activity import DAY_MINUTES
from correlator.coverage import Range
from correlator.health import Finding
from dashboards.strip import Minutes, bars, beginning, strip
from haidang.model.instant import MINUTE
from tests.support.heard import clock, every, heard

END = clock(0, day=19)


def evaluated(*spans):
    """Ranges that were evaluated."""
    return [Range("v", "a", start, end, 1, 0) for start, end in spans]


def found(kind, start, end, **more):
    """A finding on the source."""
    return Finding(kind, "xa-a", None, start, end, ("a",), **{"recovered": False, **more})


def day(ranges, *findings, first=0):
    """The strip of 18/11 of a source that was heard each ten minutes from an hour on."""
    return strip(heard("a", every(10, clock(first), END)), ranges, findings, END)


def test_whole_day_evaluated():
    """1,440 minutes, and where lines are."""
    made = day(evaluated((clock(0), END)))

    assert clock(0) == beginning(END)
    assert Minutes(evaluated=DAY_MINUTES) == made.minutes
    assert (((0, DAY_MINUTES),), (), ()) == (made.evaluated, made.explained, made.open)
    assert 144 == len(made.heard)
    assert (0, 5) == made.heard[0]


def test_time_that_nobody_evaluated_is_open():
    """Between two ranges; what lies before the source was known is neither."""
    made = day(evaluated((clock(6), clock(8)), (clock(9), END)), first=6)

    assert Minutes(evaluated=17 * 60, open=60, unknown=6 * 60) == made.minutes
    assert ((8 * 60, 60),) == made.open


def test_line_that_is_down_and_the_calendar_explain_silence():
    """A single silence does not, unless its lines came later."""
    whole = evaluated((clock(0), END))
    cut = clock(10, 5), clock(10, 47)

    assert ((605, 42),) == day(whole, found("line_down", *cut)).explained
    assert ((605, 42),) == day(whole, found("silent", *cut, explained="BT-1")).explained
    assert Minutes(evaluated=1398, open=42) == day(whole, found("silent", *cut)).minutes
    assert Minutes(evaluated=1440) == day(whole, found("silent", *cut, recovered=True)).minutes
    assert Minutes(evaluated=605, open=835) == day(whole, found("silent", cut[0], 0)).minutes


def test_minutes_add_up():
    """Of several sources."""
    assert Minutes(2, 4, 6, 8) == Minutes(1, 2, 3, 4) + Minutes(1, 2, 3, 4)
    assert 10 == Minutes(1, 2, 3, 4).total


SPANS = st.tuples(st.integers(-600, 2000), st.integers(-600, 2000)).map(
    lambda two: (clock(0) + min(two) * MINUTE, clock(0) + max(two) * MINUTE)
)


@settings(max_examples=40)
@given(st.lists(SPANS, max_size=3), st.lists(SPANS, max_size=3), st.booleans())
def test_each_minute_is_counted_once(ranges, silent, down):
    """Whatever overlaps."""
    findings = [found("line_down" if down else "silent", *one) for one in silent]
    made = day(evaluated(*ranges), *findings, first=3)

    assert (DAY_MINUTES, 180) == (made.minutes.total, made.minutes.unknown)
    drawn = [made.evaluated, made.explained, made.open]
    lengths = [sum(length for _, length in runs) for runs in drawn]
    assert [made.minutes.evaluated, made.minutes.explained, made.minutes.open] == lengths


def test_runs_are_drawn_as_bars():
    """One path, whatever their number."""
    assert "M0 0h5v20h-5zM60 0h1v20h-1z" == bars([(0, 5), (60, 1)])
