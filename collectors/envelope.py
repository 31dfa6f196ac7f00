"""The envelope: a parsed record, its place and its owner become an Event."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from collectors.record import Parsed
from haidang.model.event import ECS_VERSION, Document, Event, encode
from haidang.model.fields import first_text
from haidang.model.instant import DAY, HOUR, Instant, to_iso
from haidang.store.inventory import Ownership

# (document, operator and zone of the input, time of the event) -> ownership.
FindOwnership: TypeAlias = Callable[[Document, str, str, Instant], Ownership]

# What the collector gives every event, besides what the data set's file says.
EVERYWHERE = (
    "@timestamp",
    "ecs.version",
    "event.dataset",
    "event.original",
    "event.timezone",
    "haidang.*",
    "host.name",
    "log.file.path",
    "log.flags",
    "log.offset",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the records of one file come from, and the bounds on their times."""

    source: str
    dataset: str
    path: str
    host: str = ""
    operator: str = ""
    zone: str = ""
    ahead: Instant = 24 * HOUR
    behind: Instant = 400 * DAY


@dataclass(frozen=True, slots=True)
class Place:
    """One record of a file: the event's id, the record's offset, whether it was cut."""

    id: str
    offset: int | None
    truncated: bool = False


def make_event(
    parsed: Parsed, origin: Origin, place: Place, received: Instant, find: FindOwnership
) -> tuple[Event, tuple[str, ...]]:
    """The event and what of its ownership is unresolved. Raises Refused (see `model.encode`).

    Changes the parsed document: `@timestamp`, `ecs.version` and `event.dataset` are set;
    `host.name` (the input's, else what the record says in `host.hostname`), `log.file.path` and
    `log.offset` where absent.
    """
    document = parsed.document
    time = _bounded_time(parsed.time, origin, received, document)
    _fill(document, origin, place)
    owner = find(document, origin.operator, origin.zone, time)
    event = Event(
        place.id,
        time,
        received,
        origin.source,
        origin.dataset,
        owner.operator,
        owner.affected,
        owner.zone,
        owner.level,
        encode(document),
    )
    return event, owner.unresolved


def _bounded_time(
    time: Instant | None, origin: Origin, received: Instant, document: Document
) -> Instant:
    """The event's time, or the receive time (flagged) where it has none or none to believe."""
    if time is not None and received - origin.behind <= time <= received + origin.ahead:
        document["@timestamp"] = to_iso(time)
        return time
    flag = {"missing": True} if time is None else {"replaced": _iso(time)}
    _inner(document, "haidang")["time"] = flag
    document["@timestamp"] = to_iso(received)
    return received


def _iso(time: Instant) -> str:
    try:
        return to_iso(time)
    except OverflowError:
        return str(time)


def _fill(document: Document, origin: Origin, place: Place) -> None:
    _inner(document, "event")["dataset"] = origin.dataset
    _inner(document, "ecs")["version"] = ECS_VERSION
    host = origin.host or first_text(document, "host.hostname")
    if host and "host.name" not in document:
        _inner(document, "host").setdefault("name", host)
    log = _inner(document, "log")
    _inner(log, "file").setdefault("path", origin.path)
    if place.offset is not None:
        log.setdefault("offset", place.offset)
    if place.truncated:
        flags = log.get("flags", [])
        log["flags"] = [*(flags if isinstance(flags, list) else [flags]), "truncated"]


def _inner(document: Document, key: str) -> dict[str, Any]:
    """The object under `key`; a scalar of the source that stands there is kept as `value`."""
    inner = document.get(key)
    if isinstance(inner, dict):
        return inner
    document[key] = created = {} if inner is None else {"value": inner}
    return created
