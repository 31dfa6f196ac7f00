"""A crash in what people do at the door: all of the act is there afterwards, or nothing."""

import pytest
from sqlalchemy import select

from haidang import durable
from haidang.store.state import tables
from tests.support.acts import ACTS, prepare

TABLES = (tables.account, tables.session, tables.device, tables.throttle, tables.audit)


class Crash(BaseException):
    """The process dies here."""


def content(database):
    """All rows of these tables; the audit trail's without their numbers, which may have gaps."""
    with database.reading() as connection:
        read = [[tuple(row) for row in connection.execute(select(one))] for one in TABLES]
    return [*map(sorted, read[:-1]), [row[1:] for row in read[-1]]]


def crash(point, act, database):
    """Do the act and die at the point."""

    def die(name):
        if name == point:
            raise Crash

    token = durable.HOOK.set(die)
    try:
        with pytest.raises(Crash):
            act(database)
    finally:
        durable.HOOK.reset(token)


@pytest.mark.parametrize("name", ACTS)
def test_a_crash_leaves_all_of_an_act_or_nothing(database, name):
    """Before the commit nothing has changed; after it doing the act is not undone."""
    prepare(database)
    before = content(database)
    crash(f"{name}.before_commit", ACTS[name], database)
    assert before == content(database)

    crash(f"{name}.after_commit", ACTS[name], database)
    assert before != content(database)
