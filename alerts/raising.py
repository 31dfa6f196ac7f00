"""The third transaction: detections become alerts, exactly once.

{alert rows, evidence copies, units, groups, audit rows, the cursor's move, consumed detections
deleted} are one commit; its crash points are `alerts.before_commit` and `alerts.after_commit`.
Events are read and sentences told before it begins, so the write stays short.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, insert, select, update

from alerts.evidence import Evidence, add_copies, copy_event, find_events, read_copies
from alerts.grouping import regroup
from alerts.lease import address_of, find_lease, needs_lease
from alerts.names import Names
from alerts.sentence import tell
from alerts.stored import CURSOR, found_columns, stored_columns, to_alert
from haidang.model.alert import Alert
from haidang.model.detection import Detection
from haidang.model.instant import Instant
from haidang.model.packing import unpack_detection
from haidang.store.audit import record
from haidang.store.events.protocol import EventStore
from haidang.store.state import counters, tables
from haidang.store.state.database import Database, move_cursor, read_cursor

RAISED, REVISED = "alerts_raised", "alerts_revised"  # counters, by level
ACTOR = "system:alerts"
_ALERT, _UNIT, _DETECTION = tables.alert, tables.alert_unit, tables.detection


@dataclass(frozen=True, slots=True)
class Finding:
    """A detection made ready to store: its copies, its sentences, the events that are gone.

    The lease that names its machine is a copy, too.
    """

    detection: Detection
    copies: Mapping[str, Evidence]
    sentences: Mapping[str, str]
    missing: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Detections after the cursor: the cursor's old and new position and the rows between."""

    old: str
    new: str
    detections: Sequence[Detection]


def raise_alerts(
    database: Database, store: EventStore, inventory: Names, now: Instant, limit: int = 50
) -> tuple[Alert, ...]:
    """Take at most `limit` detections; every alert that was raised, revised or superseded by them.

    `now` is the receive clock. Each alert comes once, as it is stored afterwards, in the order of
    first change; () where nothing waited or nothing changed. Raises Unavailable (nothing was done)
    and Superseded (another process did this work).
    """
    with database.reading() as connection:
        batch = _read_batch(connection, limit)
        findings = _prepare(connection, store, inventory, batch.detections)
    if not findings:
        return ()
    with database.transaction("alerts") as connection:
        move_cursor(connection, CURSOR, batch.old, batch.new)
        changed = [id_ for finding in findings for id_ in _store(connection, finding, now)]
        if changed:
            regroup(connection, inventory, dict.fromkeys(changed))
        connection.execute(delete(_DETECTION).where(_DETECTION.c.id <= int(batch.new)))
        alerts = [_stored(connection, id_) for id_ in dict.fromkeys(changed)]
    return tuple(to_alert(row) for row in alerts if row is not None)


def _read_batch(connection: Connection, limit: int) -> Batch:
    old = read_cursor(connection, CURSOR)
    waiting = select(_DETECTION).where(_DETECTION.c.id > int(old or 0))
    rows = connection.execute(waiting.order_by(_DETECTION.c.id).limit(limit)).all()
    new = str(rows[-1].id) if rows else old
    return Batch(old, new, [unpack_detection(row.payload) for row in rows])


def _prepare(
    connection: Connection, store: EventStore, inventory: Names, detections: Iterable[Detection]
) -> list[Finding]:
    """Copy and tell; a later detection of the batch may use the copies of an earlier one."""
    fresh: dict[str, dict[str, Evidence]] = {}
    findings = []
    for detection in detections:
        wanted = {member.event for member in detection.members}
        copies = _known(connection, detection, wanted, fresh)
        copies |= _copied(store, detection, copies)
        missing = len(wanted - set(copies))
        asked = needs_lease(detection.card)
        lease = find_lease(store, detection, address_of(detection, copies)) if asked else None
        sentences = tell(detection, copies, inventory, lease)
        if lease is not None:
            copies.setdefault(lease.copy.event, lease.copy)
        fresh.setdefault(detection.alert, {}).update(copies)
        findings.append(Finding(detection, copies, sentences, missing))
    return findings


def _known(
    connection: Connection,
    detection: Detection,
    wanted: set[str],
    fresh: Mapping[str, Mapping[str, Evidence]],
) -> dict[str, Evidence]:
    """Copies that this alert, or one that it absorbs, has already: their originals may be gone."""
    alerts = (detection.alert, *detection.absorbed)
    known = {copy.event: copy for copy in read_copies(connection, alerts, wanted)}
    for alert in alerts:
        known |= {id_: copy for id_, copy in fresh.get(alert, {}).items() if id_ in wanted}
    return known


def _copied(
    store: EventStore, detection: Detection, known: Mapping[str, Evidence]
) -> dict[str, Evidence]:
    """Copies of the events that have none yet; one that matched two rules is named by the first."""
    rules = {member.event: member.rule for member in reversed(detection.members)}
    events = find_events(store, detection, known)
    return {event.id: copy_event(event, rules[event.id]) for event in events}


def _store(connection: Connection, finding: Finding, now: Instant) -> list[str]:
    """Raise or revise the alert, and supersede those it absorbs; the ids that changed."""
    id_ = finding.detection.alert
    final = _final(connection, id_)
    changed = []
    if final == id_ and _write(connection, finding, now):
        changed.append(id_)
    return changed + _supersede(connection, finding.detection.absorbed, final, now)


def _write(connection: Connection, finding: Finding, now: Instant) -> bool:
    """Insert the alert or its next revision with its copies, units and audit row."""
    detection = finding.detection
    found = found_columns(detection, finding.sentences, finding.missing)
    old = _stored(connection, detection.alert)
    row = {**found, "details": orjson.dumps(found["details"]), "revised": now}
    if old is None:
        row |= {"raised": now, "revision": 1}
        connection.execute(insert(_ALERT).values(row))
    added = add_copies(connection, detection.alert, finding.copies.values())
    if old is not None:
        if added == 0 and stored_columns(old) == found:
            return False
        row["revision"] = old.revision + 1
        connection.execute(update(_ALERT).where(_ALERT.c.id == old.id).values(row))
    _set_units(connection, detection)
    counters.add(connection, {(RAISED if old is None else REVISED, row["level"]): 1})
    action = "alert.raised" if old is None else "alert.revised"
    detail = _audit_detail(row, added, finding.missing)
    record(connection, now, ACTOR, action, detection.alert, detail)
    return True


def _audit_detail(row: Mapping[str, Any], added: int, missing: int) -> dict[str, object]:
    return {
        "rule": row["rule"],
        "rule_hash": row["rule_hash"],
        "revision": row["revision"],
        "events": row["events"],
        "evidence_added": added,
        "evidence_missing": missing,
    }


def _set_units(connection: Connection, detection: Detection) -> None:
    """Exactly the detection's readers see the alert."""
    mine = _UNIT.c.alert == detection.alert
    connection.execute(delete(_UNIT).where(mine))
    readers = sorted(detection.readers - {""})
    if readers:
        rows = [{"alert": detection.alert, "unit": unit} for unit in readers]
        connection.execute(insert(_UNIT), rows)


def _supersede(
    connection: Connection, absorbed: Iterable[str], final: str, now: Instant
) -> list[str]:
    """Point absorbed alerts, and those that pointed to them, at the final one.

    So `superseded_by` never leads to an alert that is superseded itself.
    """
    ids = [id_ for id_ in dict.fromkeys(absorbed) if id_ != final]
    older = _ALERT.c.id.in_(ids) | _ALERT.c.superseded_by.in_(ids)
    moved = connection.scalars(
        select(_ALERT.c.id).where(older, _ALERT.c.superseded_by != final).order_by(_ALERT.c.id)
    ).all()
    connection.execute(update(_ALERT).where(_ALERT.c.id.in_(moved)).values(superseded_by=final))
    for id_ in moved:
        record(connection, now, ACTOR, "alert.superseded", id_, {"by": final})
    return list(moved)


def _final(connection: Connection, id_: str) -> str:
    """The alert that stands for this one: itself unless it was superseded."""
    row = _stored(connection, id_)
    return row.superseded_by or id_ if row is not None else id_


def _stored(connection: Connection, id_: str) -> Row[Any] | None:
    return connection.execute(select(_ALERT).where(_ALERT.c.id == id_)).one_or_none()
