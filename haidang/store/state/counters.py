"""Durable counters: what happened since the store was made, each time exactly once.

A crash neither loses nor doubles a count, as it is added in the transaction of what it counts.
"""

from collections.abc import Mapping
from typing import TypeAlias

from sqlalchemy import Connection, bindparam, insert, select, update

from haidang.store.state import tables

# (name, label) to value; the label is "" where a name has only one counter.
Counters: TypeAlias = Mapping[tuple[str, str], int]


def add(connection: Connection, more: Counters) -> None:
    """Add to counters; part of the caller's transaction, whose cursor keeps rivals away."""
    table = tables.counter
    rows = [{"n": name, "l": label, "v": value} for (name, label), value in more.items() if value]
    if not rows:
        return
    names = {row["n"] for row in rows}
    query = select(table.c.name, table.c.label).where(table.c.name.in_(names))
    known = {(row.name, row.label) for row in connection.execute(query)}
    old = [row for row in rows if (row["n"], row["l"]) in known]
    new = [row for row in rows if (row["n"], row["l"]) not in known]
    if old:
        mine = (table.c.name == bindparam("n")) & (table.c.label == bindparam("l"))
        grown = update(table).where(mine).values(value=table.c.value + bindparam("v"))
        connection.execute(grown, old)
    if new:
        fresh = [{"name": row["n"], "label": row["l"], "value": row["v"]} for row in new]
        connection.execute(insert(table), fresh)


def read(connection: Connection) -> Counters:
    """Every counter."""
    table = tables.counter
    return {(row.name, row.label): row.value for row in connection.execute(select(table))}
