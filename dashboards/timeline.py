"""What happened on an alert's machine around it: stored events and sealed copies by time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from alerts.display import gist
from alerts.evidence import Evidence
from alerts.wording import clean
from haidang.errors import Unavailable
from haidang.model.alert import Alert
from haidang.model.event import Document, Event
from haidang.model.fields import first_text
from haidang.model.instant import MINUTE, Instant
from haidang.model.scope import Scope
from haidang.store.events.protocol import Clause, EventStore, Filter, Range

# Before the first and after the last event; the next smaller one where there is too much to read.
WINDOWS: Sequence[Instant] = (15 * MINUTE, 5 * MINUTE, MINUTE)
MOST = 200
_ASSETS = ("host.name", "source.ip")


@dataclass(frozen=True, slots=True)
class Moment:
    """One event: `rule` is the rule that it matched, "" for none; `seal` only of sealed copies.

    `seal` is the SHA-256 of the copy, `intact` whether its bytes still have it. `failed`: what was
    tried was refused or did not work (ECS `event.outcome`). `parts` are the audit records that the
    event was put together from.
    """

    event: str
    time: Instant
    said: str
    rule: str = ""
    seal: str = ""
    intact: bool = True
    failed: bool = False
    parts: tuple["Moment", ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """Moments by (time, id) on `asset` (a value of `path`) within `window` around the alert.

    `cut`: there are more than `MOST` stored events even so, the first are shown. `away`: the event
    store did not answer, only copies are shown.
    """

    path: str
    asset: str
    window: Instant
    moments: tuple[Moment, ...]
    cut: bool = False
    away: bool = False


def read_timeline(
    store: EventStore, scope: Scope, alert: Alert, copies: Sequence[Evidence]
) -> Timeline:
    """The events that this reader may see; `copies` are those of the alert, as the reader's."""
    sealed = {copy.event: _sealed(copy) for copy in copies}
    path, asset = asset_of(alert, copies)
    away = False
    try:
        window, found, cut = _around(store, scope, alert, path, asset)
    except Unavailable:
        window, found, cut, away = WINDOWS[0], [], False, True
    moments = {event.id: _stored(event) for event in found} | sealed
    records = {event.id: record for event in found if (record := _audit_record(event))}
    return Timeline(path, clean(asset), window, _in_order(moments, records), cut, away)


def asset_of(alert: Alert, copies: Iterable[Evidence]) -> tuple[str, str]:
    """The ECS path and value of what the alert is about: its host, else a source address."""
    for path in _ASSETS:
        if value := alert.group.get(path):
            return path, value
    documents = [copy.document() for copy in copies]
    named = ((path, first_text(one, path)) for path in _ASSETS for one in documents)
    return next((pair for pair in named if pair[1]), ("", ""))


def between(alert: Alert, window: Instant) -> Range:
    """The time so far around the alert's events."""
    return Range(alert.episode.start - window, alert.episode.end + window + 1)


def _around(
    store: EventStore, scope: Scope, alert: Alert, path: str, asset: str
) -> tuple[Instant, list[Event], bool]:
    """The widest window whose events can all be read; else what fits of the narrowest, and True."""
    if not asset:
        return WINDOWS[0], [], False
    wanted = Filter((Clause(path, "equals", asset),))
    for window in WINDOWS:
        events = list(store.search(scope, wanted, between(alert, window), MOST + 1))
        if len(events) <= MOST:
            break
    cut = len(events) > MOST
    return window, [event for event in events[:MOST] if event.zone == alert.zone], cut


def _sealed(copy: Evidence) -> Moment:
    document = copy.document()
    seal = copy.sha256, copy.is_intact()
    return Moment(copy.event, copy.time, gist(document), copy.rule, *seal, _failed(document))


def _stored(event: Event) -> Moment:
    document = event.document()
    return Moment(event.id, event.time, gist(document), failed=_failed(document))


def _failed(document: Document) -> bool:
    return first_text(document, "event.outcome") == "failure"


def _audit_record(event: Event) -> tuple[str, bool] | None:
    """Which audit event this belongs to, and whether it is the whole of it; None of others."""
    document = event.document()
    number = first_text(document, "auditd.log.sequence")
    whole = first_text(document, "haidang.derived") == "true"
    return (f"{event.source} {number}", whole) if number else None


def _in_order(
    moments: Mapping[str, Moment], records: Mapping[str, tuple[str, bool]]
) -> tuple[Moment, ...]:
    """By (time, id); unmatched records of an audit event that is there as a whole are its parts."""
    wholes = {number: id_ for id_, (number, whole) in records.items() if whole}
    parts: dict[str, list[Moment]] = {}
    single = []
    for moment in sorted(moments.values(), key=lambda one: (one.time, one.event)):
        number, whole = records.get(moment.event, ("", True))
        if whole or moment.rule or number not in wholes:
            single.append(moment)
        else:
            parts.setdefault(wholes[number], []).append(moment)
    return tuple(replace(one, parts=tuple(parts.get(one.event, ()))) for one in single)


def find_event(
    store: EventStore, scope: Scope, alert: Alert, copies: Iterable[Evidence], event: str
) -> tuple[bytes, Evidence | None] | None:
    """An event of the timeline as ECS bytes, with its copy where it has one; None where not seen.

    Raises Unavailable.
    """
    for copy in copies:
        if copy.event == event:
            return copy.ecs, copy
    wanted = Filter(ids=frozenset({event}))
    found = list(store.search(scope, wanted, between(alert, WINDOWS[0]), 1))
    return (found[0].ecs, None) if found else None
