"""Instants: whole microseconds since 1970-01-01 UTC, as plain integers.

Integers compare, hash and pack fast, and both stores order them alike.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeAlias

Instant: TypeAlias = int

SECOND: Instant = 1_000_000
MINUTE: Instant = 60 * SECOND
HOUR: Instant = 60 * MINUTE
DAY: Instant = 24 * HOUR

VIETNAM = timezone(timedelta(hours=7), "UTC+7")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?\s?([Zz]|[+-]\d\d:?\d\d)?"
)


def from_datetime(moment: datetime) -> Instant:
    """Return the instant of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def to_datetime(instant: Instant) -> datetime:
    """Return the aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=instant)


def from_iso(text: str, zone: timezone = UTC) -> Instant:
    """Return the instant of an RFC 3339 date-time; `zone` applies where the text names none.

    Raises ValueError. Digits beyond microseconds are cut, not rounded.
    """
    found = _ISO.fullmatch(text)
    if found is None:
        raise ValueError("not an RFC 3339 date-time")
    date, clock, fraction, offset = found.groups()
    suffix = offset.upper().replace("Z", "+00:00") if offset else ""
    moment = datetime.fromisoformat(f"{date}T{clock}{suffix}")
    if not offset:
        moment = moment.replace(tzinfo=zone)
    return from_datetime(moment) + int((fraction or "0")[:6].ljust(6, "0"))


def to_iso(instant: Instant) -> str:
    """RFC 3339 in UTC with milliseconds, or microseconds where they are not zero."""
    digits = "milliseconds" if instant % 1000 == 0 else "microseconds"
    return to_datetime(instant).replace(tzinfo=None).isoformat(timespec=digits) + "Z"


def to_local(instant: Instant) -> datetime:
    """Return the wall clock of Vietnam (UTC+7, no daylight saving)."""
    return to_datetime(instant).astimezone(VIETNAM)
