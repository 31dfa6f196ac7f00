"""What happens to events as they age: rollover, dropping whole backing indices, legal holds."""

from collections.abc import Generator, Iterable
from typing import Any

from haidang import durable
from haidang.errors import HaidangError, Unavailable
from haidang.model.event import Event
from haidang.model.instant import Instant
from haidang.model.scope import Scope
from haidang.store.events.elastic import bulk
from haidang.store.events.elastic.client import Client, Rejected
from haidang.store.events.elastic.document import ENVELOPE
from haidang.store.events.elastic.names import hold_of, patterns
from haidang.store.events.elastic.position import NOTHING, Marks, decode
from haidang.store.events.elastic.search import find
from haidang.store.events.elastic.shards import primaries, refresh, streams
from haidang.store.events.elastic.template import mappings, settings
from haidang.store.events.holds import check_case
from haidang.store.events.protocol import Filter, Position, Range

# A stream begins its next index when one of these is reached; an empty index is never left behind.
CONDITIONS = {"max_age": "30d", "max_primary_shard_size": "30gb", "min_docs": 1}
_GREEN_SECS = 20  # less than the client's patience with one request


def maintain(client: Client) -> None:
    """Roll over the streams that are due. Raises Unavailable, then later ones have to wait."""
    for stream in streams(client, patterns(client.prefix)):
        _roll_over(client, stream, CONDITIONS)


def drop(client: Client, before: Instant, level: int, passed: Position) -> int:
    """See `EventStore.drop`. A stream's youngest index is only closed, to be dropped next time."""
    marks = decode(passed)
    dropped = 0
    for stream, indices in streams(client, patterns(client.prefix, level)).items():
        for index in indices:
            count = _droppable(client, index, before, marks)
            if count is not None and index != indices[-1]:
                client.ask("DELETE", f"/{index}")
                durable.point("drop.index")
                dropped += count
            elif count:
                _roll_over(client, stream, {"max_docs": 1})
    return dropped


def hold(client: Client, case: str, events: Iterable[Event], patience: bulk.Patience) -> int:
    """See `EventStore.hold`. Raises HaidangError also for events that no index can keep."""
    index = hold_of(client.prefix, check_case(case))
    _make(client, index)
    before = _count(client, index)
    refused = bulk.write(client, events, patience, into=index)
    if refused:
        id_, reason = min(refused.items())
        raise HaidangError(f"hold {case}: {len(refused)} events not held, one is {id_}: {reason}")
    return _count(client, index) - before


def held(client: Client, scope: Scope, case: str) -> Generator[Event]:
    """See `EventStore.held`; asked for as it is taken."""
    return find(client, [hold_of(client.prefix, check_case(case))], scope, Filter(), Range())


def _roll_over(client: Client, stream: str, conditions: dict[str, Any]) -> None:
    """Begin the next index if it is time, and wait until each of its copies is in place.

    One that has a single copy yet would stop all writing when that node died.
    """
    answer = client.ask("POST", f"/{stream}/_rollover", {"conditions": conditions})
    if not answer["rolled_over"]:
        return
    params = {"wait_for_status": "green", "timeout": f"{_GREEN_SECS}s"}
    try:
        client.ask("GET", f"/_cluster/health/{answer['new_index']}", params=params)
    except Unavailable as error:
        raise Unavailable(f"{answer['new_index']} does not have all of its copies yet") from error


def _droppable(client: Client, index: str, before: Instant, marks: Marks) -> int | None:
    """How many documents an index holds, if all are old and read; else None. Raises Unavailable."""
    refresh(client, [index])
    young = {"range": {f"{ENVELOPE}.received": {"gte": before}}}
    body = {"size": 0, "track_total_hits": True, "aggs": {"young": {"filter": young}}}
    params = {"allow_partial_search_results": "false"}
    answer = client.ask("POST", f"/{index}/_search", body, params=params)
    # After the look at the documents: one that is written meanwhile moves a checkpoint.
    shards = primaries(client, [index])
    if answer["aggregations"]["young"]["doc_count"] or len(shards) < answer["_shards"]["total"]:
        return None
    if any(marks.get(one.key, NOTHING) != one.checkpoint for one in shards):
        return None
    count: int = answer["hits"]["total"]["value"]
    return count


def _make(client: Client, index: str) -> None:
    body = {"settings": {"index": settings()}, "mappings": mappings()}
    try:
        client.ask("PUT", f"/{index}", body)
    except Rejected as error:
        if error.kind != "resource_already_exists_exception":
            raise


def _count(client: Client, index: str) -> int:
    refresh(client, [index])
    answer = client.ask("GET", f"/{index}/_count")
    count: int = answer["count"]
    return count
