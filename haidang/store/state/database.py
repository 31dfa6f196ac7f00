"""Opening the state store, and its only two doors: a transaction and a read.

Every write begins IMMEDIATE: a deferred transaction that turns into a writer fails with "busy"
under two writers, an immediate one waits its turn.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from haidang import durable
from haidang.errors import HaidangError, Superseded, Unavailable
from haidang.store.state import tables

BUSY_TIMEOUT_SECS = 30

# INSERT OR REPLACE deletes without firing DELETE triggers, so inserting has one of its own.
_AUDIT_TRIGGERS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS audit_no_{name} BEFORE {act} "
    "BEGIN SELECT RAISE(ABORT, 'audit rows are append-only'); END"
    for name, act in (
        ("update", "UPDATE ON audit"),
        ("delete", "DELETE ON audit"),
        ("replace", "INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"),
    )
)


@dataclass(frozen=True, slots=True)
class Database:
    """The state store on one SQLite file."""

    engine: Engine

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or create the file and its tables.

        Raises Unavailable (no space, no permission) and HaidangError (not a database, or one
        written by a newer Hải Đăng).
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"{path.parent}: cannot be made: {error.strerror}") from error
        database = cls(_engine(path))
        with database.transaction("state.schema") as connection:
            tables.metadata.create_all(connection)
            for statement in _AUDIT_TRIGGERS:
                connection.execute(text(statement))
            _check_schema(connection, path)
        return database

    @contextmanager
    def transaction(self, name: str) -> Iterator[Connection]:
        """Open a write transaction; all of it is durable at the end, or none after any exception.

        `name` names its crash points. Raises Unavailable for a full disk or a locked file.
        """
        with _clear_errors(), self.engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
                durable.commit(transaction, name)
            except BaseException:
                if transaction.is_active:  # not so when dying right after the commit
                    transaction.rollback()
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a consistent view of committed rows."""
        options = {"haidang_begin": "DEFERRED"}
        with _clear_errors(), self.engine.connect().execution_options(**options) as connection:
            yield connection

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_SECS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    kind = connection.get_execution_options().get("haidang_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {kind}")


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        # SQLite says only this where the room for its shared memory is missing.
        hint = "; is the disk full or failing?" if "I/O" in str(error.orig) else ""
        raise Unavailable(f"the state store cannot be used now: {error.orig}{hint}") from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:
            raise  # a broken constraint or a wrong statement: a mistake of the program
        what = f"the state store is damaged or is no database: {error.orig}"
        raise HaidangError(f"{what}; restore it, or use another data_dir") from error


def _check_schema(connection: Connection, path: Path) -> None:
    row = connection.execute(
        select(tables.meta.c.value).where(tables.meta.c.key == "schema_version")
    ).scalar_one_or_none()
    if row is None:
        version = {"key": "schema_version", "value": str(tables.SCHEMA_VERSION)}
        connection.execute(insert(tables.meta).values(version))
    elif int(row) != tables.SCHEMA_VERSION:
        raise HaidangError(
            f"{path}: schema version {row}, this Hải Đăng knows {tables.SCHEMA_VERSION}; "
            "use the version that wrote it, or another data_dir"
        )


def read_cursor(connection: Connection, name: str) -> str:
    """Return the position of a cursor, "" before it first moved."""
    found = select(tables.cursor.c.pos).where(tables.cursor.c.name == name)
    return connection.execute(found).scalar_one_or_none() or ""


def move_cursor(connection: Connection, name: str, old: str, new: str) -> None:
    """Compare-and-set inside the transaction that writes the result.

    Raises Superseded if the cursor is no longer at `old`: somebody else did this work.
    """
    moved = connection.execute(
        update(tables.cursor)
        .where(tables.cursor.c.name == name, tables.cursor.c.pos == old)
        .values(pos=new)
    ).rowcount
    if moved == 0 and old == "":
        try:
            connection.execute(insert(tables.cursor).values(name=name, pos=new))
        except IntegrityError as error:
            raise Superseded(f"cursor {name} was moved by another process") from error
    elif moved == 0:
        raise Superseded(f"cursor {name} was moved by another process")
