"""The state store on each database: all or nothing, one writer at a time, fenced cursors."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from haidang import durable
from haidang.errors import Superseded, Unavailable
from haidang.store.state import columns, tables
from haidang.store.state.database import move_cursor, read_cursor


class Crash(BaseException):
    """The process dies here."""


def cursor_of(database, name="c"):
    """Return where a cursor stands."""
    with database.reading() as connection:
        return read_cursor(connection, name)


def move(database, old, new, name="c"):
    """Move a cursor in a transaction of its own."""
    with database.transaction("test") as connection:
        move_cursor(connection, name, old, new)


def batches(database):
    """How many match batches there are."""
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(tables.match_batch)).scalar_one()


def test_transaction_is_there_after_reopening(state):
    """What was committed stays."""
    first = state.open()
    move(first, "", "1")
    first.close()
    assert "1" == cursor_of(state.open())


def test_exception_rolls_everything_back(database):
    """All of a transaction or nothing."""

    def fail():
        with database.transaction("test") as connection:
            connection.execute(insert(tables.match_batch).values(matches=1, payload=b"x"))
            move_cursor(connection, "c", "", "1")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (0, "") == (batches(database), cursor_of(database))


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        pytest.param("", "test.before_commit", id="before"),
        pytest.param("1", "test.after_commit", id="after"),
    ],
)
def test_crash_at_the_commit_leaves_it_undone_or_done(state, expected, name):
    """Even an exception that nobody catches leaves no half."""

    def hook(passed):
        if passed == name:
            raise Crash

    database = state.open()
    token = durable.HOOK.set(hook)
    with pytest.raises(Crash):
        move(database, "", "1")
    durable.HOOK.reset(token)
    database.close()
    again = state.open()
    assert expected == cursor_of(again)
    move(again, expected, "2")
    assert "2" == cursor_of(again)


def test_reader_keeps_its_view_while_others_write(database):
    """One read sees one state, the next one the newer."""
    move(database, "", "1")
    with database.reading() as connection:
        assert "1" == read_cursor(connection, "c")
        move(database, "1", "2")
        assert "1" == read_cursor(connection, "c")
    assert "2" == cursor_of(database)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("", "2", id="first-move-of-a-moved-cursor"),
        pytest.param("0", "2", id="from-elsewhere"),
        pytest.param("2", "3", id="from-ahead"),
    ],
)
def test_cursor_moves_only_from_where_it_stands(database, old, new):
    """A worker that was overtaken must drop its work; the next one is not disturbed by that."""
    move(database, "", "1")
    with pytest.raises(Superseded, match="cursor c"):
        move(database, old, new)
    assert "1" == cursor_of(database)
    move(database, "1", "4")
    assert "4" == cursor_of(database)


def test_cursors_do_not_touch_each_other(database):
    """Each stage has its own."""
    move(database, "", "1", "match")
    move(database, "", "2", "alert")
    assert ["1", "2", ""] == [cursor_of(database, name) for name in ("match", "alert", "x")]


def count_up(database, times):
    """Move the cursor up `times` times against others."""
    done = 0
    while done < times:
        old = cursor_of(database)
        try:
            move(database, old, str(int(old or 0) + 1))
            done += 1
        except Superseded:
            pass


def test_threads_move_a_cursor_without_losing_a_step(state):
    """Read, compare, set: every step counts once, however the threads interleave."""
    rivals = [state.open(), state.open()]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(count_up, rivals, [40] * 2))
    assert "80" == cursor_of(rivals[0])


@pytest.mark.parametrize("start", [pytest.param("", id="first"), pytest.param("1", id="later")])
def test_rival_waits_for_the_one_before_and_is_superseded(state, start):
    """Of two transactions at once the second waits for the first, then finds the cursor moved."""
    one, other = state.open(), state.open()
    if start:
        move(one, "", start)
    with ThreadPoolExecutor(1) as pool:
        with one.transaction("test") as connection:
            move_cursor(connection, "c", start, "one")
            waiting = pool.submit(move, other, start, "other")
            with pytest.raises(TimeoutError):
                waiting.result(0.2)
        with pytest.raises(Superseded):
            waiting.result(10)
    assert "one" == cursor_of(other)


def test_overtaken_worker_leaves_nothing(state):
    """Two workers that both read the same position: one commits, the other drops its work."""
    one, other = state.open(), state.open()
    position = cursor_of(one), cursor_of(other)
    move(one, position[0], "one")

    def late():
        with other.transaction("test") as connection:
            connection.execute(insert(tables.match_batch).values(matches=1, payload=b"x"))
            move_cursor(connection, "c", position[1], "other")

    with pytest.raises(Superseded):
        late()
    assert (0, "one") == (batches(one), cursor_of(other))


def test_lock_held_too_long_is_unavailable_and_works_again(state):
    """A writer that waits in vain says so; nothing was lost."""
    holder, other = state.open(), state.open(patience_secs=1)
    move(holder, "", "0")
    with holder.transaction("test") as connection:
        move_cursor(connection, "c", "0", "1")
        with pytest.raises(Unavailable, match="lock"):
            move(other, "0", "2")
    move(other, "1", "2")
    assert "2" == cursor_of(holder)


def test_readers_do_not_wait_for_a_writer(state):
    """A listing is answered while a batch is written."""
    writer, reader = state.open(), state.open(patience_secs=1)
    with writer.transaction("test") as connection:
        move_cursor(connection, "c", "", "1")
        assert "" == cursor_of(reader)
    assert "1" == cursor_of(reader)


def test_broken_constraint_is_a_mistake_of_the_program(database):
    """A row of an alert that is not there is not told as a passing trouble."""
    row = insert(tables.alert_unit).values(alert="none", unit="u")
    with (
        pytest.raises(IntegrityError, match=r"(?i)foreign key"),
        database.transaction("test") as connection,
    ):
        connection.execute(row)
    move(database, "", "1")
    assert "1" == cursor_of(database)


def noted(database, *reasons):
    """Store poisons with these reasons; what is read back, in the database's order."""
    rows = [
        {"rule": "r", "event": str(number), "at": 2**62, "reason": reason}
        for number, reason in enumerate(reasons)
    ]
    reason = tables.poison.c.reason
    with database.transaction("test") as connection:
        connection.execute(insert(tables.poison), rows)
        return connection.execute(select(reason).order_by(reason)).scalars().all()


def test_text_is_kept_and_ordered_by_code_point(database):
    """Neither the letters of Vietnamese nor case depend on a server's locale."""
    words = ["đ", "e", "Z", "a", "ạ", "_", "", "𠀀", "�"]
    assert sorted(words) == noted(database, *words)


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        pytest.param("a�b", "a\0b", id="nul"),
        pytest.param("�", "\ud800", id="lone-surrogate"),
        pytest.param("�x", "\0x", id="nul-first"),
    ],
)
def test_what_no_database_can_keep_is_replaced(database, expected, given):
    """The same on both, and found again by what was given."""
    assert [expected] == noted(database, given)
    with database.reading() as connection:
        found = select(tables.poison.c.event).where(tables.poison.c.reason == given)
        assert ["0"] == connection.execute(found).scalars().all()


@given(st.text(st.characters(exclude_categories=())))
def test_every_text_can_be_stored(text):
    """What comes out is valid UTF-8 without NUL, and nothing else was changed."""
    results = {
        columns.Text().process_bind_param(text, dialect)
        for dialect in (sqlite.dialect(), postgresql.dialect())
    }
    (stored,) = results
    assert "\0" not in stored
    assert text.replace("\0", "�").encode("utf-8", "replace").count(b"?") >= stored.count("?")
    assert len(text) == len(stored)
    assert stored == stored.encode("utf-8").decode("utf-8")


@pytest.mark.parametrize("table", list(tables.metadata.sorted_tables), ids=lambda one: one.name)
def test_every_text_column_is_of_our_kind(table):
    """No column can receive what one of the databases would refuse."""
    kinds = {type(column.type).__name__ for column in table.columns}
    assert kinds <= {"Text", "BigInteger", "Integer", "LargeBinary"}
    assert all(
        isinstance(column.type, columns.Text)
        for column in table.columns
        if type(column.type).__name__ == "Text"
    )


def test_payload_comes_back_as_bytes(database):
    """Any byte, on either database."""
    payload = bytes(range(256)) * 4
    with database.transaction("test") as connection:
        connection.execute(insert(tables.detection).values(payload=payload))
        assert payload == connection.execute(select(tables.detection.c.payload)).scalar_one()


def test_ids_of_deleted_rows_never_come_back(state):
    """Cursors point at them."""
    database = state.open()
    ids = []
    for _ in range(2):
        with database.transaction("test") as connection:
            connection.execute(insert(tables.detection), [{"payload": b"x"}] * 2)
            ids += connection.execute(select(tables.detection.c.id).order_by("id")).scalars().all()
            connection.execute(tables.detection.delete())
    assert sorted(set(ids)) == ids
    assert 4 == len(ids)
