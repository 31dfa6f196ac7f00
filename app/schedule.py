"""The one clock and the one timer of a long-running command."""

import logging
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from haidang.model.instant import Instant

# Never two runs at once; missed runs are made up by a single one, however late.
_ONE_AT_A_TIME = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}


def receive_clock() -> Instant:
    """The receive time of now; everything below gets it as an argument."""
    return time.time_ns() // 1_000


def every(seconds: float, work: Callable[[Instant], object]) -> None:
    """Do `work` now and then every so many seconds, until a signal or its first exception.

    Runs never overlap; runs missed while one took long are made up by a single one. Ctrl-C raises
    KeyboardInterrupt; SIGTERM, by which services are stopped, raises SystemExit(0). Either waits
    for the run that is under way. For the main thread only.
    """
    # Without a handler the first process of a container would not hear SIGTERM at all.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # In a thread of its own: APScheduler swallows a signal's exception that meets it submitting.
    scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(1)}, timezone="UTC")
    failure: list[Exception] = []
    ended = Event()
    # A run that takes longer than the interval is no news: the next one takes what came.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def run() -> None:
        if ended.is_set():
            return
        try:
            work(receive_clock())
        except Exception as error:  # noqa: BLE001 - handed to the caller's thread below
            failure.append(error)
            ended.set()

    scheduler.add_job(
        run, "interval", seconds=seconds, next_run_time=datetime.now(UTC), **_ONE_AT_A_TIME
    )
    try:
        scheduler.start()
        ended.wait()
    finally:
        if scheduler.running:
            scheduler.shutdown(wait=True)
        signal.signal(signal.SIGTERM, before)
    if failure:
        raise failure[0]
