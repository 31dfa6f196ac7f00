"""Durable counters: what happened since the store was made, each time exactly once.

A crash neither loses nor doubles a count, as it is added in the transaction of what it counts.
"""

from collections.abc import Mapping
from typing import TypeAlias

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from haidang.store.state import tables

# (name, label) to value; the label is "" where a name has only one counter.
Counters: TypeAlias = Mapping[tuple[str, str], int]

_ROWS = 1000  # a statement; databases limit its parameters


def add(connection: Connection, more: Counters) -> None:
    """Add to counters; part of the caller's transaction, whose cursor keeps rivals away.

    Whole statements of many rows: the driver would send one statement with many parameters as a
    pipeline, after which PostgreSQL 15 was seen not to end a session that idles in a transaction.
    """
    table = tables.counter
    rows = [
        {"name": name, "label": label, "value": count}
        for (name, label), count in sorted(more.items())
        if count
    ]
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for start in range(0, len(rows), _ROWS):
        fresh = insert(table).values(rows[start : start + _ROWS])
        grown = {"value": table.c.value + fresh.excluded.value}
        key = [table.c.name, table.c.label]
        connection.execute(fresh.on_conflict_do_update(index_elements=key, set_=grown))


def read(connection: Connection) -> Counters:
    """Every counter."""
    table = tables.counter
    return {(row.name, row.label): row.value for row in connection.execute(select(table))}
