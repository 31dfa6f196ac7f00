"""What only a file does: pragmas, damage, a small disk, several processes on it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import insert, text, update

from haidang.errors import HaidangError, Unavailable
from haidang.store.state import sqlite, tables
from haidang.store.state.database import move_cursor, read_cursor
from haidang.store.state.sqlite import open_sqlite

ROOT = Path(__file__).parents[4]


@pytest.fixture
def path(tmp_path):
    """Return the place of a state store that is not there yet."""
    return tmp_path / "data" / "state.db"


@pytest.fixture
def database(path):
    """Open a new state store."""
    database = open_sqlite(path)
    yield database
    database.close()


def cursor_of(database):
    """Return where a cursor stands."""
    with database.reading() as connection:
        return read_cursor(connection, "c")


def move(database, old, new):
    """Move a cursor in a transaction of its own."""
    with database.transaction("test") as connection:
        move_cursor(connection, "c", old, new)


_PROGRAM = """
import sys
from pathlib import Path
from haidang.errors import Superseded
from haidang.store.state.database import move_cursor, read_cursor
from haidang.store.state.sqlite import open_sqlite
database = open_sqlite(Path(sys.argv[1]))
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
    database = open_sqlite(path)
    assert "300" == cursor_of(database)
    database.close()
    assert 0 < sum(overtaken), "the processes never met: no contention was tested"


def test_writer_has_its_turn_from_the_beginning(path, monkeypatch):
    """What a transaction reads first is still true when it writes: nobody came between."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECS", 0.2)
    one, other = open_sqlite(path), open_sqlite(path)
    with one.transaction("test") as connection:
        old = read_cursor(connection, "c")
        with pytest.raises(Unavailable, match="locked"):
            move(other, "", "other")
        move_cursor(connection, "c", old, "one")
    assert "one" == cursor_of(other)
    one.close()
    other.close()


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)],
)
def test_every_connection_is_prepared(database, pragma, expected):
    """Durable commits and foreign keys do not depend on a default."""
    with database.reading() as connection:
        assert expected == connection.execute(text(f"PRAGMA {pragma}")).scalar_one()


def test_schema_version_is_written_and_compared(path):
    """A file of another version is left alone, with words what to do."""
    first = open_sqlite(path)
    with first.transaction("test") as connection:
        connection.execute(update(tables.meta).values(value="99"))
    first.close()
    with pytest.raises(HaidangError, match=r"schema version 99.*knows 1.*data_dir"):
        open_sqlite(path)


def test_file_that_is_no_database_is_told_in_words(path):
    """Nothing overwrites it."""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"these are somebody's notes\n" * 100)
    with pytest.raises(HaidangError, match="not a database") as caught:
        open_sqlite(path)
    assert not isinstance(caught.value, Unavailable), "trying again would not help"
    assert path.read_bytes().startswith(b"these are somebody's notes")


def test_folder_that_cannot_be_made_is_unavailable(tmp_path):
    """The message names the folder."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="file/data: cannot be made"):
        open_sqlite(tmp_path / "file" / "data" / "state.db")


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
    database = open_sqlite(small_disk / "state.db")
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
