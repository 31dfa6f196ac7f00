"""The rhythm of a day: how busy each half-hour is, and instants drawn by it."""

import random
from collections.abc import Iterator
from typing import Final

from app.demo.clock import MIDNIGHT
from haidang.model.instant import MINUTE, Instant

_HALF: Instant = 30 * MINUTE

# Weights of the 48 half-hours. Citizens: peak 07:30-09:00, dip 11:30-13:30, alive at 22:00.
CITIZENS: Final = (
    *(1,) * 11, 2, 3, 4, 6, 10, 10, 10, 8, 7, 7, 6, 5, 2,
    2, 2, 2, 6, 7, 7, 6, 6, 5, 4, 3, 2, 2, 2, 3, 3, 3, 3, 3, 3, 2, 2, 1, 1,
)  # fmt: skip
# Clerks: from half past seven to five, lunch between; nobody at night.
CLERKS: Final = (
    *(0,) * 15, 10, 10, 9, 8, 8, 8, 8, 7, 1,
    1, 1, 1, 7, 8, 8, 8, 7, 6, 3, *(0,) * 14,
)  # fmt: skip


def moments(rng: random.Random, weights: tuple[int, ...], scale: float) -> Iterator[Instant]:
    """Instants of the day, in order; on average `scale` a half-hour of weight 1."""
    for half, weight in enumerate(weights):
        wanted = weight * scale
        count = int(wanted) + (rng.random() < wanted % 1)
        start = MIDNIGHT + half * _HALF
        yield from sorted(start + rng.randrange(_HALF) for _ in range(count))
