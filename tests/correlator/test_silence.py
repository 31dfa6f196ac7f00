"""Silence is unusual against a source's own rhythm, day and hour."""

import pytest

from correlator.activity import minute_of
from correlator.silence import Heard, Silence, silences
from haidang.model.instant import DAY, MINUTE
from tests.support.heard import clock, every, heard


def found(source, until, since=0):
    """The unusual silences of a source up to an instant."""
    return list(silences(Heard.of(source, until), since))


def talk(*spans, minutes=1):
    """Times in several spans of clock hours of 18/11."""
    return [at for start, end in spans for at in every(minutes, start, end)]


MORNING = (clock(8), clock(10, 5))
LATER = (clock(10, 47), clock(12))


def test_silence_is_told_from_a_quarter_of_an_hour_on():
    """A minute less is nothing yet; then it begins with the first minute without a line."""
    source = heard("a", talk(MORNING))

    assert [] == found(source, clock(10, 18))
    assert [Silence("a", clock(10, 5))] == found(source, clock(10, 19))


def test_silence_that_ended_stays_with_its_end():
    """And is asked for until a day ago, say."""
    source = heard("a", talk(MORNING, LATER))

    assert [Silence("a", clock(10, 5), clock(10, 47))] == found(source, clock(12))
    assert [Silence("a", clock(10, 5), clock(10, 47))] == found(source, clock(12), clock(10, 30))
    assert [] == found(source, clock(12), clock(10, 50))


def test_ends_are_those_of_the_events_where_receipt_is_coarse():
    """A collector that looks every five minutes received the last lines a little later."""
    happened = talk(MORNING, LATER)
    source = heard("a", {-(-at // (5 * MINUTE)) * 5 * MINUTE for at in happened}, happened)

    assert [Silence("a", clock(10, 5))] == found(source, clock(10, 35))
    assert [Silence("a", clock(10, 5), clock(10, 47))] == found(source, clock(12))


def test_lines_that_came_later_are_no_longer_missing():
    """Silent by receipt, whole by the events' own times; a part that came leaves the rest."""
    times = talk(MORNING, LATER)
    whole = heard("a", times, talk((clock(8), clock(12))))
    part = heard("a", times, talk((clock(8), clock(10, 15)), LATER))

    assert [Silence("a", clock(10, 5), clock(10, 47), recovered=True)] == found(whole, clock(12))
    assert [Silence("a", clock(10, 15), clock(10, 47))] == found(part, clock(12))


@pytest.mark.parametrize(("minutes", "limit"), [(5, 15), (10, 30), (30, 90)])
def test_slow_source_is_waited_for_longer(minutes, limit):
    """Three of its usual intervals."""
    source = heard("a", every(minutes, clock(0), clock(10)))
    last = clock(10) - minutes * MINUTE

    assert [] == found(source, last + limit * MINUTE - MINUTE)
    assert [Silence("a", last + MINUTE)] == found(source, last + limit * MINUTE)


def test_source_without_rhythm_is_not_judged():
    """Twelve intervals are needed; what it was heard is shown anyway."""
    assert [] == found(heard("a", every(1, clock(8), clock(8, 12))), clock(12))
    assert 1 == len(found(heard("a", every(1, clock(8), clock(8, 13))), clock(12)))


def test_bursts_have_the_rhythm_of_their_pauses():
    """Three lines an hour is an hourly source."""
    times = [clock(hour, minute) for hour in range(10) for minute in (0, 1, 2)]

    assert 58 == Heard.of(heard("a", times), clock(10)).usual(minute_of(clock(9, 3)))
    assert [] == found(heard("a", times), clock(11))


def office(*days):
    """Heard from 07:00 to 17:00 on these days of November."""
    return [at for day in days for at in every(1, clock(7, day=day), clock(17, day=day))]


def test_silence_at_its_usual_hours_is_usual():
    """An office's night, known from the days before; not the morning on which it does not come."""
    known = heard("a", office(16, 17, 18))

    assert [] == found(known, clock(23, day=18), clock(0))
    assert [] == found(known, clock(7, 10, day=19), clock(0))
    assert [Silence("a", clock(17))] == found(known, clock(7, 30, day=19), clock(0))


def test_silence_at_noon_is_unusual_for_an_office():
    """The hours are compared, not the days."""
    times = [at for at in office(16, 17, 18) if not clock(12) <= at < clock(13)]

    assert [Silence("a", clock(12), clock(13))] == found(heard("a", times), clock(14), clock(0))


def test_week_end_is_compared_with_week_ends():
    """Saturday's silence is usual if last Saturday was silent too."""
    week = office(13, 16, 17, 18, 19, 20)
    before = office(6, 9, 10, 11, 12)

    saturday = clock(12, day=21)
    assert [] == found(heard("a", [*before, *week]), saturday, saturday - DAY // 2)
