"""The audit trail: a row for each act, written in the transaction of the act itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from haidang.model.instant import Instant
from haidang.store.state import tables


def record(  # noqa: PLR0913, PLR0917 - a row's columns, always given in this order
    connection: Connection,
    at: Instant,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Note that `actor` did `action` to `subject`; part of the caller's transaction.

    `actor` is `system:<part>` or the pseudonymous id of an account. `detail` holds ids, counts
    and reasons, never the content of an event.
    """
    row = {
        "at": at,
        "actor": actor,
        "action": action,
        "subject": subject,
        "detail": json.dumps(detail or {}, ensure_ascii=False, sort_keys=True),
    }
    connection.execute(insert(tables.audit).values(row))


@dataclass(frozen=True, slots=True)
class Act:
    """One row of the trail."""

    at: Instant
    actor: str
    action: str
    detail: Mapping[str, object]


def acts_on(connection: Connection, subject: str, actions: str, limit: int = 1000) -> list[Act]:
    """The newest acts on a subject whose name begins so (`alert.`), the oldest of them first."""
    table = tables.audit
    mine = select(table).where(table.c.subject == subject, table.c.action.startswith(actions))
    rows = connection.execute(mine.order_by(table.c.id.desc()).limit(limit)).all()
    return [Act(row.at, row.actor, row.action, json.loads(row.detail)) for row in reversed(rows)]
