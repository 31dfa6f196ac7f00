"""The profile *embedded*: Parquet files and SQLite in `data_dir`."""

from collections.abc import Iterator
from contextlib import closing

import duckdb
import pyarrow as pa
from sqlalchemy import text

from app.settings import Config
from app.stores import State
from app.stores.folder import data_folder
from haidang.errors import HaidangError
from haidang.store.events.parquet.store import ParquetStore
from haidang.store.state import tables
from haidang.store.state.database import Database
from haidang.store.state.sqlite import open_sqlite

EVENTS, STATE = "events", "state.db"


def open_store(settings: Config) -> ParquetStore:
    """See `app.stores`; makes the folder at its first use."""
    path = data_folder(settings) / EVENTS
    return ParquetStore.open(path, memory_limit=settings.memory_limit, threads=settings.threads)


def open_database(settings: Config) -> Database:
    """See `app.stores`; makes the file at its first use."""
    return open_sqlite(data_folder(settings) / STATE)


def init(settings: Config, *, force: bool) -> Iterator[str]:
    """See `app.stores`; there is nothing to force."""
    del force
    open_store(settings).close()
    yield f"events: {settings.data_dir / EVENTS}"
    open_database(settings).close()
    yield f"state: {settings.data_dir / STATE}, schema version {tables.SCHEMA_VERSION}"


def check(settings: Config) -> State:
    """See `app.stores`. What was never made is a problem, and is not made now."""
    problems: list[str] = []
    summary = ""
    missing = [name for name in (EVENTS, STATE) if not (settings.data_dir / name).exists()]
    if missing:
        problems = [
            f"{settings.data_dir / name}: is missing; run haidang store init" for name in missing
        ]
        return State(tuple(problems), "")
    try:
        with closing(open_store(settings)) as store:
            summary = f"Parquet (pyarrow {pa.__version__}, DuckDB {duckdb.__version__})"
            summary += f", head {store.head() or 'none'}"
    except HaidangError as error:
        problems += str(error).splitlines()
    try:
        with closing(open_database(settings)) as database, database.reading() as connection:
            version = connection.execute(text("SELECT sqlite_version()")).scalar_one()
            summary += f"; SQLite {version}, schema version {tables.SCHEMA_VERSION}"
    except HaidangError as error:
        problems += str(error).splitlines()
    return State(tuple(problems), summary)
