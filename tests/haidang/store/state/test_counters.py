"""Durable counters: added in a transaction, kept, never lost or doubled by a crash."""

import pytest

from haidang import durable
from haidang.store.state import counters
from tests.support import state as stores

cluster, state, database = stores.cluster, stores.state, stores.database


class Crash(BaseException):
    """The process dies here."""


def add(database, more):
    """Add in a transaction of its own."""
    with database.transaction("test") as connection:
        counters.add(connection, more)


def read(database):
    """All counters."""
    with database.reading() as connection:
        return dict(counters.read(connection))


def test_counters_add_up_by_name_and_label(database):
    """New ones begin at what was added; nothing added writes nothing."""
    add(database, {("events", ""): 2, ("alerts", "high"): 1, ("none", ""): 0})
    add(database, {("events", ""): 3, ("alerts", "low"): 5, ("other", "high"): 1})
    add(database, {})

    assert {
        ("events", ""): 5,
        ("alerts", "high"): 1,
        ("alerts", "low"): 5,
        ("other", "high"): 1,
    } == read(database)


@pytest.mark.parametrize(
    ("point", "expected"), [("test.before_commit", 2**40), ("test.after_commit", 2**40 + 1)]
)
def test_crash_adds_all_or_nothing(database, point, expected):
    """As with everything of the same transaction; values outgrow 32 bits."""
    add(database, {("events", ""): 2**40})

    def die(name):
        if name == point:
            raise Crash

    token = durable.HOOK.set(die)
    with pytest.raises(Crash):
        add(database, {("events", ""): 1})
    durable.HOOK.reset(token)

    assert {("events", ""): expected} == read(database)
