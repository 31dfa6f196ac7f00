"""Dropping and holding events by hand; the audit trail has every such act."""

from collections.abc import Iterable
from dataclasses import dataclass

from alerts.listing import get_alert, list_evidence
from app.wiring import Stores
from haidang.errors import InputError, Problem
from haidang.model.instant import Instant, to_iso
from haidang.store import audit
from haidang.store.events.protocol import Filter, Range
from haidang.store.state.database import read_cursor

ACTOR = "system:store"


@dataclass(frozen=True, slots=True)
class Held:
    """How many events a case was asked to hold, how many were new to it, how many are gone."""

    events: int
    new: int
    gone: int


def drop(stores: Stores, level: int, before: Instant, now: Instant) -> int:
    """Drop what was received before then and matched since; how many events that were.

    The audit row before says that it begins, the one after how much it was, so that nothing is
    ever dropped without a row. Raises Unavailable.
    """
    subject = f"level {level}"
    detail: dict[str, object] = {"level": level, "before": to_iso(before)}
    with stores.database.transaction("store.dropping") as connection:
        passed = read_cursor(connection, "match")
        audit.record(connection, now, ACTOR, "store.dropping", subject, detail)
    events = stores.store.drop(before, level, passed)
    with stores.database.transaction("store.dropped") as connection:
        detail |= {"events": events}
        audit.record(connection, now, ACTOR, "store.dropped", subject, detail)
    return events


def hold(
    stores: Stores, case: str, alerts: Iterable[str], events: Iterable[str], now: Instant
) -> Held:
    """Hold the events of these alerts' evidence, and those of these ids.

    Raises InputError with every alert and event that is unknown, HaidangError for the case's
    name, Unavailable. Evidence of which the store has no event any more is counted as gone.
    """
    named, asked = tuple(alerts), frozenset(events)
    wanted = _evidence(stores, named) | asked
    found = list(stores.store.search(stores.scope, Filter(ids=wanted), Range(), limit=len(wanted)))
    gone = wanted - {event.id for event in found}
    _refuse("--event", sorted(gone & asked), "is no event of this store")
    held = Held(len(found), stores.store.hold(case, found), len(gone))
    with stores.database.transaction("store.held") as connection:
        detail = {"alerts": named, "events": held.events, "new": held.new, "gone": held.gone}
        audit.record(connection, now, ACTOR, "store.held", case, detail)
    return held


def _evidence(stores: Stores, alerts: tuple[str, ...]) -> frozenset[str]:
    """The ids of the copied events of these alerts."""
    database, scope = stores.database, stores.scope
    unknown = [alert for alert in alerts if get_alert(database, scope, alert) is None]
    _refuse("--alert", unknown, "is no alert; `haidang alerts --format json` shows whole ids")
    return frozenset(
        copy.event for alert in alerts for copy in list_evidence(database, scope, alert)
    )


def _refuse(place: str, names: Iterable[str], what: str) -> None:
    problems = [Problem(place, 0, "", f"{name!r} {what}") for name in names]
    if problems:
        raise InputError(problems)
