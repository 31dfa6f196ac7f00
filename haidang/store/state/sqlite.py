"""The state store on one SQLite file: pragmas, triggers, errors in words.

Every write begins IMMEDIATE: a deferred transaction that turns into a writer fails with "busy"
under two writers, an immediate one waits its turn.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from haidang.errors import HaidangError, Unavailable
from haidang.store.state import tables
from haidang.store.state.database import Database, note_schema, unavailable

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


def open_sqlite(path: Path) -> Database:
    """Open or create the file and its tables.

    Raises Unavailable (no space, no permission) and HaidangError (not a database, or one of
    another version of Hải Đăng).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{path.parent}: cannot be made: {error.strerror}") from error
    timeout = {"timeout": BUSY_TIMEOUT_SECS}
    database = sqlite_database(create_engine(f"sqlite:///{path}", connect_args=timeout))
    with database.transaction("state.schema") as connection:
        tables.make(connection)
        for statement in _AUDIT_TRIGGERS:
            connection.execute(text(statement))
        note_schema(connection, str(path), "data_dir")
    return database


def sqlite_database(engine: Engine) -> Database:
    """The two doors over an engine of SQLite, whose tables may still be missing."""
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return Database(engine, engine.execution_options(haidang_begin="DEFERRED"), _explain)


def _prepare(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    kind = connection.get_execution_options().get("haidang_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {kind}")


def _explain(error: DBAPIError) -> HaidangError | None:
    if isinstance(error, OperationalError):
        # SQLite says only this where the room for its shared memory is missing.
        hint = "; is the disk full or failing?" if "I/O" in str(error.orig) else ""
        return unavailable(f"{error.orig}{hint}")
    if type(error) is DatabaseError:
        what = f"the state store is damaged or is no database: {error.orig}"
        return HaidangError(f"{what}; restore it, or use another data_dir")
    return None
