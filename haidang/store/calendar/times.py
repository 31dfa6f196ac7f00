"""Times that people write into the calendar: days, moments, minutes of a day; UTC+7."""

import re
from datetime import date, datetime
from typing import Any

from haidang.model.instant import VIETNAM, Instant, from_datetime
from haidang.yamldoc import Checker, YamlPath

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])|24:00")
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)\s?(Z|[+-]\d\d:\d\d)?",
)
_FORM = "must be a day such as 2026-11-18, or a moment such as 2026-11-18 09:00 (UTC+7)"


def minute(checker: Checker, path: YamlPath) -> int:
    """Minutes since midnight of a clock time; 0 with a problem."""
    text = checker.take(path, str, ...)
    if text is None:
        return 0
    if not _MINUTE.fullmatch(text):
        checker.add(path, 'must be a time such as "07:30"')
        return 0
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def moment(checker: Checker, path: YamlPath, default: Any, *, whole: Instant) -> Instant | None:
    """The instant of a day or moment, None where it is absent or wrong.

    Of a day it is its midnight in Vietnam plus `whole`.
    """
    value = checker.take(path, (date, str), default)
    if value is None:
        return None
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    try:
        if found is not None:
            day, clock, offset = found.groups()
            zone = (offset or "+07:00").replace("Z", "+00:00")
            return from_datetime(datetime.fromisoformat(f"{day}T{clock}{zone}"))
        day = date.fromisoformat(value) if isinstance(value, str) else value
        return from_datetime(datetime(day.year, day.month, day.day, tzinfo=VIETNAM)) + whole
    except ValueError:
        checker.add(path, _FORM)
        return None
