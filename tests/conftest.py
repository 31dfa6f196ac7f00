"""Rules for every test: Hypothesis without deadlines, and no slow test without its mark."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.support import budget

# Seconds of processor time, its children's included: it does not grow when other programs run.
# A test that only waits is caught by the clock on the wall.
WORK_LIMIT = 3.0
WALL_LIMIT = 30.0
_WORK = pytest.StashKey[float]()

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Measure the work of a test, without its fixtures."""
    before = sum(os.times()[:4])
    try:
        yield
    finally:
        item.stash[_WORK] = sum(os.times()[:4]) - before


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that took too long and is not marked `slow`."""
    report = yield
    if report.when == "call" and report.passed and item.get_closest_marker("slow") is None:
        work = item.stash[_WORK]
        if work > WORK_LIMIT or call.duration > WALL_LIMIT:
            report.outcome = "failed"
            report.longrepr = (
                f"took {work:.1f} s of work, {call.duration:.1f} s in all; "
                f"over {WORK_LIMIT:.0f} or {WALL_LIMIT:.0f} s it must be marked slow"
            )
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The budget of lines, where everybody sees it."""
    terminalreporter.write_line(budget.report())
