"""Searching: Elasticsearch finds a superset by its index, Python decides over the documents.

The answer is of one moment (a point in time), which is let go when the caller stops.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice
from typing import Any
from urllib.parse import quote

from haidang.errors import HaidangError, Unavailable
from haidang.model.event import Event
from haidang.model.scope import Scope
from haidang.store.events.elastic.client import Client, Rejected
from haidang.store.events.elastic.document import ENVELOPE, decode
from haidang.store.events.elastic.names import patterns
from haidang.store.events.elastic.prefilter import Query, any_of, is_plain, query_of
from haidang.store.events.elastic.shards import complete, refresh
from haidang.store.events.elastic.template import FOLDED
from haidang.store.events.filter import check_of
from haidang.store.events.protocol import Clause, Filter, Range

FIRST_HITS, MOST_HITS = 100, 5000  # candidates a page
PAGE_BYTES = 4 * 1024 * 1024  # documents fetched at a time; decoded they are several times as big

_KEEP_ALIVE = "5m"  # from one request to the next
_MOST = 10_000  # the server's `max_result_window`, for hits and for ids
_MIN_LONG, _MAX_LONG = -(2**63), 2**63 - 1
_TIME, _ID, _SIZE = f"{ENVELOPE}.time", f"{ENVELOPE}.id", f"{ENVELOPE}.size"
_UNITS = (f"{ENVELOPE}.operator", f"{ENVELOPE}.affected")


def search(
    client: Client, scope: Scope, wanted: Filter, between: Range, limit: int
) -> Generator[Event]:
    """The answer of `EventStore.search`, asked for as it is taken.

    Raises Unavailable rather than leave out an index that is closed.
    """
    complete(client)
    with closing(find(client, patterns(client.prefix), scope, wanted, between)) as found:
        yield from islice(found, max(limit, 0))


def find(
    client: Client, indices: Sequence[str], scope: Scope, wanted: Filter, between: Range
) -> Generator[Event]:
    """Every event of these indices that the scope sees and the filter accepts, by (time, id).

    Indices that do not exist hold nothing. Raises Unavailable rather than leave anything out.
    """
    if wanted.ids is not None and not wanted.ids:
        return
    holds = check_of(wanted.clauses)
    refresh(client, indices)
    with _moment(client, indices) as moment:
        # After the moment was fixed: its documents have no field that is not mapped by now.
        foreign = _foreign(client, indices, wanted.clauses)
        last = ""
        for event in moment.events(_filters(scope, wanted, between, foreign)):
            again, last = event.id == last, event.id  # an id may come twice, around a rollover
            if again or not _is_within(event.time, between):
                continue
            if scope.sees(event.operator, event.affected) and holds(event.document()):
                yield event


class _Moment:
    """A point in time of some indices."""

    def __init__(self, client: Client, pit: str) -> None:
        self._client, self._pit = client, pit

    def events(self, filters: Sequence[Query]) -> Iterator[Event]:
        """What all filters accept, by (time, id); the same id may come twice in a row.

        The candidates first, with the sizes of their documents, then as many documents as fit.
        """
        body: dict[str, Any] = {
            "query": {"bool": {"filter": filters}},
            "sort": [{_TIME: "asc"}, {_ID: "asc"}],
            "size": FIRST_HITS,
            "_source": False,
            "docvalue_fields": [_SIZE],
        }
        while hits := self._hits(body):
            for ids in _portions(hits):
                yield from self._documents(ids)
            body["search_after"] = hits[-1]["sort"]
            body["size"] = min(4 * body["size"], MOST_HITS)

    def _documents(self, ids: Sequence[str]) -> Iterator[Event]:
        body = {"query": {"ids": {"values": ids}}, "sort": ["_doc"], "size": _MOST}
        sources = {hit["_id"]: hit["_source"] for hit in self._hits(body)}
        if len(sources) < len(ids):
            raise Unavailable("Elasticsearch lost documents between two requests")
        for id_ in ids:
            event = decode(id_, sources.pop(id_))
            if event:
                yield event

    def _hits(self, body: dict[str, Any]) -> list[Any]:
        pit = {"id": self._pit, "keep_alive": _KEEP_ALIVE}
        whole = {**body, "pit": pit, "track_total_hits": False}
        params = {"allow_partial_search_results": "false"}
        try:
            answer = self._client.ask("POST", "/_search", whole, params=params)
        except Rejected as error:
            if error.status == 404:
                raise Unavailable("Elasticsearch no longer knows this search") from error
            raise
        if answer["timed_out"] or answer["_shards"]["failed"]:
            raise Unavailable("Elasticsearch could not search every shard")
        self._pit = answer["pit_id"]
        hits: list[Any] = answer["hits"]["hits"]
        return hits

    def close(self) -> None:
        """Let go of it; the server does so itself when it is not used."""
        with suppress(HaidangError):
            self._client.ask("DELETE", "/_pit", {"id": self._pit})


@contextmanager
def _moment(client: Client, indices: Sequence[str]) -> Iterator[_Moment]:
    params = {
        "keep_alive": _KEEP_ALIVE,
        "ignore_unavailable": "true",
        "allow_partial_search_results": "false",
    }
    answer = client.ask("POST", f"/{','.join(indices)}/_pit", params=params)
    with closing(_Moment(client, answer["id"])) as moment:
        yield moment


def _portions(hits: Iterable[Any]) -> Iterator[list[str]]:
    """Ids whose documents are `PAGE_BYTES` together, or one that is more; each id once."""
    sizes = {hit["_id"]: hit["fields"][_SIZE][0] for hit in hits}
    ids: list[str] = []
    room = PAGE_BYTES
    for id_, size in sizes.items():
        room -= size
        if ids and room < 0:
            yield ids
            ids, room = [], PAGE_BYTES - size
        ids.append(id_)
    if ids:
        yield ids


def _filters(scope: Scope, wanted: Filter, between: Range, foreign: frozenset[str]) -> list[Query]:
    ours: Query = {"exists": {"field": _SIZE}}  # what another client wrote has no envelope
    filters = [ours, *query_of(wanted.clauses, foreign)]
    if scope.units is not None:
        units = sorted(scope.units)
        terms = [{"terms": {field: units}} for field in _UNITS]
        filters.append(any_of(*terms, {"terms": {"_ignored": _UNITS}}))
    if wanted.ids is not None:
        ids = sorted(wanted.ids)
        starts = range(0, len(ids), _MOST)
        filters.append(any_of(*({"ids": {"values": ids[n : n + _MOST]}} for n in starts)))
    bounds = {"gte": between.start, "lte": between.end}  # the end itself is left to Python
    inside = {
        side: min(max(bound, _MIN_LONG), _MAX_LONG)
        for side, bound in bounds.items()
        if bound is not None
    }
    return [*filters, {"range": {_TIME: inside}}] if inside else filters


def _foreign(client: Client, indices: Sequence[str], clauses: Iterable[Clause]) -> frozenset[str]:
    """Fields that somebody else mapped in one of these indices, so that we cannot rely on them."""
    fields = {clause.field for clause in clauses if is_plain(clause.field)}
    return frozenset(field for field in fields if not _is_ours(client, indices, field))


def _is_ours(client: Client, indices: Sequence[str], field: str) -> bool:
    path = f"/{','.join(indices)}/_mapping/field/{quote(field, safe='')}"
    try:
        answer = client.ask("GET", path, params={"ignore_unavailable": "true"})
    except Rejected as error:
        if error.status == 404:  # no index, or none that has the field
            return True
        raise
    return all(
        mapping == FOLDED
        for index in answer.values()
        for found in index["mappings"].values()
        for mapping in found["mapping"].values()
    )


def _is_within(time: int, between: Range) -> bool:
    if between.start is not None and time < between.start:
        return False
    return between.end is None or time < between.end
