"""The console over an empty state store; what the store itself promises is tested on both kinds."""

from contextlib import closing

import pytest

from haidang.store.state.sqlite import open_sqlite
from tests.support import browser
from tests.support.console import Clock, console_over

chromium, served, visit = browser.chromium, browser.served, browser.visit


@pytest.fixture
def wall():
    """The time of the people."""
    return Clock()


@pytest.fixture
def console(tmp_path, wall):
    """A console over an empty store."""
    with closing(open_sqlite(tmp_path / "state.db")) as database:
        yield console_over(database, wall=wall)
