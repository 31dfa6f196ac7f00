"""When a source was silent for longer than its own rhythm explains.

The rhythm is learned from the intervals between the minutes in which it was heard in the day
before: silence is unusual after three times the interval that 95 of 100 did not exceed, at least
a quarter of an hour, and if at that time of day the source usually speaks (earlier days of the
same kind, working or weekend). Nothing depends on names, or on the order of arrival.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from correlator.activity import DAY_MINUTES, Source, instant_of, minute_of
from haidang.model.instant import Instant

FLOOR = 15  # minutes: shorter silence is never unusual
FACTOR = 3
LEARNED = 12  # intervals from which on there is a rhythm
COMPARED_DAYS = 7

_ZEROS = re.compile("0+")
_LONG = re.compile(f"0{{{FLOOR},}}")
_EPOCH_WEEKDAY = 3  # 01/01/1970 was a Thursday
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Silence:
    """A source was not heard from `start` to `end`; 0: it still is not.

    `recovered`: the lines of that time came later, so none is missing.
    """

    source: str
    start: Instant
    end: Instant = 0
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """The minutes from number `origin` up to the one looked at, `1` where the source was heard.

    `received` counts receive times, `happened` event times. `origin` is the first minute heard.
    """

    source: str
    origin: int
    received: str
    happened: str

    @classmethod
    def of(cls, source: Source, until: Instant) -> Self:
        """Of a source with its days, the minute of `until` included."""
        end = minute_of(until) + 1
        today = minute_of(until) // DAY_MINUTES
        numbers = range(min(source.days, default=today), today + 1)
        start = numbers.start * DAY_MINUTES
        days = [source.days.get(number) for number in numbers]
        received = "".join(_text(day.received if day else 0) for day in days)[: end - start]
        happened = "".join(_text(day.happened if day else 0) for day in days)[: end - start]
        first = max(received.find("1"), 0)
        return cls(source.id, start + first, received[first:], happened[first:])

    @property
    def end(self) -> int:
        """The number of the first minute that is not looked at."""
        return self.origin + len(self.received)

    def spoke(self, start: int, end: int) -> bool:
        """Whether it was heard between two minutes, of what happened between them.

        So neither a last line that took its time nor lines that were kept and came later count.
        """
        first = max(start - self.origin, 0)
        inside = slice(first, max(end - self.origin, first))
        return "1" in self.received[inside] and "1" in self.happened[inside]

    def gap_around(self, minute: int) -> tuple[int, int] | None:
        """The minutes from which and to which it was not heard at this one; None if it was."""
        at = minute - self.origin
        if not 0 <= at < len(self.received) or self.received[at] == "1":
            return None
        end = self.received.find("1", at)
        start = self.received.rfind("1", 0, at) + 1
        return self.origin + start, self.origin + (len(self.received) if end < 0 else end)

    def usual(self, before: int) -> int | None:
        """The usual interval in minutes, from the day before a minute; None: not learned yet."""
        end = before - self.origin
        recent = self.received[max(end - DAY_MINUTES, 0) : end].strip("0")
        lengths = Counter(len(zeros) + 1 for zeros in recent.split("1")[1:-1])
        left = lengths.total()
        if left < LEARNED:
            return None
        wanted = left - left // 20  # 95 of 100
        for length in sorted(lengths):
            wanted -= lengths[length]
            if wanted <= 0:
                return length
        raise AssertionError

    def limit(self, before: int) -> int | None:
        """How many minutes of silence from this minute on are not unusual yet."""
        usual = self.usual(before)
        return None if usual is None else max(FLOOR, FACTOR * usual)

    def silence(self, gap: tuple[int, int]) -> Silence:
        """The silence that a gap in the receipts is, its ends sharpened by the events' own times.

        Events are received some time after they happened; what came after the gap may also tell
        of the time inside.
        """
        start, end = (one - self.origin for one in gap)
        goes_on = end == len(self.received)
        allowed = self.limit(gap[0]) or FLOOR
        spans = [one.span() for one in _ZEROS.finditer(self.happened, max(start - allowed, 0), end)]
        spans = [one for one in spans if one[1] > start] or [(start, start)]
        hole = max(spans, key=lambda one: one[1] - one[0])
        recovered = not goes_on and hole[1] - hole[0] < min(allowed, end - start)
        if recovered:
            hole = start, end
        ends = 0 if goes_on else instant_of(self.origin + hole[1])
        return Silence(self.source, instant_of(self.origin + hole[0]), ends, recovered)

    def usually_silent(self, minute: int, length: int) -> bool:
        """Whether it was not heard at this time of day on half of the earlier days of its kind."""
        found: dict[bool, list[bool]] = {True: [], False: []}
        for back in range(1, COMPARED_DAYS + 1):
            at = minute - self.origin - back * DAY_MINUTES
            if at >= 0:
                same = _weekend(minute - back * DAY_MINUTES) == _weekend(minute)
                found[same].append("1" not in self.received[at : at + length])
        compared = found[True] or found[False]
        return bool(compared) and 2 * sum(compared) >= len(compared)


def silences(heard: Heard, since: Instant) -> Iterator[Silence]:
    """Every unusual silence that had not ended by `since`, oldest first."""
    first = max(minute_of(since) - heard.origin, 0)
    first = heard.received.rfind("1", 0, first) + 1
    for found in _LONG.finditer(heard.received, first):
        gap = heard.origin + found.start(), heard.origin + found.end()
        if is_unusual(heard, gap):
            yield heard.silence(gap)


def is_unusual(heard: Heard, gap: tuple[int, int]) -> bool:
    """Whether a gap in the receipts is longer than the source's rhythm explains."""
    start, end = gap
    limit = heard.limit(start)
    if limit is None:
        return False
    starts = range(start, end - limit + 1, limit)
    return any(not heard.usually_silent(minute, limit) for minute in starts)


def _text(bits: int) -> str:
    return f"{bits:0{DAY_MINUTES}b}"[::-1]


def _weekend(minute: int) -> bool:
    return (minute // DAY_MINUTES + _EPOCH_WEEKDAY) % 7 >= _SATURDAY
