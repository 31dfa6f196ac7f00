"""Writing events: raw bytes, every item accounted for, nothing sent twice on a guess.

An item is accepted (201, or 409: it was there), or the document is at fault (sent once more in the
form that the server takes whatever it holds, then refused), or this is not the time: then it is
sent again, but only after a look whether it has not arrived after all. A second `create` of an id
is no double by itself, but after a rollover it would be one.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from haidang import durable
from haidang.errors import HaidangError, Unavailable
from haidang.model.event import Event
from haidang.model.ids import make_id
from haidang.store.events.elastic import document
from haidang.store.events.elastic.client import Client, Rejected
from haidang.store.events.elastic.names import stream_of

CHUNK_BYTES = 8 * 1024 * 1024  # of documents; their envelopes are a few hundred bytes each
CHUNK_EVENTS = 5000
_MAX_ID_BYTES = 512  # of the server
_PAGE = 1000  # ids a look-up; far from the 10,000 hits of a search even where rollovers doubled

_ANSWER = "items.*.status,items.*.error.type,items.*.error.reason"
_FOUND = "timed_out,_shards.failed,hits.total.value,hits.hits._id"
_SHARD_WAIT = "10s"  # for a primary: the server shall tell that there is none before we give up
_BUSY = "Elasticsearch is still busy with an earlier request"
_CONFLICT = "version_conflict_engine_exception"
# Only these say that the document is at fault. `illegal_argument_exception` may also mean a
# pipeline that is missing; in the searchable form that is worth a second try in the other one.
_DOCUMENT = frozenset(
    {"document_parsing_exception", "mapper_parsing_exception", "strict_dynamic_mapping_exception"}
)
_PERHAPS = _DOCUMENT | {"illegal_argument_exception"}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try again, and with what pauses: doubled from `first_secs` to `most_secs`."""

    total_secs: float = 30.0
    first_secs: float = 0.1
    most_secs: float = 5.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


@dataclass(slots=True)
class _Outcome:
    """What became of one request; `why` is the last reason to try `later`."""

    carry: list[Event] = field(default_factory=list)
    later: list[Event] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    why: str = ""


def write(
    client: Client, batch: Iterable[Event], patience: Patience, into: str = ""
) -> Mapping[str, str]:
    """Write events to their streams, or all to the index `into`; refused ids → reasons.

    Raises Unavailable when they could not all be settled in time: some may have been accepted.
    """
    refused: dict[str, str] = {}
    writer = _Writer(client, patience, into)
    for chunk in _chunks(batch, refused):
        writer.settle(chunk, refused)
    return refused


def await_running(client: Client, patience: Patience) -> None:
    """Return when every request of ours that the cluster is at work on now has ended.

    A writer that died or gave up may have left one, for instance in wait for a shard: what it
    writes later, nobody would find before. Raises Unavailable.
    """
    pauses = _Pauses(patience)
    running = _running(client)
    while running:
        pauses.wait(_BUSY)
        running &= _running(client)


def mark_of(prefix: str, events: Sequence[Event]) -> str:
    """What names the request that writes these events among the server's tasks."""
    return f"{prefix}/" + make_id("bulk", events[0].id, events[-1].id, len(events))


def _running(client: Client) -> set[tuple[str, str]]:
    """Task and mark of each of our requests that the cluster is at work on."""
    wanted = "nodes.*.tasks.*.headers.X-Opaque-Id,node_failures"
    params = {"actions": "*bulk*", "filter_path": wanted}
    answer = client.ask("GET", "/_tasks", params=params)
    if answer.get("node_failures"):
        raise Unavailable("Elasticsearch: a node does not tell its tasks")
    found = (
        (task, one["headers"]["X-Opaque-Id"])
        for node in answer.get("nodes", {}).values()
        for task, one in node["tasks"].items()
    )
    return {(task, mark) for task, mark in found if mark.startswith(f"{client.prefix}/")}


def _chunks(batch: Iterable[Event], refused: dict[str, str]) -> Iterator[list[Event]]:
    """What goes into one request each; what has an impossible id goes to `refused`."""
    chunk: list[Event] = []
    size = 0
    for event in batch:
        if not 0 < len(event.id.encode()) <= _MAX_ID_BYTES:
            refused[event.id] = f"its id is not 1 to {_MAX_ID_BYTES} bytes long"
            continue
        size += len(event.ecs)
        if chunk and (size > CHUNK_BYTES or len(chunk) == CHUNK_EVENTS):
            yield chunk
            chunk, size = [], len(event.ecs)
        chunk.append(event)
    if chunk:
        yield chunk


class _Writer:
    def __init__(self, client: Client, patience: Patience, into: str) -> None:
        self._client, self._patience, self._into = client, patience, into
        self._params = {"filter_path": _ANSWER, "timeout": _SHARD_WAIT}
        if not into:
            self._params["require_data_stream"] = "true"  # a plain index must never appear

    def settle(self, events: list[Event], refused: dict[str, str]) -> None:
        """Send events, and what has to be sent again, until each of them is settled."""
        pauses = _Pauses(self._patience)
        carried: set[str] = set()
        while events:
            mark = mark_of(self._client.prefix, events)
            try:
                outcome = _sort(events, self._send(events, carried, mark), carried)
            except HaidangError as error:
                if isinstance(error, Rejected) and error.status == 413:
                    self._halve(events, refused)
                    return
                outcome = _Outcome(later=events, why=_later(error))
            refused |= outcome.refused
            carried.update(event.id for event in outcome.carry)
            later = outcome.later and self._missing(outcome, mark, pauses)
            events = outcome.carry + later

    def _halve(self, events: list[Event], refused: dict[str, str]) -> None:
        """Settle events whose request is too long for the server, or for a proxy before it."""
        if len(events) == 1:
            refused[events[0].id] = "Elasticsearch takes no request of its length"
            return
        half = len(events) // 2
        for part in (events[:half], events[half:]):
            self.settle(part, refused)

    def _send(self, events: list[Event], carried: set[str], mark: str) -> list[dict[str, Any]]:
        body = self._body(events, carried)
        answer = self._client.lines("/_bulk", body, self._params, mark=mark)
        durable.point("bulk.sent")
        items: list[dict[str, Any]] = answer.get("items", [])
        if len(items) != len(events):
            raise Unavailable(f"Elasticsearch answered {len(items)} of {len(events)} items")
        return items

    def _body(self, events: Sequence[Event], carried: set[str]) -> bytes:
        lines: list[bytes] = []
        for event in events:
            form = document.carry if event.id in carried else document.encode
            action = b"%b%b}}" % (_create(self._index(event)), orjson.dumps(event.id))
            lines += (action, form(event))
        lines.append(b"")
        return b"\n".join(lines)

    def _index(self, event: Event) -> str:
        return self._into or stream_of(self._client.prefix, event)

    def _missing(self, outcome: _Outcome, mark: str, pauses: "_Pauses") -> list[Event]:
        """The items of `later` that did not arrive, as soon as the server can tell."""
        why = outcome.why
        while True:
            pauses.wait(why)
            try:
                if any(mark == one for _, one in _running(self._client)):
                    raise Unavailable(_BUSY)
                there = self._there(outcome.later)
            except HaidangError as error:
                why = _later(error)
            else:
                return [event for event in outcome.later if event.id not in there]

    def _there(self, events: Sequence[Event]) -> set[str]:
        where = ",".join(sorted({self._index(event) for event in events}))
        params = {"ignore_unavailable": "true", "filter_path": "_shards.failed"}
        if self._client.ask("POST", f"/{where}/_refresh", params=params)["_shards"]["failed"]:
            raise Unavailable("Elasticsearch: a shard cannot be refreshed now")
        ids = [event.id for event in events]
        found: set[str] = set()
        for start in range(0, len(ids), _PAGE):
            found |= self._look_up(where, ids[start : start + _PAGE])
        return found

    def _look_up(self, where: str, ids: Sequence[str]) -> set[str]:
        answer = self._client.ask(
            "POST",
            f"/{where}/_search",
            {
                "query": {"ids": {"values": ids}},
                "size": 10 * _PAGE,
                "_source": False,
                "track_total_hits": True,
            },
            params={
                "ignore_unavailable": "true",
                "allow_partial_search_results": "false",
                "filter_path": _FOUND,
            },
        )
        hits = answer["hits"].get("hits", [])
        if answer["timed_out"] or answer["_shards"]["failed"]:
            raise Unavailable("Elasticsearch: a look-up of ids is not complete")
        if len(hits) != answer["hits"]["total"]["value"]:
            raise Unavailable("Elasticsearch: more documents than ids")
        return {hit["_id"] for hit in hits}


class _Pauses:
    """Growing pauses within a total time, which begins with the first of them."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._next = patience.first_secs
        self._end: float | None = None

    def wait(self, why: str) -> None:
        """Pause once; raises Unavailable with the reason when the time is over."""
        if self._end is None:
            self._end = self._patience.clock() + self._patience.total_secs
        if self._patience.clock() + self._next > self._end:
            raise Unavailable(why)
        self._patience.sleep(self._next)
        self._next = min(2 * self._next, self._patience.most_secs)


def _sort(
    events: Sequence[Event], items: Sequence[Mapping[str, Any]], carried: set[str]
) -> _Outcome:
    outcome = _Outcome()
    for event, item in zip(events, items, strict=True):
        answer = item["create"]
        status = answer["status"]
        if status == 201:
            continue
        kind = answer.get("error", {}).get("type", "error")
        if status == 409 and kind == _CONFLICT:
            continue
        if status == 400 and event.id not in carried and kind in _PERHAPS:
            outcome.carry.append(event)
        elif status == 400 and event.id in carried and kind in _DOCUMENT:
            # The server's own words quote values.
            outcome.refused[event.id] = f"Elasticsearch does not take the document: {kind}"
        else:
            outcome.later.append(event)
            outcome.why = f"Elasticsearch cannot write this now: {status} {kind}"
            if status == 403:  # who may not, or what is blocked: no values of the document
                outcome.why += f": {answer['error'].get('reason')}"
    return outcome


def _later(error: HaidangError) -> str:
    """The reason, if trying again later is right; else raises the error."""
    if isinstance(error, Unavailable) or (
        isinstance(error, Rejected)
        and (error.status >= 500 or error.kind == "cluster_block_exception")
    ):
        return str(error)
    raise error


@lru_cache(maxsize=1024)
def _create(index: str) -> bytes:
    return b'{"create":{"_index":%b,"_id":' % orjson.dumps(index)
