"""The state store: all or nothing, compare-and-set under contention, clear words when it cannot."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from haidang import durable
from haidang.errors import HaidangError, Superseded, Unavailable
from haidang.store.state import database as database_module
from haidang.store.state import tables
from haidang.store.state.database import Database, move_cursor, read_cursor

ROOT = Path(__file__).parents[4]


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
def path(tmp_path):
    """Return the place of a state store that is not there yet."""
    return tmp_path / "data" / "state.db"


@pytest.fixture
def database(path):
    """Open a new state store."""
    database = Database.open(path)
    yield database
    database.close()


def cursor_of(database, name="c"):
    """Return where a cursor stands."""
    with database.reading() as connection:
        return read_cursor(connection, name)


def move(database, old, new, name="c"):
    """Move a cursor in a transaction of its own."""
    with database.transaction("test") as connection:
        move_cursor(connection, name, old, new)


def test_transaction_is_there_after_reopening(path):
    """What was committed is on disk."""
    first = Database.open(path)
    move(first, "", "1")
    first.close()
    second = Database.open(path)
    assert "1" == cursor_of(second)
    second.close()


def test_exception_rolls_everything_back(database):
    """All of a transaction or nothing."""

    def fail():
        with database.transaction("test") as connection:
            connection.execute(insert(tables.match_batch).values(matches=1, payload=b"x"))
            move_cursor(connection, "c", "", "1")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with database.reading() as connection:
        count = connection.execute(select(func.count()).select_from(tables.match_batch))
        assert (0, "") == (count.scalar_one(), read_cursor(connection, "c"))


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        pytest.param("", "test.before_commit", id="before"),
        pytest.param("1", "test.after_commit", id="after"),
    ],
)
def test_crash_at_the_commit_leaves_it_undone_or_done(path, expected, name):
    """Even an exception that nobody catches leaves no half."""

    def hook(passed):
        if passed == name:
            raise Crash

    database = Database.open(path)
    token = durable.HOOK.set(hook)
    with pytest.raises(Crash):
        move(database, "", "1")
    durable.HOOK.reset(token)
    database.close()
    again = Database.open(path)
    assert expected == cursor_of(again)
    move(again, expected, "2")
    assert "2" == cursor_of(again)
    again.close()


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
    """A worker that was overtaken must drop its work."""
    move(database, "", "1")
    with pytest.raises(Superseded, match="cursor c"):
        move(database, old, new)
    assert "1" == cursor_of(database)


def test_cursors_do_not_touch_each_other(database):
    """Each stage has its own."""
    move(database, "", "1", "match")
    move(database, "", "2", "alert")
    assert ["1", "2", ""] == [cursor_of(database, name) for name in ("match", "alert", "x")]


def count_up(path, times):
    """Move the cursor up `times` times against others; return how often it was overtaken."""
    database = Database.open(path)
    overtaken = done = 0
    while done < times:
        old = cursor_of(database)
        try:
            move(database, old, str(int(old or 0) + 1))
            done += 1
        except Superseded:
            overtaken += 1
    database.close()
    return overtaken


def test_threads_move_a_cursor_without_losing_a_step(path):
    """Read, compare, set: every step counts once, however the threads interleave."""
    Database.open(path).close()
    with ThreadPoolExecutor(2) as pool:
        overtaken = list(pool.map(count_up, [path] * 2, [40] * 2))
    database = Database.open(path)
    assert "80" == cursor_of(database)
    database.close()
    assert 0 <= min(overtaken)


def test_overtaken_worker_is_superseded(path):
    """Two workers that both read the same position: one commits, the other drops its work."""
    one, other = Database.open(path), Database.open(path)
    position = cursor_of(one), cursor_of(other)
    move(one, position[0], "one")
    with pytest.raises(Superseded):
        _write_batch(other, position[1], "other")
    with one.reading() as connection:
        assert (
            0
            == connection.execute(select(func.count()).select_from(tables.match_batch)).scalar_one()
        )
    assert "one" == cursor_of(other)
    one.close()
    other.close()


_PROGRAM = """
import sys
from pathlib import Path
from haidang.errors import Superseded
from haidang.store.state.database import Database, move_cursor, read_cursor
database = Database.open(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
done = overtaken = 0
while done < int(sys.argv[2]):
    with database.reading() as connection:
        old = read_cursor(connection, "c")
    try:
        with database.transaction("test") as connection:
            move_cursor(connection, "c", old, str(int(old or 0) + 1))
        done += 1
    except Superseded:
        overtaken += 1
print(overtaken)
"""


@pytest.mark.slow
def test_processes_move_a_cursor_without_losing_a_step(path):
    """Three real processes contend, none loses a step or is told that the file is busy."""
    arguments = [sys.executable, "-c", _PROGRAM, str(path), "100"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    processes = [subprocess.Popen(arguments, **pipes) for _ in range(3)]
    assert ["ready\n"] * 3 == [process.stdout.readline() for process in processes]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    overtaken = [int(process.communicate(timeout=60)[0]) for process in processes]
    database = Database.open(path)
    assert "300" == cursor_of(database)
    database.close()
    assert 0 < sum(overtaken), "the processes never met: no contention was tested"


def test_locked_file_is_unavailable_and_works_again(path, monkeypatch):
    """A writer that waits in vain says so; nothing was lost."""
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_SECS", 0.2)
    holder, other = Database.open(path), Database.open(path)
    with holder.transaction("test") as connection:
        move_cursor(connection, "c", "", "1")
        with pytest.raises(Unavailable, match="locked"):
            move(other, "", "2")
    move(other, "1", "2")
    assert "2" == cursor_of(holder)
    holder.close()
    other.close()


def test_writer_has_its_turn_from_the_beginning(path, monkeypatch):
    """What a transaction reads first is still true when it writes: nobody came between."""
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_SECS", 0.2)
    one, other = Database.open(path), Database.open(path)
    with one.transaction("test") as connection:
        old = read_cursor(connection, "c")
        with pytest.raises(Unavailable, match="locked"):
            move(other, "", "other")
        move_cursor(connection, "c", old, "one")
    assert "one" == cursor_of(other)
    one.close()
    other.close()


def test_readers_do_not_wait_for_a_writer(path, monkeypatch):
    """A listing is answered while a batch is written."""
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_SECS", 0.2)
    writer, reader = Database.open(path), Database.open(path)
    with writer.transaction("test") as connection:
        move_cursor(connection, "c", "", "1")
        assert "" == cursor_of(reader)
    assert "1" == cursor_of(reader)
    writer.close()
    reader.close()


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)],
)
def test_every_connection_is_prepared(database, pragma, expected):
    """Durable commits and foreign keys do not depend on a default."""
    with database.reading() as connection:
        assert expected == connection.execute(text(f"PRAGMA {pragma}")).scalar_one()


def test_foreign_keys_hold(database):
    """A row of an alert that is not there is a mistake of the program, not of the disk."""
    with (
        pytest.raises(IntegrityError, match="FOREIGN KEY"),
        database.transaction("test") as connection,
    ):
        connection.execute(insert(tables.alert_unit).values(alert="none", unit="u"))


def test_schema_version_is_written_and_compared(path):
    """A file of another version is left alone, with words what to do."""
    first = Database.open(path)
    with first.transaction("test") as connection:
        connection.execute(update(tables.meta).values(value="99"))
    first.close()
    with pytest.raises(HaidangError, match=r"schema version 99.*knows 1.*data_dir"):
        Database.open(path)


def test_file_that_is_no_database_is_told_in_words(path):
    """Nothing overwrites it."""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"these are somebody's notes\n" * 100)
    with pytest.raises(HaidangError, match="not a database") as caught:
        Database.open(path)
    assert not isinstance(caught.value, Unavailable), "trying again would not help"
    assert path.read_bytes().startswith(b"these are somebody's notes")


def test_folder_that_cannot_be_made_is_unavailable(tmp_path):
    """The message names the folder."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="file/data: cannot be made"):
        Database.open(tmp_path / "file" / "data" / "state.db")


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 1 MiB, or skip where that is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("a full disk can only be tried where mounting a tmpfs is allowed (root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_is_unavailable_and_works_again(small_disk):
    """A batch that does not fit is refused whole; with space the same batch is accepted."""
    database = Database.open(small_disk / "state.db")
    move(database, "", "1")
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (_free(small_disk) - 64 * 1024))
    with pytest.raises(Unavailable, match="full"):
        _write_batch(database, "1", "2")
    assert "1" == cursor_of(database)
    ballast.unlink()
    _write_batch(database, "1", "2")
    assert "2" == cursor_of(database)
    database.close()


def _free(folder):
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def _write_batch(database, old, new):
    with database.transaction("test") as connection:
        row = {"matches": 1, "payload": os.urandom(100_000)}
        connection.execute(insert(tables.match_batch).values(row))
        move_cursor(connection, "c", old, new)
