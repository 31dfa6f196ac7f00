"""Times as sources write them; zone and year come from the context, never from a clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.record import Context
from collectors.times import TIMES, names_zone, offset, time_reader
from haidang.errors import Refused
from haidang.model.instant import DAY, VIETNAM, from_iso, to_datetime, to_iso

SEEN = from_iso("2026-11-18T12:00:00Z")


def _read(name: str, text: str, seen: int = SEEN) -> str:
    read = time_reader(name)
    assert read is not None
    return to_iso(read(text, Context(seen=seen)))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("clf", "18/Nov/2026:08:15:30 +0700", "2026-11-18T01:15:30.000Z"),
        ("iso", "2026-11-18T08:15:30Z", "2026-11-18T08:15:30.000Z"),
        ("iso", "2026-11-18 08:15:30,5", "2026-11-18T01:15:30.500Z"),
        ("iso_utc", "2026-11-18 08:15:30", "2026-11-18T08:15:30.000Z"),
        ("iso_utc", "2026-11-18T08:15:30+07:00", "2026-11-18T01:15:30.000Z"),
        ("epoch", "1795000530.25", "2026-11-18T11:15:30.250Z"),
        ("epoch_ms", "1795000530250", "2026-11-18T11:15:30.250Z"),
        ("syslog", "Nov 18 08:15:30", "2026-11-18T01:15:30.000Z"),
        ("syslog", "Nov  8 08:15:30.125", "2026-11-08T01:15:30.125Z"),
        ("syslog", "Nov 18 2024 08:15:30", "2024-11-18T01:15:30.000Z"),
        ("syslog", "Dec 31 23:59:59", "2025-12-31T16:59:59.000Z"),
        ("syslog", "Feb 29 00:00:00", "2024-02-28T17:00:00.000Z"),
        ("syslog", "2026-11-18T08:15:30.123456+07:00", "2026-11-18T01:15:30.123456Z"),
        ("mysql", "261118  8:15:30", "2026-11-18T01:15:30.000Z"),
        ("mysql", "2026-11-18  8:15:30", "2026-11-18T01:15:30.000Z"),
        ("mysql", "2026-11-18T08:15:30.5Z", "2026-11-18T08:15:30.500Z"),
        ("postgresql", "2026-11-18 08:15:30.5 +07", "2026-11-18T01:15:30.500Z"),
        ("postgresql", "2026-11-18 08:15:30 UTC", "2026-11-18T08:15:30.000Z"),
        ("postgresql", "2026-11-18 08:15:30 CEST", "2026-11-18T06:15:30.000Z"),
        ("postgresql", "2026-11-18 08:15:30 XYZ", "2026-11-18T01:15:30.000Z"),
        ("any", "1795000530", "2026-11-18T11:15:30.000Z"),
        ("any", "1795000530250", "2026-11-18T11:15:30.250Z"),
        ("any", "1795000530250125", "2026-11-18T11:15:30.250125Z"),
        ("any", "1795000530250125999", "2026-11-18T11:15:30.250125Z"),
        ("any", "Nov 18 2026 08:15:30.5", "2026-11-18T01:15:30.500Z"),
        ("any", "Nov 18 2026 08:15:30 UTC", "2026-11-18T08:15:30.000Z"),
        ("any", "Nov 18 2026 08:15:30 GMT+09:00", "2026-11-17T23:15:30.000Z"),
        ("any", "Nov 18 2026 08:15:30 ICT", "2026-11-18T01:15:30.000Z"),
        ("any", "2026-11-18 08:15:30", "2026-11-18T01:15:30.000Z"),
        ("%Y/%m/%d %H:%M:%S", "2026/11/18 08:15:30", "2026-11-18T01:15:30.000Z"),
        ("%a %b %d %H:%M:%S.%f %Y", "Wed Nov 18 08:15:30.5 2026", "2026-11-18T01:15:30.500Z"),
        ("%d/%b/%Y %H:%M:%S %z", "18/Nov/2026 08:15:30 +0000", "2026-11-18T08:15:30.000Z"),
        ("%m/%d-%H:%M:%S.%f", "11/18-08:15:30.000250", "2026-11-18T01:15:30.000250Z"),
    ],
)
def test_a_time_is_read(name: str, text: str, expected: str) -> None:
    """What the text leaves out is Vietnam's zone and the newest year that fits."""
    assert expected == _read(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("clf", "31/Feb/2026:00:00:00 +0700"),
        ("iso", "2026-13-01T00:00:00Z"),
        ("iso_utc", "yesterday"),
        ("iso", "0001-01-01T00:00:00+07:00"),
        ("epoch", "-5"),
        ("epoch", "٣"),
        ("epoch_ms", "1.5"),
        ("syslog", "Feb 30 00:00:00"),
        ("syslog", "Nov 18 25:00:00"),
        ("mysql", "261318  8:15:30"),
        ("mysql", "yesterday"),
        ("postgresql", "2026-11-18 08:15:30"),
        ("any", "12345678901234"),
        ("any", "Nov 18 2026 08:15:30 Mars"),
        ("%Y/%m/%d", "2026/02/30"),
    ],
)
def test_what_is_no_time_is_refused(name: str, text: str) -> None:
    """With a reason that holds no data."""
    with pytest.raises(Refused, match=r"^the time is not a time$"):
        _read(name, text)


@given(back=st.integers(0, 363), seen=st.integers(SEEN, SEEN + 1000 * DAY))
def test_a_time_without_year_is_found_again(back: int, seen: int) -> None:
    """Whatever the day of the year on which it is read."""
    moment = to_datetime(seen - back * DAY).astimezone(VIETNAM).replace(microsecond=0)
    text = f"{moment.strftime('%b')} {moment.day:2} {moment.strftime('%H:%M:%S')}"
    assert _read("syslog", text, seen) == to_iso(from_iso(moment.isoformat()))


@pytest.mark.parametrize("name", TIMES)
@given(text=st.text(max_size=40) | st.text("0123456789:-/ .TZ+NovFebMar", max_size=30))
def test_only_refused_escapes(name: str, text: str) -> None:
    """Whatever a record holds where its time should be."""
    try:
        _read(name, text)
    except Refused:
        return


@pytest.mark.parametrize("name", ["sundial", "%Q", "100%"])
def test_an_unknown_format_has_no_reader(name: str) -> None:
    """A pattern is one only if strptime knows every directive."""
    assert time_reader(name) is None


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (True, "2026-11-18T08:15:30Z"),
        (True, "2026-11-18 08:15:30.5 +07"),
        (True, "2026-11-18 08:15:30 CEST"),
        (True, "1795000530.25"),
        (False, "Nov 18 08:15:30"),
        (False, "Nov 18 08:15:30 2026"),
        (False, "2026-11-18 08:15:30"),
    ],
)
def test_a_time_without_a_zone_is_told(expected: bool, text: str) -> None:
    """Then the event says which zone was taken for it: that of its input."""
    assert expected == names_zone(text)
    assert "+07:00" == offset(Context())
