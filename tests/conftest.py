"""Rules for every test: Hypothesis without deadlines, marks that are kept, stores that agree."""

import gc
import os
from collections.abc import Generator

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from tests.support import budget, stores

# Seconds of processor time, its children's included: it does not grow when other programs run.
# A test that only waits is caught by the clock on the wall.
WORK_LIMIT = 3.0
WALL_LIMIT = 30.0
_WORK = pytest.StashKey[float]()

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session", autouse=True)
def _table_of_unicode() -> None:
    """Let Hypothesis make its table of Unicode: a fresh clone has none, and it takes a second.

    Whichever test drew the first text would be charged with it.
    """
    st.text().validate()


def pytest_collection_finish() -> None:
    """Leave what the collection made out of every later look for garbage, which took its time."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave `full` tests to the full run."""
    if item.get_closest_marker("full") and not os.environ.get("HAIDANG_FULL"):
        pytest.skip("only in scripts/test --full")


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
    """Fail a test that took too long and is marked neither `slow` nor `full`."""
    report = yield
    may = any(item.get_closest_marker(name) for name in ("slow", "full"))
    if report.when == "call" and report.passed and not may:
        work = item.stash[_WORK]
        if work > WORK_LIMIT or call.duration > WALL_LIMIT:
            report.outcome = "failed"
            report.longrepr = (
                f"took {work:.1f} s of work, {call.duration:.1f} s in all; "
                f"over {WORK_LIMIT:.0f} or {WALL_LIMIT:.0f} s it must be marked slow"
            )
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which one store did less than its partner."""
    if session.exitstatus == pytest.ExitCode.OK and stores.problems(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The budget of lines and the tests on each store, where everybody sees them."""
    terminalreporter.write_line(budget.report())
    terminalreporter.write_line(
        stores.line(stores.passed(terminalreporter.stats.get("passed", [])))
    )
    for problem in stores.problems(config):
        terminalreporter.write_line(problem, red=True)
