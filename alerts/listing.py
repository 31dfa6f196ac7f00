"""Reading alerts and their evidence back; each read takes a scope and enforces it in SQL."""

from typing import Literal, TypeAlias

from sqlalchemy import ColumnElement, Select, case, select, true

from alerts.evidence import Evidence, read_copies
from alerts.stored import to_alert
from haidang.model.alert import Alert
from haidang.model.detection import LEVELS
from haidang.model.scope import Scope
from haidang.store.state import tables
from haidang.store.state.database import Database

Order: TypeAlias = Literal["newest", "level"]

_ALERT, _UNIT = tables.alert, tables.alert_unit


def list_alerts(
    database: Database,
    scope: Scope,
    order: Order = "newest",
    limit: int | None = None,
    superseded: bool = False,
) -> list[Alert]:
    """Visible alerts, the last raised first, or the highest level first and then by time.

    Superseded alerts only with `superseded`. Raises Unavailable.
    """
    query = select(_ALERT).where(_visible(scope)).order_by(*_order(order)).limit(limit)
    if not superseded:
        query = query.where(_ALERT.c.superseded_by == "")
    return _read(database, query)


def get_alert(database: Database, scope: Scope, alert_id: str) -> Alert | None:
    """One visible alert; None where there is none or it is not visible, alike."""
    query = select(_ALERT).where(_ALERT.c.id == alert_id, _visible(scope))
    return next(iter(_read(database, query)), None)


def list_evidence(database: Database, scope: Scope, alert_id: str) -> list[Evidence]:
    """Copies of a visible alert by (time, event id).

    Only events that affect or are operated by a unit of the scope: an alert may span units, its
    readers still see their own events alone.
    """
    if get_alert(database, scope, alert_id) is None:
        return []
    with database.reading() as connection:
        copies = read_copies(connection, [alert_id])
    return [copy for copy in copies if scope.sees("", copy.units)]


def _read(database: Database, query: Select[tuple[object, ...]]) -> list[Alert]:
    with database.reading() as connection:
        return [to_alert(row) for row in connection.execute(query)]


def _visible(scope: Scope) -> ColumnElement[bool]:
    if scope.units is None:
        return true()
    units = sorted(scope.units)
    return _ALERT.c.id.in_(select(_UNIT.c.alert).where(_UNIT.c.unit.in_(units)))


def _order(order: Order) -> list[ColumnElement[object]]:
    newest: list[ColumnElement[object]] = [_ALERT.c.raised.desc(), _ALERT.c.id]
    if order == "newest":
        return newest
    rank = case({level: rank for rank, level in enumerate(LEVELS)}, value=_ALERT.c.level, else_=-1)
    return [rank.desc(), *newest]
