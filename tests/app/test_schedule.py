"""The timer of long-running commands: at once, again and again, never twice, until it must end."""

import os
import signal
import time
from itertools import pairwise

import pytest

from app.schedule import every, receive_clock


class Enough(Exception):  # noqa: N818 - ends a test's timer
    """The work was done often enough."""


def test_clock_counts_microseconds_of_utc():
    """The receive time is the epoch's microseconds."""
    before = time.time()

    assert 0 <= receive_clock() / 1_000_000 - before < 5


def test_work_is_done_at_once_and_again_with_the_time_of_each_run():
    """The first run does not wait for the interval; an exception ends the timer and is raised."""
    moments = []

    def work(now):
        moments.append(now)
        if len(moments) == 3:
            raise Enough

    began = receive_clock()
    with pytest.raises(Enough):
        every(0.2, work)

    assert 3 == len(moments)
    assert moments[0] - began < 190_000
    assert moments == sorted(set(moments))


def test_runs_never_overlap_and_missed_ones_are_made_up_by_one():
    """A run that takes three intervals is followed by one run, not by three at a time."""
    spans = []

    def work(_now):
        began = time.monotonic()
        time.sleep(0.15)
        spans.append((began, time.monotonic()))
        if len(spans) == 4:
            raise Enough

    with pytest.raises(Enough):
        every(0.05, work)

    assert [] == [(one, two) for one, two in pairwise(spans) if two[0] < one[1]]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(signal.SIGTERM, SystemExit, id="SIGTERM"),
        pytest.param(signal.SIGINT, KeyboardInterrupt, id="Ctrl-C"),
    ],
)
def test_signal_waits_for_the_run_under_way(sent, expected):
    """The run is finished, then the timer ends; the process's own handler is back."""
    done = []
    before = signal.getsignal(signal.SIGTERM)

    def work(_now):
        os.kill(os.getpid(), sent)
        time.sleep(0.2)
        done.append("whole")

    with pytest.raises(expected) as caught:
        every(60, work)

    assert ["whole"] == done
    assert not getattr(caught.value, "code", 0)
    assert before == signal.getsignal(signal.SIGTERM)
