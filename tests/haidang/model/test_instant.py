"""Instants: integers that go to text and back without loss."""

from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haidang.model.instant import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    VIETNAM,
    from_datetime,
    from_iso,
    to_datetime,
    to_iso,
    to_local,
)

INSTANTS = st.datetimes(timezones=st.just(UTC)).map(from_datetime)


@given(INSTANTS)
def test_instant_goes_through_text_unchanged(instant):
    """Text and integer say the same, to the microsecond, also before 1970."""
    assert instant == from_iso(to_iso(instant))


@given(INSTANTS)
def test_instant_goes_through_datetime_unchanged(instant):
    """Datetime arithmetic is exact."""
    assert instant == from_datetime(to_datetime(instant))


@given(INSTANTS, INSTANTS)
def test_text_orders_as_the_instants_do(one, other):
    """Stored text sorts by time within one precision."""
    first, second = (
        to_datetime(instant).isoformat(timespec="microseconds") for instant in (one, other)
    )
    assert (one < other) == (first < second)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(0, "1970-01-01T00:00:00Z", id="epoch"),
        pytest.param(-1, "1969-12-31T23:59:59.999999Z", id="before-epoch"),
        pytest.param(7 * HOUR, "1970-01-01 14:00:00 +07:00", id="space-and-offset"),
        pytest.param(-7 * HOUR, "1970-01-01T00:00:00+0700", id="offset-without-colon"),
        pytest.param(123_456, "1970-01-01T00:00:00.123456789Z", id="nanoseconds-are-cut"),
        pytest.param(999_999, "1970-01-01T00:00:00.9999999Z", id="cut-not-rounded"),
        pytest.param(500_000, "1970-01-01t00:00:00,5z", id="comma-and-small-letters"),
        pytest.param(DAY, "1970-01-02T00:00:00", id="no-offset-is-utc"),
    ],
)
def test_date_time_text_is_read(expected, text):
    """RFC 3339 and the near forms that programs write."""
    assert expected == from_iso(text)


def test_text_without_offset_takes_the_given_zone():
    """A log without offsets is read in its source's zone."""
    assert -7 * HOUR == from_iso("1970-01-01T00:00:00", VIETNAM)
    assert 0 == from_iso("1970-01-01T00:00:00Z", VIETNAM)


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-18", "2026-11-18T25:00:00Z", "2026-02-30T00:00:00Z", "18/11/2026", "x", "0"],
)
def test_other_text_is_refused(text):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r".+"):
        from_iso(text)


@pytest.mark.parametrize(
    ("expected", "instant"),
    [
        pytest.param("1970-01-01T00:00:00.000Z", 0, id="milliseconds"),
        pytest.param("1970-01-01T00:00:00.000001Z", 1, id="microseconds"),
        pytest.param("1969-12-31T23:59:59.999Z", -1000, id="before-epoch"),
    ],
)
def test_text_has_no_more_digits_than_it_needs(expected, instant):
    """Milliseconds as Elasticsearch keeps them, microseconds where there are some."""
    assert expected == to_iso(instant)


def test_local_time_is_seven_hours_ahead():
    """Vietnam has no daylight saving."""
    local = to_local(from_iso("2026-11-17T18:52:00Z"))
    assert (timedelta(hours=7), "2026-11-18 01:52") == (
        local.utcoffset(),
        f"{local:%Y-%m-%d %H:%M}",
    )


def test_units_multiply():
    """A day is 86,400 seconds of a million microseconds."""
    assert 86_400_000_000 == DAY == 24 * HOUR == 1440 * MINUTE == 86_400 * SECOND
