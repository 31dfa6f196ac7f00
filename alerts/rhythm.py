"""Whether events keep time: the beat of a program that calls home, which no person has."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median_low

from haidang.model.detection import KEPT
from haidang.model.instant import SECOND, Instant

_FEWEST = 6  # steps; fewer are regular by chance
_SPREAD = 10  # a step keeps time within a tenth of the median
_STRAYS = 10  # one step in so many may stray: a lost record, a retry


def beat(times: Sequence[Instant], *, cut: bool) -> Instant:
    """The median step between events if they keep time, else 0; `times` are sorted.

    `cut` says that events between the first and the last `KEPT` are left out.
    """
    steps = [later - earlier for earlier, later in pairwise(times)]
    if cut:
        del steps[KEPT - 1 : KEPT]
    if len(steps) < _FEWEST:
        return 0
    middle = median_low(steps)
    strays = sum(abs(step - middle) * _SPREAD > middle for step in steps)
    return middle if middle >= SECOND and strays * _STRAYS <= len(steps) else 0
