"""The state store on a PostgreSQL server (docs/decisions/0009).

Two roles: the owner makes the tables (`init_postgresql`), the run-time role works in them and can
only add to the audit trail. Opening touches no network, so a command may start before its
database; each new connection is checked before its first use.
"""

import re
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection as RawConnection
from psycopg.rows import tuple_row
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from haidang.errors import HaidangError
from haidang.store.state import tables
from haidang.store.state.database import Database, check_schema, note_schema, unavailable

_INIT = "run `haidang store init` as the owner of the database"
_OTHER = "database"  # what to use instead of a store of another version

# Refusals that no waiting mends, and what to do. The server tells a client that it does not let
# in no code, only words; where they are not English, the refusal counts as one that may pass.
_REMEDIES = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (r"^3D000|database \".*\" does not exist", "as an administrator run CREATE DATABASE"),
        (r"role \".*\" does not exist", "as an administrator run CREATE ROLE … LOGIN PASSWORD …"),
        (
            r"^28|authentication failed|no password supplied|no pg_hba\.conf entry|not permitted",
            "check the user, its password file, and the server's pg_hba.conf",
        ),
        (r"^3F000|^42(501|P01|703)|permission denied for database", _INIT),
        (r"invalid (connection option|port|\w+ value)", "check the database's url"),
        (r"^XX00[12]", "restore it from a backup"),
    )
)
# Connection lost, deadlock, no room or no more clients, lock held too long, shutting down or
# starting, disk failing, paused too long in a transaction, a standby that takes no writes.
_PASSING = ("08", "40", "53", "55P03", "57", "58", "25P03", "25006")

_MISSING = "SELECT name FROM unnest(%s::text[]) AS wanted (name) WHERE to_regclass(name) IS NULL"
_RIGHTS = """
SELECT current_user,
       pg_has_role(relowner, 'MEMBER') OR pg_has_role(nspowner, 'MEMBER'),
       has_table_privilege(audit.oid, 'UPDATE, DELETE, TRUNCATE')
       OR has_any_column_privilege(audit.oid, 'UPDATE')
FROM pg_class AS audit JOIN pg_namespace AS schema ON schema.oid = relnamespace
WHERE audit.oid = to_regclass('audit')
"""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the database is, `postgresql://user@host:port/dbname`, and how long to wait for it.

    `patience_secs` bounds connecting, waiting for a lock, and idling inside a transaction: a
    worker that is paused while it holds a lock is cut off by the server.
    """

    url: str
    password: str = field(default="", repr=False)
    patience_secs: int = 30


def open_postgresql(server: Server) -> Database:
    """The state store as the run-time role; without any network before its first use.

    Raises HaidangError for a url that is none. Every use raises Unavailable while the server is
    away, and HaidangError where it lets nobody in or is not set up (`check_postgresql`).
    """
    database = _database(server)

    def check(raw: RawConnection[Any], _record: object) -> None:
        try:
            _check(raw, server.url)
            raw.rollback()
        except BaseException:
            raw.close()
            raise

    event.listen(database.engine, "connect", check)
    return database


def check_postgresql(database: Database) -> None:
    """Check that tables and role are as `init_postgresql` makes them.

    Raises HaidangError: tables missing or of another schema version, or a role that could change
    or delete audit rows; Unavailable.
    """
    with database.reading() as connection:
        raw: Any = connection.connection.driver_connection
        _check(raw, database.engine.url.render_as_string())


def init_postgresql(owner: Server, role: str) -> None:
    """Make the tables as the database's owner, and grant the run-time role what it needs.

    Doing it again changes nothing. Raises HaidangError (no such role, not the owner, tables of
    another version, a database that is not UTF-8) and Unavailable.
    """
    with (
        closing(_database(owner)) as database,
        database.transaction("state.schema") as connection,
    ):
        # Two at once would both find no tables.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('haidang store init'))"))
        _check_owner(connection, role)
        tables.make(connection)
        note_schema(connection, owner.url, _OTHER)
        _grant(connection, role)


def _database(server: Server) -> Database:
    engine = _engine(server)
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database(engine, reader, _explain)


def _engine(server: Server) -> Engine:
    patience = server.patience_secs
    settings = {
        "search_path": "public",
        "lock_timeout": f"{patience}s",
        "idle_in_transaction_session_timeout": f"{patience}s",
    }
    arguments = {
        "application_name": "haidang",
        "client_encoding": "utf8",
        "connect_timeout": patience,
        # A server that is gone without a word is noticed, too.
        "keepalives_idle": patience,
        "tcp_user_timeout": patience * 1000,
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }
    return create_engine(
        _url(server),
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        connect_args=arguments,
    )


def _url(server: Server) -> URL:
    try:
        url = make_url(server.url)
    except (ArgumentError, ValueError):
        url = make_url("none://")
    if url.drivername != "postgresql" or not (url.username and url.database) or url.password:
        # What was given is not shown: it may hold a password.
        form = "postgresql://user@host:port/dbname"
        raise HaidangError(f"the state store's url must be {form}, the password in a file")
    return url.set(drivername="postgresql+psycopg", password=server.password or None)


def _explain(error: DBAPIError) -> HaidangError | None:
    state = getattr(error.orig, "sqlstate", None) or ""
    said = " ".join(str(error.orig).split())
    for pattern, remedy in _REMEDIES:
        if pattern.search(state or said):
            return HaidangError(f"the state store: {said}; {remedy}")
    outside = not state and isinstance(error, OperationalError)
    if error.connection_invalidated or outside or state.startswith(_PASSING):
        return unavailable(said)
    return None


def _check(raw: RawConnection[Any], place: str) -> None:
    with raw.cursor(row_factory=tuple_row) as cursor:
        missing = cursor.execute(_MISSING, [list(tables.metadata.tables)]).fetchall()
        if missing:
            names = ", ".join(name for (name,) in missing)
            raise HaidangError(f"{place}: tables are missing ({names}); {_INIT}")
        version = "SELECT value FROM meta WHERE key = 'schema_version'"
        found = cursor.execute(version).fetchone()
        check_schema(found[0] if found else "none", place, _OTHER)
        for role, owns, changes in cursor.execute(_RIGHTS):
            if owns or changes:
                what = "owns the tables or is a superuser" if owns else "has rights of its own"
                raise HaidangError(
                    f"{place}: {role} {what} and so could change the audit trail; use a role "
                    f"of its own for the services, and {_INIT} for it"
                )


def _check_owner(connection: Connection, role: str) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise HaidangError(f"the database's encoding is {encoding}; make one with ENCODING 'UTF8'")
    quoted = _quoted(connection, role)
    exists = text("SELECT pg_has_role(oid, current_user, 'MEMBER') FROM pg_roles WHERE rolname=:r")
    owner = connection.execute(exists, {"r": role}).scalar_one_or_none()
    if owner is None:
        make = f"CREATE ROLE {quoted} LOGIN PASSWORD '…'"
        raise HaidangError(f"there is no role {quoted}; as an administrator run {make}")
    if owner:
        what = f"{quoted} is the owner, belongs to it or is a superuser"
        raise HaidangError(f"{what}: it could change the audit trail; name another role")
    rights = connection.exec_driver_sql(_RIGHTS).one_or_none()
    if rights is not None and not rights[1]:
        raise HaidangError(f"{rights[0]} does not own the tables that are there; {_INIT}")


def _grant(connection: Connection, role: str) -> None:
    quoted = _quoted(connection, role)
    names = ", ".join(name for name in tables.metadata.tables if name != tables.audit.name)
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {quoted}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {names} TO {quoted}",
        f"REVOKE ALL ON audit FROM PUBLIC, {quoted}",
        f"GRANT SELECT, INSERT ON audit TO {quoted}",
    ):
        connection.execute(text(statement))


def _quoted(connection: Connection, role: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(role)
