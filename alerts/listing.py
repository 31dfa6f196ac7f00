"""Reading alerts and their evidence back; each read takes a scope and enforces it in SQL."""

from typing import Literal, TypeAlias

from sqlalchemy import ColumnElement, Select, case, func, select, true

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


def list_earlier(
    database: Database, scope: Scope, alert: Alert, limit: int = 10
) -> tuple[list[Alert], int]:
    """The last alerts of the same group that were raised before this one, and how many there are.

    Visible ones that are not superseded. Raises Unavailable.
    """
    member = tables.alert_group_member
    group = select(member.c.group).where(member.c.alert == alert.id).scalar_subquery()
    mine = _ALERT.c.id.in_(select(member.c.alert).where(member.c.group == group))
    before = (_ALERT.c.raised < alert.raised) | (
        (_ALERT.c.raised == alert.raised) & (_ALERT.c.id < alert.id)
    )
    query = select(_ALERT).where(mine, before, _visible(scope))
    counted = select(func.count()).select_from(query.subquery())
    with database.reading() as connection:
        newest = query.order_by(_ALERT.c.raised.desc(), _ALERT.c.id.desc()).limit(limit)
        rows = connection.execute(newest).all()
        return [to_alert(row) for row in rows], connection.scalar(counted) or 0


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
