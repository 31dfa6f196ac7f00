"""Evidence: copies of a detection's events, made now, because retention deletes the originals.

Bytes are copied as stored (masked at collection), with their SHA-256. A copy stays while it is one
of the first or last `KEPT` of its rule.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, insert, select

from haidang.model.detection import KEPT, Detection
from haidang.model.event import Document, Event
from haidang.model.instant import Instant
from haidang.model.scope import Scope
from haidang.store.events.protocol import EventStore, Filter, Range
from haidang.store.state import tables

_TABLE = tables.evidence


@dataclass(frozen=True, slots=True)
class Evidence:
    """One copied event: its id, time, the rule it matched, its ECS bytes and their SHA-256 (hex).

    `units` are its operator and affected units: who may read this copy.
    """

    event: str
    time: Instant
    rule: str
    ecs: bytes
    sha256: str
    units: tuple[str, ...]

    def is_intact(self) -> bool:
        """Whether the bytes still have the hash that was taken when they were copied."""
        return sha256(self.ecs).hexdigest() == self.sha256

    def document(self) -> Document:
        """The ECS document; {} for bytes that hold none."""
        try:
            document = orjson.loads(self.ecs)
        except orjson.JSONDecodeError:
            return {}
        return document if isinstance(document, dict) else {}


def copy_event(event: Event, rule: str) -> Evidence:
    """The copy of one event as the store holds it now."""
    units = tuple(sorted({event.operator, *event.affected} - {""}))
    return Evidence(event.id, event.time, rule, event.ecs, sha256(event.ecs).hexdigest(), units)


def find_events(
    store: EventStore, detection: Detection, known: Mapping[str, object]
) -> list[Event]:
    """The detection's events that are not `known` and still stored, seen as its own units see.

    Raises Unavailable.
    """
    times = {member.event: member.time for member in detection.members}
    wanted = frozenset(times) - frozenset(known)
    if not wanted:
        return []
    between = Range(min(times[event] for event in wanted), max(times.values()) + 1)
    scope = Scope.of(detection.units)
    return list(store.search(scope, Filter(ids=wanted), between, limit=len(wanted)))


def read_copies(
    connection: Connection, alerts: Iterable[str], events: Iterable[str] | None = None
) -> list[Evidence]:
    """Copies that belong to these alerts (and are of these events), by (time, event id, alert)."""
    query = select(_TABLE).where(_TABLE.c.alert.in_(list(alerts)))
    if events is not None:
        query = query.where(_TABLE.c.event.in_(list(events)))
    rows = connection.execute(query.order_by(_TABLE.c.time, _TABLE.c.event, _TABLE.c.alert))
    return [_from_row(row) for row in rows]


def _from_row(row: Row[Any]) -> Evidence:
    units = tuple(orjson.loads(row.units))
    return Evidence(row.event, row.time, row.rule, row.ecs, row.sha256, units)


def add_copies(connection: Connection, alert: str, copies: Iterable[Evidence]) -> int:
    """Store the copies that the alert does not have yet; how many those were."""
    held = set(connection.scalars(select(_TABLE.c.event).where(_TABLE.c.alert == alert)))
    rows = [_to_row(alert, copy) for copy in copies if copy.event not in held]
    if rows:
        connection.execute(insert(_TABLE), rows)
        _trim(connection, alert)
    return len(rows)


def _trim(connection: Connection, alert: str) -> None:
    """Let go of copies from the middle: a flood that goes on would otherwise fill the disk."""
    query = select(_TABLE.c.rule, _TABLE.c.event).where(_TABLE.c.alert == alert)
    by_rule: dict[str, list[str]] = {}
    for row in connection.execute(query.order_by(_TABLE.c.time, _TABLE.c.event)):
        by_rule.setdefault(row.rule, []).append(row.event)
    for events in by_rule.values():
        middle = events[KEPT:-KEPT]
        mine = (_TABLE.c.alert == alert) & _TABLE.c.event.in_(middle)
        if middle:
            connection.execute(delete(_TABLE).where(mine))


def _to_row(alert: str, copy: Evidence) -> dict[str, object]:
    return {
        "alert": alert,
        "event": copy.event,
        "time": copy.time,
        "rule": copy.rule,
        "ecs": copy.ecs,
        "sha256": copy.sha256,
        "units": orjson.dumps(copy.units).decode(),
    }
