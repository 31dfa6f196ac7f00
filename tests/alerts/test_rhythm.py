"""A beat is told only of events that keep time."""

from itertools import accumulate

import pytest

from alerts.rhythm import beat
from haidang.model.detection import KEPT
from haidang.model.instant import MINUTE, SECOND

FIVE = 5 * MINUTE


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([FIVE] * 12, FIVE, id="exact"),
        pytest.param([FIVE + n * SECOND for n in (-25, 20, 4, -9, 0, 13, 1)], FIVE + SECOND,
                     id="within a tenth"),
        pytest.param([FIVE] * 10 + [2 * FIVE], FIVE, id="one record lost"),
        pytest.param([FIVE] * 10 + [2 * FIVE] * 2, 0, id="two of twelve stray"),
        pytest.param([FIVE] * 5, 0, id="too few"),
        pytest.param([MINUTE, 9 * MINUTE] * 6, 0, id="a person"),
        pytest.param([0] * 12, 0, id="all at once"),
        pytest.param([], 0, id="one event"),
    ],
)  # fmt: skip
def test_beat_is_the_median_step_of_events_that_keep_time(steps, expected):
    """Nine steps of ten lie within a tenth of it."""
    assert expected == beat(list(accumulate(steps, initial=10**15)), cut=False)


def test_the_step_over_left_out_events_does_not_count():
    """Of a long episode the first and the last are there, hours between."""
    steps = [FIVE] * (KEPT - 1) + [600 * FIVE] + [FIVE] * (KEPT - 1)
    times = list(accumulate(steps, initial=0))
    assert FIVE == beat(times, cut=True)
    few = times[KEPT - 4 : KEPT + 4]
    assert 0 == beat(few, cut=False)
