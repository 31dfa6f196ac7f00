"""The change feed: what is in the shards between two positions, each event once.

Elasticsearch numbers the operations of a shard without gaps and tells up to which number all
in-sync copies have them (the global checkpoint). A page is the ranges of numbers (last, upper] of
some shards, read from the copies that the checkpoints came from: another copy may lag behind
without knowing it. Where fewer events come than there are numbers, a second read decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import orjson

from haidang.errors import Unavailable
from haidang.model.event import Event
from haidang.model.scope import Scope
from haidang.store.events.elastic.client import Client
from haidang.store.events.elastic.document import ENVELOPE, decode
from haidang.store.events.elastic.names import patterns
from haidang.store.events.elastic.position import NOTHING, Marks, check_not_ahead
from haidang.store.events.elastic.position import decode as marks_of
from haidang.store.events.elastic.position import encode as position_of
from haidang.store.events.elastic.shards import (
    Primary,
    complete,
    existing,
    oldest,
    primaries,
    refresh,
)
from haidang.store.events.protocol import Page, Position

PAGE_BYTES = 16 << 20  # a page of long events is cut: its reader holds all of it in memory
_MOST = 10_000  # hits that Elasticsearch gives for one search (max_result_window)
_TRIES = 5  # readings of a range that differ, or pages whose indices were all deleted
_SIZE = f"{ENVELOPE}.size"
_NO_SOURCE = {"_source": False}

Hit: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Slice:
    """The operations (last, upper] of one shard."""

    primary: Primary
    last: int
    upper: int

    @property
    def count(self) -> int:
        """How many there are."""
        return self.upper - self.last


def head(client: Client, known: Mapping[str, int] | None = None) -> Marks:
    """The newest operation of each shard; a shard without a primary keeps its `known` mark.

    Raises Unavailable.
    """
    shards = primaries(client, patterns(client.prefix))
    return _moved(client, known or {}, {one.key: one.checkpoint for one in shards}, shards)


def read(
    client: Client, scope: Scope, after: Position, limit: int, until: Position | None = None
) -> Page:
    """See the protocol. Memory: the page, as the server's answer and as events (16 MiB each).

    A shard without a primary stands still while others go on.
    """
    start = marks_of(after)
    stop = None if until is None else marks_of(until)
    for _ in range(_TRIES):
        shards = primaries(client, patterns(client.prefix))
        check_not_ahead(start, shards)
        slices = _new(shards, start, stop) if limit > 0 else []
        if not slices:
            return Page((), after)
        page = _fitting(client, _chosen(client, slices, limit))
        found = list(zip(page, _whole(client, page), strict=True))
        passed = {one.primary.key: one.upper for one, hits in found if hits is not None}
        if passed:
            position = position_of(_moved(client, start, passed, shards))
            return Page(list(_events(scope, found)), position)
    raise Unavailable("Elasticsearch: the indices of the feed are being deleted")


def ids_after(client: Client, position: Position) -> frozenset[str]:
    """See the protocol. Raises Unavailable as long as any shard has no primary."""
    marks = marks_of(position)
    ids: set[str] = set()
    while True:
        shards = complete(client)
        check_not_ahead(marks, shards)
        slices = _new(shards, marks, None)
        if not slices:
            return frozenset(ids)
        page = _chosen(client, slices, _MOST)
        for one, hits in zip(page, _whole(client, page, _NO_SOURCE), strict=True):
            ids.update(hit["_id"] for hit in hits or ())
            marks[one.primary.key] = one.upper


def _moved(
    client: Client, marks: Mapping[str, int], passed: Mapping[str, int], shards: Sequence[Primary]
) -> Marks:
    """The marks moved on; those of indices that exist no longer are left out.

    That an index is missing in the statistics does not tell: its node may be away.
    """
    moved = {**marks, **passed}
    if moved.keys() <= {one.key for one in shards}:
        return moved
    return {key: moved[key] for key in moved.keys() & existing(client)}


def _new(shards: Sequence[Primary], start: Marks, stop: Marks | None) -> list[Slice]:
    """What each shard has after `start` and not after `stop`."""
    slices = []
    for one in shards:
        last = start.get(one.key, NOTHING)
        upper = one.checkpoint if stop is None else min(one.checkpoint, stop.get(one.key, NOTHING))
        if upper > last:
            slices.append(Slice(one, last, upper))
    return slices


def _chosen(client: Client, slices: list[Slice], limit: int) -> list[Slice]:
    """At most `limit` operations; of each stream only its oldest index, to keep its order.

    What is chosen depends on nothing but the slices, so a page comes again after a crash. Searches
    can find it afterwards.
    """
    first = oldest(client, {one.primary.index for one in slices})
    slices = [one for one in slices if one.primary.index in first]
    room = share(min(limit, _MOST), [one.count for one in slices])
    chosen = [_cut(one, count) for one, count in zip(slices, room, strict=True) if count]
    refresh(client, {one.primary.index for one in chosen})
    return chosen


def _cut(one: Slice, count: int) -> Slice:
    return replace(one, upper=min(one.upper, one.last + count))


def share(room: int, wanted: Sequence[int]) -> list[int]:
    """Who gets how much: the small ones all they want, the big ones equal parts."""
    granted = [0] * len(wanted)
    for place, which in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):
        part = -(-room // (len(wanted) - place))
        granted[which] = min(wanted[which], part)
        room -= granted[which]
    return granted


def _fitting(client: Client, slices: list[Slice]) -> list[Slice]:
    """The slices cut so that their events are `PAGE_BYTES` at most, or one event alone."""
    total = {"size": 0, "aggs": {"bytes": {"sum": {"field": _SIZE}}}}
    answers = _searched(client, slices, total)
    sizes = [int(one["aggregations"]["bytes"]["value"]) if one else 0 for one in answers]
    if sum(sizes) <= PAGE_BYTES:
        return slices
    return _measured(client, slices, share(PAGE_BYTES, sizes))


def _measured(client: Client, slices: list[Slice], room: list[int]) -> list[Slice]:
    """Each slice as far as its events fit into its bytes of room."""
    wanted = {"_source": False, "docvalue_fields": [_SIZE]}
    answers = _searched(client, slices, wanted)
    cut = [
        replace(one, upper=_reach(one, answer["hits"]["hits"], bytes_)) if answer else one
        for one, answer, bytes_ in zip(slices, answers, room, strict=True)
    ]
    kept = [one for one in cut if one.count]
    return kept or [_cut(slices[0], 1)]


def _reach(one: Slice, hits: Sequence[Hit], room: int) -> int:
    """The number up to which the events of a slice fit into `room` bytes."""
    fits = one.last
    for hit in hits:
        room -= sum(hit.get("fields", {}).get(_SIZE, ()))
        if room < 0:
            return fits
        fits = hit["sort"][0]
    return one.upper


def _whole(
    client: Client, slices: Sequence[Slice], wanted: Mapping[str, Any] | None = None
) -> list[list[Hit] | None]:
    """The hits of each slice by number, all of them; None where its index was deleted."""
    found = _hits(client, slices, wanted or {})
    for place, (one, hits) in enumerate(zip(slices, found, strict=True)):
        if hits is not None and len(hits) < one.count:
            found[place] = _again(client, one, hits, wanted or {})
    return found


def _again(
    client: Client, one: Slice, hits: list[Hit], wanted: Mapping[str, Any]
) -> list[Hit] | None:
    """A slice that seemed to have gaps, from the primary of now.

    A gap is real (a document that was deleted, a promotion) only where a second read agrees.
    """
    for _ in range(_TRIES):
        shards = primaries(client, patterns(client.prefix))
        current = next((shard for shard in shards if shard.key == one.primary.key), None)
        if current is None:
            raise Unavailable(f"Elasticsearch: {one.primary.index} has no primary now")
        refresh(client, {current.index})
        (second,) = _hits(client, [replace(one, primary=current)], wanted)
        if second is None or _numbers(second) == _numbers(hits) or len(second) == one.count:
            return second
        hits = second
    raise Unavailable(f"Elasticsearch: every reading of {one.primary.index} is different")


def _numbers(hits: Sequence[Hit]) -> list[int]:
    return [hit["sort"][0] for hit in hits]


def _hits(
    client: Client, slices: Sequence[Slice], wanted: Mapping[str, Any]
) -> list[list[Hit] | None]:
    answers = _searched(client, slices, wanted)
    return [None if answer is None else answer["hits"]["hits"] for answer in answers]


def _searched(
    client: Client, slices: Sequence[Slice], wanted: Mapping[str, Any]
) -> list[dict[str, Any] | None]:
    """What each shard answers about its slice; None where its index was deleted.

    Raises Unavailable for any answer that may not be whole.
    """
    if not slices:
        return []
    lines = [orjson.dumps(part) for one in slices for part in (_header(one), _body(one, wanted))]
    answer = client.lines("/_msearch", b"\n".join(lines) + b"\n")
    return [_checked(one, part) for one, part in zip(slices, answer["responses"], strict=True)]


def _header(one: Slice) -> dict[str, Any]:
    """The search goes to this one copy of this one shard, or fails."""
    primary = one.primary
    return {
        "index": primary.index,
        "preference": f"_shards:{primary.shard}|_only_nodes:{primary.node}",
        "allow_partial_search_results": False,
        "request_cache": False,
    }


def _body(one: Slice, wanted: Mapping[str, Any]) -> dict[str, Any]:
    between = {"gt": one.last, "lte": one.upper}
    return {
        "query": {"range": {"_seq_no": between}},
        "sort": ["_seq_no"],
        "size": one.count,
        **wanted,
    }


def _checked(one: Slice, answer: dict[str, Any]) -> dict[str, Any] | None:
    if answer["status"] == 404:
        return None
    index = one.primary.index
    if "error" in answer:
        error = answer["error"]
        what = f"{answer['status']} {error['type']}: {error['reason']}"
        raise Unavailable(f"Elasticsearch cannot read {index} now: {what}")
    copies = answer["_shards"]
    if copies["total"] == 0:
        return None
    if copies["total"] != 1 or copies["failed"] or answer["timed_out"]:
        raise Unavailable(f"Elasticsearch read only a part of {index}")
    return answer


def _events(scope: Scope, found: Sequence[tuple[Slice, list[Hit] | None]]) -> Iterator[Event]:
    """The visible events; what another client put into the stream is none."""
    for _, hits in found:
        for hit in hits or ():
            event = decode(hit["_id"], hit["_source"])
            if event and scope.sees(event.operator, event.affected):
                yield event
