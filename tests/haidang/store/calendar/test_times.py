"""Days, moments and minutes as people write them."""

import pytest

from haidang.model.instant import DAY, from_iso, to_iso
from haidang.store.calendar.times import minute, moment
from haidang.yamldoc import Checker, parse


def checker_of(text):
    """A checker over one value `a`."""
    (document,) = parse(f"a: {text}".encode(), "c.yml")
    return Checker(document)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param("2026-11-17T17:00:00.000Z", "2026-11-18", id="day"),
        pytest.param("2026-11-17T17:00:00.000Z", "'2026-11-18'", id="quoted-day"),
        pytest.param("2026-11-18T02:00:00.000Z", "2026-11-18 09:00", id="minute"),
        pytest.param("2026-11-18T02:00:30.000Z", "2026-11-18T09:00:30", id="second"),
        pytest.param("2026-11-18T09:00:00.000Z", "2026-11-18 09:00Z", id="utc"),
        pytest.param("2026-11-18T01:00:00.000Z", "2026-11-18 09:00 +08:00", id="offset"),
    ],
)
def test_moments_are_vietnams_unless_they_name_an_offset(expected, text):
    """A day begins at midnight."""
    checker = checker_of(text)

    assert expected == to_iso(moment(checker, ("a",), ..., whole=0))
    assert [] == checker.problems


def test_a_day_is_whole_where_that_is_asked():
    """`until` includes its day, but no more than its moment."""
    assert from_iso("2026-11-18T17:00:00Z") == moment(
        checker_of("2026-11-18"), ("a",), ..., whole=DAY
    )
    assert from_iso("2026-11-18T02:00:00Z") == moment(
        checker_of("2026-11-18 09:00"), ("a",), ..., whole=DAY
    )


@pytest.mark.parametrize("text", ["2026-02-30", "20261118T0900", "2026-11-18 9h", "hôm nay", "7"])
def test_what_is_no_time_is_a_problem_and_never_guessed(text):
    """Also a day that no calendar has."""
    checker = checker_of(f"'{text}'")

    assert moment(checker, ("a",), ..., whole=0) is None
    assert 1 == len(checker.problems)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "0:00"), (450, "07:30"), (450, "7:30"), (1439, "23:59"), (1440, "24:00")],
)
def test_minutes_are_counted_from_midnight(minutes, text):
    """24:00 ends a day."""
    assert minutes == minute(checker_of(text), ("a",))


@pytest.mark.parametrize("text", ["25:00", "7h30", "24:01", "'730'", "12:60"])
def test_what_is_no_minute_is_a_problem(text):
    """The message shows how one is written."""
    checker = checker_of(text)

    assert 0 == minute(checker, ("a",))
    assert "such as" in checker.problems[0].what
