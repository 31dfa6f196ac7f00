"""The audit trail: part of the act's own transaction, and never changed."""

import json
from contextlib import closing

import pytest
from sqlalchemy import delete, inspect, select, text, update
from sqlalchemy.exc import IntegrityError

from haidang import durable
from haidang.errors import HaidangError
from haidang.store import audit
from haidang.store.state import tables
from haidang.store.state.sqlite import open_sqlite


def fail_at_commit(name):
    """Fail where a transaction would become durable."""
    raise KeyError(name)


def rows(database):
    """Return all audit rows."""
    with database.reading() as connection:
        return connection.execute(select(tables.audit).order_by(tables.audit.c.id)).all()


def test_record_keeps_who_did_what_when(database):
    """Detail is JSON with Vietnamese as it is, its keys in order."""
    with database.transaction("test") as connection:
        audit.record(connection, 7, "system:alerts", "alert.raised", "A1", {"lý do": "đủ", "b": 2})
        audit.record(connection, 8, "system:alerts", "alert.revised", "A1")
    first, second = rows(database)
    assert (7, "system:alerts", "alert.raised", "A1") == tuple(first[1:5])
    assert ('{"b": 2, "lý do": "đủ"}', {}) == (first.detail, json.loads(second.detail))
    assert first.id < second.id


def test_record_is_part_of_the_acts_transaction(database):
    """An act that did not happen leaves no row."""
    token = durable.HOOK.set(fail_at_commit)
    with pytest.raises(KeyError), database.transaction("test") as connection:
        audit.record(connection, 7, "system:alerts", "alert.raised", "A1")
    durable.HOOK.reset(token)
    assert [] == rows(database)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(update(tables.audit).values(actor="another"), id="update"),
        pytest.param(delete(tables.audit), id="delete"),
        pytest.param(text("UPDATE audit SET at = 0 WHERE id = 1"), id="plain-update"),
        pytest.param(
            text(
                "INSERT INTO audit VALUES (1, 0, 'x', 'x', 'x', '') "
                "ON CONFLICT (id) DO UPDATE SET actor = 'x'"
            ),
            id="upsert",
        ),
    ],
)
def test_rows_cannot_be_changed_or_deleted(database, statement):
    """The database itself refuses, whatever program asks."""
    with database.transaction("test") as connection:
        audit.record(connection, 7, "system:alerts", "alert.raised", "A1")
    before = rows(database)
    with (
        pytest.raises((IntegrityError, HaidangError), match=r"append-only|permission denied"),
        database.transaction("test") as connection,
    ):
        connection.execute(statement)
    assert before == rows(database)


def test_replacing_a_row_of_a_file_is_refused(tmp_path):
    """It would delete without asking the trigger for deletions."""
    database = open_sqlite(tmp_path / "state.db")
    with database.transaction("test") as connection:
        audit.record(connection, 7, "system:alerts", "alert.raised", "A1")
    replacing = text("INSERT OR REPLACE INTO audit VALUES (1, 0, 'x', 'x', 'x', '')")
    with (
        pytest.raises(IntegrityError, match="append-only"),
        database.transaction("test") as connection,
    ):
        connection.execute(replacing)
    assert [7] == [row.at for row in rows(database)]
    database.close()


def test_triggers_are_there_after_reopening(tmp_path):
    """A second start does not weaken them."""
    for _ in range(2):
        database = open_sqlite(tmp_path / "state.db")
        with database.reading() as connection:
            found = connection.execute(
                text("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'")
            ).scalar_one()
        database.close()
    assert 3 == found


def test_acts_on_a_subject_come_in_order(database):
    """Only that subject's, of the asked kind; the newest where there are too many."""
    with database.transaction("test") as connection:
        for at, action in enumerate(("alert.raised", "alert.revised", "access.refused"), 7):
            audit.record(connection, at, "system:alerts", action, "A1", {"revision": at})
        audit.record(connection, 10, "system:alerts", "alert.raised", "A2")
    with database.reading() as connection:
        first, second = audit.acts_on(connection, "A1", "alert.")
        assert audit.Act(7, "system:alerts", "alert.raised", {"revision": 7}) == first
        assert [second] == audit.acts_on(connection, "A1", "alert.", limit=1)


def test_existing_store_gets_the_index_of_the_trail(tmp_path):
    """A store from before it is indexed at opening, and stays as it is from then on."""
    path = tmp_path / "state.db"
    with closing(open_sqlite(path)) as database, database.transaction("test") as connection:
        audit.record(connection, 7, "system:alerts", "alert.raised", "A1")
        connection.execute(text("DROP INDEX audit_subject"))
    for _ in range(2):
        with closing(open_sqlite(path)) as database:
            assert {"audit_subject"} == {
                one["name"] for one in inspect(database.engine).get_indexes("audit")
            }
            assert 1 == len(rows(database))
