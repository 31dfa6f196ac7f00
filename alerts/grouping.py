"""Groups of alerts, the rows of the queue: one rule, one entity, the same units.

A group is a function of its alerts: whatever changes one of them, in the same transaction its
group is made anew from all that belong to it and are not superseded; one without any is gone.
"""

from collections.abc import Collection, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update

from alerts.attack import tactic, tactic_keys, technique_ids
from alerts.names import Names
from alerts.stored import CURSOR as ALERTS
from alerts.stored import to_alert
from alerts.wording import clean
from haidang.errors import Superseded
from haidang.model.alert import Alert
from haidang.model.detection import LEVELS, readers_of
from haidang.model.fold import fold, plain
from haidang.model.ids import make_id
from haidang.model.zone import parse_address
from haidang.store.state import tables
from haidang.store.state.database import Database, move_cursor, read_cursor

CURSOR = "queue"  # counts the transactions that changed groups
OPEN = "open"
MACHINES = ("host.", "Computer", "Hostname")  # fields that name a machine
_MOST_SEARCHED = 4000
_ALERT, _GROUP = tables.alert, tables.alert_group
_UNIT, _MEMBER = tables.alert_group_unit, tables.alert_group_member


def entity_of(group: Mapping[str, str]) -> dict[str, str]:
    """What a group of alerts is about: the machine, where one is named, else all values.

    So a scan from 500 addresses at one server is one row to read.
    """
    machine = {name: value for name, value in group.items() if name.startswith(MACHINES)}
    return machine or dict(group)


def group_id(alert: Alert) -> str:
    """The id of the alert's group; values that mean the same give the same."""
    entity = entity_of(alert.group)
    same = (str(parse_address(value) or fold(value)) for value in entity.values())
    pairs = [part for pair in zip(entity, same, strict=True) for part in pair]
    units = [str(len(alert.operators)), *alert.operators, *alert.affected]
    return make_id("group", alert.rule, alert.zone, *pairs, "", *units)


def regroup(connection: Connection, names: Names, ids: Collection[str]) -> None:
    """Bring the groups of these alerts up to date, in the transaction that changed the alerts.

    The transaction holds the cursor of the alerts, so changes are numbered in order of commit.
    """
    mine = _MEMBER.c.alert.in_(ids)
    left = set(connection.scalars(select(_MEMBER.c.group).where(mine)))
    connection.execute(delete(_MEMBER).where(mine))
    standing = (_ALERT.c.id.in_(ids)) & (_ALERT.c.superseded_by == "")
    joining: dict[str, list[Alert]] = {}
    for row in connection.execute(select(_ALERT).where(standing).order_by(_ALERT.c.id)):
        alert = to_alert(row)
        joining.setdefault(group_id(alert), []).append(alert)
    known = set(connection.scalars(select(_GROUP.c.id).where(_GROUP.c.id.in_(joining))))
    change = _next_change(connection)
    fresh = {group: alerts for group, alerts in joining.items() if group not in known}
    _found(connection, names, fresh, change)
    members = [{"alert": one.id, "group": group} for group in joining for one in joining[group]]
    if members:
        connection.execute(insert(_MEMBER), members)
    for group in sorted(left | known):
        _refresh(connection, names, group, change)


def _next_change(connection: Connection) -> int:
    old = read_cursor(connection, CURSOR)
    new = int(old or 0) + 1
    move_cursor(connection, CURSOR, old, str(new))
    return new


def _found(
    connection: Connection, names: Names, fresh: Mapping[str, list[Alert]], change: int
) -> None:
    """Insert groups that are new, with all their alerts and the units of each."""
    if not fresh:
        return
    rows = [_new_row(group, alerts, names, change) for group, alerts in fresh.items()]
    connection.execute(insert(_GROUP), rows)
    units = [unit for group, alerts in fresh.items() for unit in _units(group, alerts[0])]
    if units:
        connection.execute(insert(_UNIT), units)


def _new_row(group: str, alerts: list[Alert], names: Names, change: int) -> dict[str, Any]:
    newest = max(alerts, key=lambda alert: (alert.raised, alert.id))
    measures = {
        "first": min(alert.episode.start for alert in alerts),
        "last": max(alert.episode.end for alert in alerts),
        "raised": min(alert.raised for alert in alerts),
        "activity": max(alert.revised for alert in alerts),
        "system_level": max(alert.system_level for alert in alerts),
        "alerts": len(alerts),
        "events": sum(alert.episode.events for alert in alerts),
    }
    place = {"id": group, "rule": newest.rule, "zone": newest.zone, "state": OPEN}
    return {**place, **measures, **_words(newest, names), "born": change, "change": change}


def _units(group: str, alert: Alert) -> list[dict[str, Any]]:
    """The units of a group are those of each of its alerts."""
    readers = readers_of(alert.operators, alert.affected)
    units = sorted({*alert.operators, *alert.affected} - {""})
    return [{"group": group, "unit": unit, "reads": int(unit in readers)} for unit in units]


def _refresh(connection: Connection, names: Names, group: str, change: int) -> None:
    """Make a group anew from its alerts; one that has none any more is gone."""
    newest = _newest(connection, group)
    if newest is None:
        connection.execute(delete(_UNIT).where(_UNIT.c.group == group))
        connection.execute(delete(_GROUP).where(_GROUP.c.id == group))
        return
    row = _measures(connection, group) | _words(to_alert(newest), names) | {"change": change}
    connection.execute(update(_GROUP).where(_GROUP.c.id == group).values(row))


def _newest(connection: Connection, group: str) -> Row[Any] | None:
    mine = select(_MEMBER.c.alert).where(_MEMBER.c.group == group)
    query = select(_ALERT).where(_ALERT.c.id.in_(mine))
    newest = query.order_by(_ALERT.c.raised.desc(), _ALERT.c.id.desc()).limit(1)
    return connection.execute(newest).one_or_none()


def _measures(connection: Connection, group: str) -> dict[str, Any]:
    columns = _ALERT.c
    query = select(
        func.min(columns.start).label("first"),
        func.max(columns.end).label("last"),
        func.min(columns.raised).label("raised"),
        func.max(columns.revised).label("activity"),
        func.max(columns.system_level).label("system_level"),
        func.count().label("alerts"),
        func.sum(columns.events).label("events"),
    )
    joined = query.join(_MEMBER, _MEMBER.c.alert == columns.id).where(_MEMBER.c.group == group)
    return dict(connection.execute(joined).one()._mapping)  # noqa: SLF001 - SQLAlchemy's documented name


def _words(alert: Alert, names: Names) -> dict[str, Any]:
    """What the newest alert says of its group."""
    entity = {name: clean(value) for name, value in entity_of(alert.group).items()}
    techniques = technique_ids(alert.tags)
    tactics = tactic_keys(alert.tags)
    details = {
        "entity": entity,
        "operators": list(alert.operators),
        "affected": list(alert.affected),
        "techniques": list(techniques),
        "tactics": list(tactics),
        "sentences": dict(alert.sentences),
    }
    units = (names.unit_name(unit) for unit in (*alert.affected, *alert.operators) if unit)
    searched = (alert.title, *entity.values(), *alert.sentences.values(), *units)
    attack = (*techniques, *(tactic(key).id for key in tactics))
    return {
        "title": alert.title,
        "level": alert.level,
        "rank": LEVELS.index(alert.level) if alert.level in LEVELS else -1,
        "newest": alert.id,
        "attack": "".join(f" {id_}" for id_ in attack),
        "search": plain(" ".join(searched))[:_MOST_SEARCHED],
        "details": orjson.dumps(details),
    }


def group_older(database: Database, names: Names, batch: int = 500) -> None:
    """Group alerts that were stored before there were groups; does nothing where all have one.

    Each batch is a transaction, so this can be stopped and goes on where it was. Raises
    Unavailable.
    """
    while True:
        with database.reading() as connection:
            if not _ungrouped(connection, 1):
                return
        try:
            with database.transaction("alerts.group") as connection:
                held = read_cursor(connection, ALERTS)
                move_cursor(connection, ALERTS, held, held)  # until the commit nobody else groups
                regroup(connection, names, _ungrouped(connection, batch))
        except Superseded:
            continue  # the alert stage came between


def _ungrouped(connection: Connection, limit: int) -> list[str]:
    grouped = exists().where(_MEMBER.c.alert == _ALERT.c.id)
    query = select(_ALERT.c.id).where(_ALERT.c.superseded_by == "", ~grouped)
    return list(connection.scalars(query.order_by(_ALERT.c.id).limit(limit)))
