"""The state store of a test, on each database: who asks for `state` or `database` runs twice."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from haidang.store.state import sqlite
from haidang.store.state.database import Database
from haidang.store.state.postgresql import Server, open_postgresql
from haidang.store.state.sqlite import open_sqlite
from tests.support.postgresql import cluster

__all__ = ["cluster", "database", "state"]


@dataclass(frozen=True)
class State:
    """One test's store: where it is, and `open(patience_secs)`; all are closed at the end."""

    kind: str
    place: str
    open: Callable[..., Database]


def open_state(place, patience_secs=30):
    """Open the store at a path or a url, also in another process; waits so long for a lock."""
    if place.startswith("postgresql:"):
        return open_postgresql(Server(place, patience_secs=patience_secs))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "BUSY_TIMEOUT_SECS", patience_secs)
        return open_sqlite(Path(place))


@pytest.fixture(params=["sqlite", "postgresql"])
def state(request, tmp_path):
    """An empty state store of each kind."""
    kind = request.param
    request.node.user_properties.append(("store", kind))
    with ExitStack() as stack:
        place = str(tmp_path / "data" / "state.db")
        if kind == "postgresql":
            server = request.getfixturevalue("cluster")
            place = server.place(server.role, stack.enter_context(server.database()))

        def opened(patience_secs=30):
            return stack.enter_context(closing(open_state(place, patience_secs)))

        yield State(kind, place, opened)


@pytest.fixture
def database(state):
    """An empty state store of each kind, opened."""
    return state.open()
