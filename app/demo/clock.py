"""The simulated day's clock: its midnight, its steps, and randomness that only the seed decides."""

import random
from typing import Final, TypeAlias

from haidang.model.instant import DAY, MINUTE, SECOND, Instant, from_iso

MIDNIGHT: Final[Instant] = from_iso("2026-11-18T00:00:00+07:00")
STEP: Final[Instant] = 5 * MINUTE
# Receive times: a line is in its file from the first step at or after the event.
STEPS: Final[tuple[Instant, ...]] = tuple(range(MIDNIGHT + STEP, MIDNIGHT + DAY + 1, STEP))

Span: TypeAlias = tuple[Instant, Instant]
WHOLE_DAY: Final[tuple[Span, ...]] = ((MIDNIGHT, STEPS[-1]),)


def clock(hour: int, minute: int, second: float = 0) -> float:
    """Seconds since midnight."""
    return hour * 3600 + minute * 60 + second


def instant(seconds: float) -> Instant:
    """The instant that many seconds after the day's midnight in Vietnam, to the millisecond."""
    return MIDNIGHT + round(seconds * 1000) * (SECOND // 1000)


def stream(seed: int, name: str) -> random.Random:
    """The random numbers of one part of one world, independent of every other part's."""
    return random.Random(f"{seed} {name}")  # noqa: S311 - a repeatable simulation, no secret


def within(moment: Instant, spans: tuple[Span, ...]) -> bool:
    """Tell whether start < `moment` <= end for one of the spans, as for the lines of a step."""
    return any(start < moment <= end for start, end in spans)
