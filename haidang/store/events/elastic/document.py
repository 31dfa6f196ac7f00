"""How an event lies in Elasticsearch: its ECS document with the envelope in front.

    {"haidang.envelope": {…}, "@timestamp": …, <the ECS document>}     searchable by its fields
    {"haidang.envelope": {…}, "@timestamp": …, "haidang.carried": "<the ECS document>"}

The bytes of the document are not parsed on the way in. The second form is for the few that
Elasticsearch will not index (a key like `_id`, a time that is no time): their fields cannot be
searched by its index, so every search looks at them, and nothing is lost or left unmatched.
"""

from functools import lru_cache
from typing import Any

import orjson

from haidang.model.event import Event

ENVELOPE = "haidang.envelope"
CARRIED = "haidang.carried"
TIMESTAMP = "@timestamp"
_OWN_TIMESTAMP = b'"@timestamp":'


def encode(event: Event) -> bytes:
    """The searchable form, one line without its newline; `event.ecs` comes from `model.event`.

    A document that has fields below `haidang.envelope` itself is carried: they would be found as
    ours (a time, an operator). One that has no `@timestamp` gets one, since a data stream asks for
    it. Whether that name stands at the top or deeper is not looked at: where it goes wrong the
    server refuses the line, and `carry` follows.
    """
    ecs = event.ecs
    if b"envelope" in ecs and _reaches_envelope(orjson.loads(ecs)):
        return carry(event)
    if _OWN_TIMESTAMP in ecs:
        return b'{"haidang.envelope":%b,%b' % (_envelope(event), ecs[1:])
    comma = b"," if len(ecs) > 2 else b""
    head = (_envelope(event, "stamped"), event.time // 1000, comma, ecs[1:])
    return b'{"haidang.envelope":%b,"@timestamp":%d%b%b' % head


def _reaches_envelope(value: Any, path: str = "") -> bool:
    if isinstance(value, list):
        return any(_reaches_envelope(item, path) for item in value)
    if not isinstance(value, dict):
        return False
    for key, below in value.items():
        place = f"{path}{key}."
        if place.startswith(f"{ENVELOPE}."):
            return True
        if f"{ENVELOPE}.".startswith(place) and _reaches_envelope(below, place):
            return True
    return False


def carry(event: Event) -> bytes:
    """The form that is not searchable by field, and that the server takes whatever it holds."""
    document = {
        ENVELOPE: orjson.Fragment(_envelope(event, "carried")),
        TIMESTAMP: event.time // 1000,
        CARRIED: event.ecs.decode(),
    }
    return orjson.dumps(document)


def decode(id_: str, source: dict[str, Any]) -> Event | None:
    """The event of a hit's `_id` and `_source`; None for what another client wrote.

    Changes `source`.
    """
    envelope = source.pop(ENVELOPE, None)
    if not isinstance(envelope, dict):
        return None
    carried = source.pop(CARRIED, None) if envelope.get("carried") else None
    if envelope.get("stamped"):
        del source[TIMESTAMP]
    return Event(
        id_,
        envelope["time"],
        envelope["received"],
        envelope["source"],
        envelope["dataset"],
        envelope["operator"],
        tuple(envelope["affected"]),
        envelope["zone"],
        envelope["level"],
        orjson.dumps(source) if carried is None else carried.encode(),
    )


def _envelope(event: Event, mark: str = "") -> bytes:
    """With `mark` set to true; `size` (of the document) lets the feed cut pages unread."""
    same = _same(
        event.source,
        event.dataset,
        event.operator,
        event.affected,
        event.zone,
        event.level,
        mark,
    )
    own = (orjson.dumps(event.id), event.time, event.received, len(event.ecs), same)
    return b'{"id":%b,"time":%d,"received":%d,"size":%d,%b' % own


@lru_cache(maxsize=4096)
def _same(  # noqa: PLR0913, PLR0917 - the parts of an envelope that many events share
    source: str,
    dataset: str,
    operator: str,
    affected: tuple[str, ...],
    zone: str,
    level: int,
    mark: str,
) -> bytes:
    envelope: dict[str, Any] = {
        "source": source,
        "dataset": dataset,
        "operator": operator,
        "affected": affected,
        "zone": zone,
        "level": level,
    }
    if mark:
        envelope[mark] = True
    return orjson.dumps(envelope)[1:]
