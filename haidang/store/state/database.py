"""The state store's only two doors, a transaction and a read, and the cursors that fence work.

The same on SQLite and PostgreSQL, whose modules beside this one open it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from haidang import durable
from haidang.errors import HaidangError, Superseded, Unavailable
from haidang.store.state import tables


@dataclass(frozen=True, slots=True)
class Database:
    """The state store: `engine` writes, `reader` begins consistent reads on the same connections.

    `explain` tells a driver's error in words; None for a mistake of the program, such as a broken
    constraint or a wrong statement.
    """

    engine: Engine
    reader: Engine
    explain: Callable[[DBAPIError], HaidangError | None]

    @contextmanager
    def transaction(self, name: str) -> Iterator[Connection]:
        """Open a write transaction; all of it is durable at the end, or none after any exception.

        `name` names its crash points. Raises Unavailable for a full disk, a lock that somebody
        holds too long or a lost server; where that happens in the commit itself, it may have
        been done: the cursor tells.
        """
        with self._clear_errors(), self.engine.connect() as connection:
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
        with self._clear_errors(), self.reader.connect() as connection:
            yield connection

    def close(self) -> None:
        """Let go of the file or the server."""
        self.engine.dispose()

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            explained = self.explain(error)
            if explained is None:
                raise
            raise explained from error


def unavailable(said: object) -> Unavailable:
    """The error for what a later try may find mended."""
    return Unavailable(f"the state store cannot be used now: {said}")


def note_schema(connection: Connection, place: str, other: str) -> None:
    """Write the schema version into a new store.

    Raises HaidangError for a store of another version: `place` names it, `other` what to use
    instead.
    """
    version = {"key": "schema_version", "value": str(tables.SCHEMA_VERSION)}
    query = select(tables.meta.c.value).where(tables.meta.c.key == version["key"])
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        connection.execute(insert(tables.meta).values(version))
    else:
        check_schema(found, place, other)


def check_schema(found: str, place: str, other: str) -> None:
    """Raise HaidangError for a schema version that is not ours."""
    if found != str(tables.SCHEMA_VERSION):
        raise HaidangError(
            f"{place}: schema version {found}, this Hải Đăng knows {tables.SCHEMA_VERSION}; "
            f"use the version that wrote it, or another {other}"
        )


def read_cursor(connection: Connection, name: str) -> str:
    """Return the position of a cursor, "" before it first moved."""
    found = select(tables.cursor.c.pos).where(tables.cursor.c.name == name)
    return connection.execute(found).scalar_one_or_none() or ""


def move_cursor(connection: Connection, name: str, old: str, new: str) -> None:
    """Compare-and-set inside the transaction that writes the result, as its first statement.

    From here to the commit nobody else can move this cursor: a rival waits, then finds it moved.
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
