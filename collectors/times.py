"""Times as sources write them. What a text leaves out, its Context completes: zone and year.

The names of `TIMES`, or a pattern for `strptime` with `%` signs, stand in a dataset's YAML.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache, partial
from typing import TypeAlias

from collectors.record import Context
from haidang.errors import Refused
from haidang.model.instant import DAY, SECOND, Instant, from_datetime, from_iso, to_datetime

ReadTime: TypeAlias = Callable[[str, Context], Instant]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}
_SYSLOG = re.compile(
    r"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)(?: (\d{4}))?"
)
_DIGITS = re.compile(r"[+-]?\d{1,11}(?:\.\d+)?")
_WHOLE = re.compile(r"\d{12,20}")
_CEF = re.compile(r"([A-Z][a-z]{2}) (\d{1,2}) (\d{4}) (\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?: (.+))?")
_NO_OFFSET = timedelta()
_MYSQL = re.compile(r"(\d{6}|\d{4}-\d\d-\d\d)(?:T| {1,2})(\d{1,2}:\d\d:\d\d)(.*)")
_ZONED = re.compile(r"(?:Z|[+-]\d\d(?::?\d\d)?| [A-Z]{2,5}|\d{10}(?:\.\d+)?|\d{13,})\Z")
# What PostgreSQL may write for a zone, hours east of UTC; abbreviations of several zones left out.
_ABBREVIATIONS = {"UTC": 0, "GMT": 0, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9}
_LEAP_YEARS = 9  # from one 29 February to another there are 8 years at most
# Digits of a whole number of seconds, milliseconds, microseconds, nanoseconds of our time.
_MICROSECONDS = {13: 1_000, 16: 1, 19: -1_000}


def _representable(instant: Instant) -> Instant:
    """The instant, if it has a date in UTC: an offset may lead out of the years 1 to 9999."""
    to_datetime(instant)
    return instant


@lru_cache(maxsize=16_384)
def _clf(text: str) -> Instant:
    """`17/May/2015:10:05:03 +0000`."""
    zone = f"{text[21:24]}:{text[24:26]}"
    return from_iso(f"{text[7:11]}-{_NUMBERS[text[3:6]]:02}-{text[:2]}T{text[12:20]}{zone}")


def _clf_time(text: str, context: Context) -> Instant:
    del context
    return _clf(text)


def _iso(text: str, context: Context) -> Instant:
    return from_iso(text, context.zone)


def _iso_utc(text: str, context: Context) -> Instant:
    del context
    return from_iso(text)


def _epoch(text: str, context: Context) -> Instant:
    """Seconds since 1970, with or without a fraction."""
    del context
    if not (text.isascii() and _DIGITS.fullmatch(text)) or text[0] in "+-":
        raise ValueError("no seconds")
    seconds, _, fraction = text.partition(".")
    return int(seconds) * SECOND + int(fraction[:6].ljust(6, "0"))


def _epoch_ms(text: str, context: Context) -> Instant:
    """Whole milliseconds since 1970."""
    del context
    if not (text.isascii() and text.isdigit() and len(text) <= 14):
        raise ValueError("no milliseconds")
    return int(text) * 1_000


@lru_cache(maxsize=16_384)  # lines of one second, received together
def _syslog(text: str, context: Context) -> Instant:
    """The time of a syslog header: RFC 3339, or RFC 3164 (`Nov 18 08:15:30`, also with a year)."""
    if text[:1].isdigit():
        return from_iso(text, context.zone)
    found = _SYSLOG.fullmatch(text)
    if found is None:
        raise ValueError("no syslog time")
    month, day, year, clock, later = found.groups()
    known = year or later
    return _dated(_NUMBERS[month], int(day), clock, known and int(known), context)


def _dated(month: int, day: int, clock: str, year: int | str | None, context: Context) -> Instant:
    """The instant of a local date; without a year, the newest not over a day ahead of now."""
    if year:
        return from_iso(f"{year:04}-{month:02}-{day:02}T{clock}", context.zone)
    newest = to_datetime(context.seen).year + 1
    for guess in range(newest, newest - _LEAP_YEARS, -1):
        if not _exists(guess, month, day):
            continue
        instant = from_iso(f"{guess:04}-{month:02}-{day:02}T{clock}", context.zone)
        if instant <= context.seen + DAY:
            return instant
    raise ValueError("no such date")


def _exists(year: int, month: int, day: int) -> bool:
    try:
        return bool(date(year, month, day))
    except ValueError:
        return False


def _any(text: str, context: Context) -> Instant:
    """What products write in generic formats: an epoch in any unit, ISO, CEF's or syslog's."""
    if text.isascii() and _WHOLE.fullmatch(text):
        unit = _MICROSECONDS[len(text)]
        return int(text) * unit if unit > 0 else int(text) // -unit
    if text.isascii() and _DIGITS.fullmatch(text):
        return _epoch(text, context)
    if found := _CEF.fullmatch(text):
        month, day, year, clock, zone = found.groups()
        return _dated(_NUMBERS[month], int(day), clock, int(year), _in_zone(context, zone))
    return _syslog(text, context)


def _in_zone(context: Context, zone: str | None) -> Context:
    """The context with the zone that a text names: `UTC`, `ICT`, or an offset."""
    if zone is None:
        return context
    if zone in ("UTC", "GMT", "Z"):
        return Context(context.host, UTC, context.seen)
    text = zone.removeprefix("GMT").removeprefix("UTC")
    offset = "+07:00" if text == "ICT" else text
    moment = datetime.fromisoformat(f"2000-01-01T00:00:00{offset}")
    return Context(context.host, timezone(moment.utcoffset() or _NO_OFFSET), context.seen)


def _mysql(text: str, context: Context) -> Instant:
    """`2026-11-18 08:15:30`, also with a zone, and before MySQL 5.7 `261118  8:15:30`."""
    found = _MYSQL.fullmatch(text)
    if found is None:
        raise ValueError("no time of MySQL")
    day, clock, rest = found.groups()
    if "-" not in day:
        day = f"20{day[:2]}-{day[2:4]}-{day[4:]}"
    return from_iso(f"{day}T{clock:0>8}{rest}", context.zone)


def _postgresql(text: str, context: Context) -> Instant:
    """`2026-11-18 08:15:30.123 +07`; a zone's unknown abbreviation is the zone of the input."""
    clock, _, zone = text.rpartition(" ")
    if zone in _ABBREVIATIONS:
        return from_iso(clock, timezone(timedelta(hours=_ABBREVIATIONS[zone])))
    return from_iso(clock, context.zone if zone.isalpha() else _in_zone(context, zone).zone)


def _by_pattern(pattern: str, text: str, context: Context) -> Instant:
    moment = _strptime(pattern, text)
    if "%Y" not in pattern and "%y" not in pattern:
        clock = moment.strftime("%H:%M:%S.%f")
        return _dated(moment.month, moment.day, clock, None, context)
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=context.zone))


@lru_cache(maxsize=16_384)
def _strptime(pattern: str, text: str) -> datetime:
    if "%Y" in pattern or "%y" in pattern:
        return datetime.strptime(text, pattern)  # noqa: DTZ007 - the caller knows the zone
    return datetime.strptime(f"2000 {text}", f"%Y {pattern}")  # noqa: DTZ007 - as above


TIMES: Mapping[str, ReadTime] = {
    "any": _any,
    "clf": _clf_time,
    "epoch": _epoch,
    "epoch_ms": _epoch_ms,
    "iso": _iso,
    "iso_utc": _iso_utc,
    "mysql": _mysql,
    "postgresql": _postgresql,
    "syslog": _syslog,
}
# Formats whose times never depend on the input's zone.
ABSOLUTE = frozenset({"clf", "epoch", "epoch_ms", "iso_utc"})


def names_zone(text: str) -> bool:
    """Whether a time says its zone, or is an epoch, which needs none."""
    return _ZONED.search(text) is not None


@lru_cache(maxsize=256)
def _offset(zone: timezone) -> str:
    return datetime.min.replace(tzinfo=zone).isoformat()[-6:]


def offset(context: Context) -> str:
    """The context's zone as `+07:00`."""
    return _offset(context.zone)


def time_reader(name: str) -> ReadTime | None:
    """The reader of a format's name or pattern, None where there is none.

    What it reads is an instant with a date in UTC; it raises Refused.
    """
    read = TIMES.get(name)
    if "%" in name and _is_pattern(name):
        read = partial(_by_pattern, name)
    return partial(_read, read) if read else None


def _is_pattern(name: str) -> bool:
    """Whether `strptime` knows all that a pattern asks for."""
    try:
        _strptime(name, "?")
    except ValueError as error:
        return "does not match" in str(error)
    return True


def _read(read: ReadTime, text: str, context: Context) -> Instant:
    try:
        return _representable(read(text, context))
    except (KeyError, ValueError, OverflowError) as error:
        raise Refused("the time is not a time") from error
