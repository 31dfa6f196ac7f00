"""A day of one source as a strip of minutes: evaluated, heard, silent."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from correlator.activity import DAY_MINUTES, Source, instant_of, minute_of
from correlator.coverage import Range
from correlator.health import Finding
from correlator.silence import Heard
from haidang.model.instant import DAY, Instant

_CELL = 5  # minutes that are drawn as one
_ONES = re.compile("1+")


@dataclass(frozen=True, slots=True)
class Minutes:
    """Of a day's minutes: evaluated, silent for a known reason, open, before anything was heard."""

    evaluated: int = 0
    explained: int = 0
    open: int = 0
    unknown: int = 0

    def __add__(self, other: "Minutes") -> "Minutes":
        """The sums."""
        return Minutes(
            self.evaluated + other.evaluated,
            self.explained + other.explained,
            self.open + other.open,
            self.unknown + other.unknown,
        )

    @property
    def total(self) -> int:
        """All of them."""
        return self.evaluated + self.explained + self.open + self.unknown


@dataclass(frozen=True, slots=True)
class Strip:
    """Runs of minutes (start, length) since the strip's beginning."""

    minutes: Minutes
    evaluated: tuple[tuple[int, int], ...]
    heard: tuple[tuple[int, int], ...]
    explained: tuple[tuple[int, int], ...]
    open: tuple[tuple[int, int], ...]


def strip(
    source: Source, ranges: Iterable[Range], findings: Iterable[Finding], until: Instant
) -> Strip:
    """The day before `until`.

    A line that is down, and what the calendar knows of, explain silence; silence of which the
    lines came later was evaluated after all.
    """
    start = minute_of(until - DAY)
    evaluated = explained = silent = 0
    for one in ranges:
        evaluated |= _mask(one.start, one.end, start)
    for found in findings:
        mask = _mask(found.start, found.end or until, start)
        if found.kind == "line_down" or found.explained:
            explained |= mask
        elif not found.recovered:
            silent |= mask
    known = _mask(source.first, until, start)
    explained &= known
    evaluated &= known & ~explained & ~silent
    rest = known & ~evaluated & ~explained
    minutes = Minutes(
        evaluated=evaluated.bit_count(),
        explained=explained.bit_count(),
        open=rest.bit_count(),
        unknown=DAY_MINUTES - known.bit_count(),
    )
    return Strip(minutes, _runs(evaluated), _heard(source, until), _runs(explained), _runs(rest))


def bars(runs: Iterable[tuple[int, int]]) -> str:
    """The runs as an SVG path of bars, a unit a minute and 20 high."""
    return "".join(f"M{start} 0h{length}v20h-{length}z" for start, length in runs)


def beginning(until: Instant) -> Instant:
    """The instant of a strip's first minute."""
    return instant_of(minute_of(until - DAY))


def _mask(start: Instant, end: Instant, origin: int) -> int:
    """Bits of the minutes that begin between two instants, as far as they are in the strip."""
    first = max(minute_of(start) - origin, 0)
    last = min(minute_of(end) - origin, DAY_MINUTES)
    return ((1 << (last - first)) - 1) << first if last > first else 0


def _runs(mask: int) -> tuple[tuple[int, int], ...]:
    text = f"{mask:b}"[::-1]
    return tuple((one.start(), one.end() - one.start()) for one in _ONES.finditer(text))


def _heard(source: Source, until: Instant) -> tuple[tuple[int, int], ...]:
    """Where lines happened, in cells of some minutes."""
    heard, start = Heard.of(source, until), minute_of(until - DAY)
    text = heard.happened[max(start - heard.origin, 0) :]
    first = max(heard.origin - start, 0)
    cells = {(first + at) // _CELL for at, bit in enumerate(text) if bit == "1"}
    mask = sum(1 << cell for cell in cells if cell < DAY_MINUTES // _CELL)
    return tuple((at * _CELL, length * _CELL) for at, length in _runs(mask))
