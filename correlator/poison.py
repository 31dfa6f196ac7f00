"""What cannot be evaluated is set aside by name, so that one bad rule or event stops nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import SQLAlchemyError

from haidang.errors import HaidangError
from haidang.model.instant import Instant
from haidang.store import audit
from haidang.store.state import tables

NOTED = 100


def set_aside(connection: Connection, rule: str, event: str, at: Instant, reason: str) -> None:
    """Note that `rule` could not be evaluated on `event` (or on the group of that id), once.

    Of a rule that fails on everything the first `NOTED` are enough to know it.
    """
    table = tables.poison
    query = select(table.c.event).where(table.c.rule == rule).limit(NOTED)
    noted = connection.execute(query).scalars().all()
    if event not in noted and len(noted) < NOTED:
        row = {"rule": rule, "event": event, "at": at, "reason": reason}
        connection.execute(insert(table).values(row))
        detail = {"event": event, "reason": reason}
        audit.record(connection, at, "system:correlator", "rule.set_aside", rule, detail)


@contextmanager
def guarded(connection: Connection, rule: str, group_id: str, at: Instant) -> Iterator[None]:
    """Undo and set aside what fails inside; errors of the store itself pass through."""
    try:
        with connection.begin_nested():
            yield
    except (SQLAlchemyError, HaidangError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a rule can do must not stop the others
        set_aside(connection, rule, group_id, at, type(error).__name__)
