"""The audit trail: a row for each act, written in the transaction of the act itself."""

import json
from collections.abc import Mapping

from sqlalchemy import Connection, insert

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

    `actor` is `system:<part>` or, later, a pseudonymous account id. `detail` holds ids, counts
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
