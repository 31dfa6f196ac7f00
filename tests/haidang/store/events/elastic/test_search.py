"""Searching the streams: a superset by the index, the judge over it, page by page."""

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest

from haidang.errors import Unavailable
from haidang.model.scope import Scope
from haidang.store.events.elastic import search as module
from haidang.store.events.elastic import shards, template
from haidang.store.events.elastic.client import Client
from haidang.store.events.elastic.names import hold_of, patterns
from haidang.store.events.elastic.search import search
from haidang.store.events.protocol import START, Clause, Filter, Range
from tests.support import elasticsearch

ALL = Scope.system()
EVERYTHING = 100_000


@pytest.fixture
def client(elastic_store) -> Client:
    """A client of an empty store."""
    return elastic_store._client


@pytest.fixture
def tiny_pages(monkeypatch) -> None:
    """Pages of two candidates, growing to four, and documents fetched one or two at a time."""
    monkeypatch.setattr(module, "FIRST_HITS", 2)
    monkeypatch.setattr(module, "MOST_HITS", 4)
    monkeypatch.setattr(module, "PAGE_BYTES", 60)


def numbers(found) -> list[int]:
    """The numbers of events in the order in which they came."""
    return [int(event.id[-6:]) for event in found]


def test_pages_of_any_size_give_the_whole_answer(elastic_store, client, make_event, tiny_pages):
    """Events of equal times and of several streams come once each, by time and id."""
    events = [
        make_event(n, time=1000 + n // 5, level=1 + n % 3, dataset=f"{('zeek', 'iis')[n % 2]}.x")
        for n in range(23)
    ]
    elastic_store.append(events[::-1])
    found = search(client, ALL, Filter(), Range(), EVERYTHING)
    assert sorted(events, key=lambda event: (event.time, event.id)) == list(found)


def test_document_beyond_the_page_is_fetched_alone(elastic_store, client, make_event, tiny_pages):
    """A document that is bigger than a page comes all the same."""
    events = [make_event(n, {"a": "x" * (500 if n == 1 else 1)}) for n in range(4)]
    elastic_store.append(events)
    assert events == list(search(client, ALL, Filter(), Range(), EVERYTHING))


def test_portions_keep_to_the_bytes(monkeypatch):
    """Documents are fetched as many at a time as fit; an id that comes twice is fetched once."""
    monkeypatch.setattr(module, "PAGE_BYTES", 10)
    sizes = [("a", 4), ("b", 6), ("b", 6), ("c", 1), ("d", 11), ("e", 10), ("f", 1)]
    hits = [{"_id": id_, "fields": {module._SIZE: [size]}} for id_, size in sizes]
    assert [["a", "b"], ["c"], ["d"], ["e"], ["f"]] == list(module._portions(hits))


def test_limit_counts_exact_matches(elastic_store, client, make_event, tiny_pages):
    """Candidates that the judge refuses do not use up the limit."""
    events = [make_event(n, {"a": "đ" if n % 3 == 0 else "ư"}) for n in range(12)]
    elastic_store.append(events)
    wanted = Filter((Clause("a", "equals", "Đ"),))
    assert [0, 3, 6] == numbers(search(client, ALL, wanted, Range(), 3))
    assert [] == list(search(client, ALL, wanted, Range(), -1))


def test_stopping_early_lets_the_moment_go(elastic_store, client, make_event, tiny_pages):
    """A caller who takes one event leaves nothing open on the server, nor one who takes all."""
    elastic_store.append([make_event(n) for n in range(9)])
    for taken in (1, 4, 20):
        found = search(client, ALL, Filter(), Range(), EVERYTHING)
        assert list(range(min(taken, 9))) == numbers(islice(found, taken))
        pit = _pit_of(found)
        found.close()
        assert pit is None or not _is_open(client, pit)


def _pit_of(found: Iterator) -> str | None:
    """The point in time of a search that is under way."""
    frame = found.gi_frame
    inner = frame and frame.f_locals["found"].gi_frame
    return inner and inner.f_locals["moment"]._pit


def _is_open(client: Client, pit: str) -> bool:
    try:
        module._Moment(client, pit)._hits({"size": 0})
    except Unavailable:
        return False
    return True


def test_moment_that_the_server_forgot_is_told(elastic_store, client, make_event, tiny_pages):
    """An answer is never cut short in silence."""
    elastic_store.append([make_event(n) for n in range(9)])
    found = search(client, ALL, Filter(), Range(), EVERYTHING)
    next(found)
    client.ask("DELETE", "/_pit", {"id": _pit_of(found)})
    with pytest.raises(Unavailable, match="no longer knows"):
        list(found)


def test_what_comes_later_is_not_in_the_answer(elastic_store, client, make_event, tiny_pages):
    """The answer is of the moment in which the search began."""
    elastic_store.append([make_event(n) for n in range(9)])
    found = search(client, ALL, Filter(), Range(), EVERYTHING)
    assert 0 == numbers([next(found)])[0]
    elastic_store.append([make_event(n) for n in (20, 21)])
    assert list(range(1, 9)) == numbers(found)
    assert 11 == len(list(search(client, ALL, Filter(), Range(), EVERYTHING)))


def test_event_that_was_written_again_comes_once(elastic_store, client, make_event, tiny_pages):
    """After a rollover Elasticsearch takes an id again; the answer has it once."""
    for _ in range(3):
        elastic_store.append([make_event(n) for n in range(9)])
        elasticsearch.seal(client)
    assert list(range(9)) == numbers(search(client, ALL, Filter(), Range(), EVERYTHING))
    wanted = Filter(ids=frozenset({"event-000003", "event-000004"}))
    assert [3, 4] == numbers(search(client, ALL, wanted, Range(), EVERYTHING))


@pytest.mark.parametrize(
    "theirs",
    [
        pytest.param({}, id="no envelope"),
        pytest.param({"haidang": {"envelope": {"id": "x", "time": 0, "size": 1}}}, id="nested"),
        pytest.param({"haidang.envelope": "x"}, id="a text"),
        pytest.param({"haidang.envelope": [{"time": 0, "size": 1}]}, id="a list"),
    ],
)
def test_what_others_wrote_is_no_event(elastic_store, client, make_event, theirs):
    """A document of another client in a stream is passed over, by the feed and by searches."""
    events = [make_event(n) for n in range(2)]
    elastic_store.append(events)
    path = f"/{client.prefix}-linux-l3/_create/theirs"
    client.ask("PUT", path, {"@timestamp": 0, "a": "b", **theirs})
    assert events == elastic_store.read(ALL, START, 10).events
    named = Filter(ids=frozenset({"theirs", events[0].id}))
    assert events == list(search(client, ALL, Filter(), Range(), EVERYTHING))
    assert events[:1] == list(search(client, ALL, named, Range(), EVERYTHING))


def test_more_ids_than_one_query_may_name(elastic_store, client, make_event):
    """Ids are asked for in portions that the server takes."""
    elastic_store.append([make_event(n) for n in range(5)])
    ids = frozenset({f"event-{n:06}" for n in range(25_000)} - {"event-000002"})
    assert [0, 1, 3, 4] == numbers(search(client, ALL, Filter(ids=ids), Range(), EVERYTHING))


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        pytest.param(Range(-(10**30), 10**30), [0, 1, 2], id="wider than 64 bits"),
        pytest.param(Range(10**30), [], id="after all times"),
        pytest.param(Range(end=-(10**30)), [], id="before all times"),
        pytest.param(Range(-(2**63), 2**63 - 1), [0, 1], id="64 bits, end exclusive"),
        pytest.param(Range(2**63 - 1, 2**63), [2], id="last instant"),
    ],
)
def test_extreme_ranges(elastic_store, client, make_event, between, expected):
    """Any integers may bound a range, and the last instant that fits is an instant."""
    times = [-(2**63), 0, 2**63 - 1]
    documents = {"@timestamp": 0}
    elastic_store.append([make_event(n, documents, time=time) for n, time in enumerate(times)])
    assert expected == numbers(search(client, ALL, Filter(), between, EVERYTHING))


def test_long_and_many_units(elastic_store, client, make_event):
    """A scope may be of many units, and a unit's id longer than what the index keeps."""
    long = "đ" * 9000
    elastic_store.append([make_event(1, operator=long), make_event(2, affected=("x", "y"))])
    scope = Scope.of([long, *map(str, range(5000))])
    assert [1] == numbers(search(client, scope, Filter(), Range(), EVERYTHING))
    assert [2] == numbers(search(client, Scope.of(["y"]), Filter(), Range(), EVERYTHING))


def test_nothing_is_found_before_there_are_streams(elastic_connection):
    """A prefix without streams holds nothing."""
    empty = Client.open(replace(elastic_connection, prefix="tnosuch"))
    assert [] == list(search(empty, ALL, Filter(), Range(), EVERYTHING))
    wanted = Filter((Clause("a", "equals", "b"),))
    assert [] == list(search(empty, ALL, wanted, Range(), EVERYTHING))
    empty.close()


FOREIGN = [
    pytest.param({"type": "long"}, 4624, "4624", id="number"),
    pytest.param({"type": "text"}, "Ab cD", "ab cd", id="text"),
    pytest.param({"type": "keyword"}, "ABC", "abc", id="not folded"),
    pytest.param({"type": "keyword", "index": False}, "ABC", "abc", id="not indexed"),
    pytest.param({"type": "ip"}, "10.0.0.1", "10.0.0.1", id="address"),
    pytest.param({"type": "boolean"}, True, "true", id="boolean"),
]


@pytest.mark.parametrize(("mapping", "value", "text"), FOREIGN)
def test_field_that_another_client_mapped_is_found(
    elastic_store, client, make_event, mapping, value, text
):
    """Where somebody else decides how a field is indexed, every document is looked at."""
    elastic_store.append([make_event(1)])
    (stream,) = (name for name in elasticsearch.streams(client) if name.endswith("-linux-l3"))
    client.ask("PUT", f"/{stream}/_mapping", {"properties": {"foreign.field": mapping}})
    elastic_store.append([make_event(2, {"foreign": {"field": value}})])
    wanted = Filter((Clause("foreign.field", "equals", text),))
    assert [2] == numbers(search(client, ALL, wanted, Range(), EVERYTHING))


def test_time_of_the_document_can_be_searched(elastic_store, client, make_event):
    """`@timestamp` is compared as the source wrote it, also where it is no time."""
    stamps = ["2026-01-02T03:04:05+07:00", "hôm qua", 1767297845000]
    elastic_store.append([make_event(n, {"@timestamp": one}) for n, one in enumerate(stamps)])
    for expected, text in enumerate(["03:04:05+07", "QUA", "1767297845000"]):
        wanted = Filter((Clause("@timestamp", "contains", text),))
        assert [expected] == numbers(search(client, ALL, wanted, Range(), EVERYTHING))


def test_shard_that_cannot_be_searched_is_told(elastic_store, client, make_event, monkeypatch):
    """A red index makes the search fail, whatever the others hold, and soon."""
    monkeypatch.setattr(shards, "_SECS", 0.5)
    elastic_store.append([make_event(1)])
    red = hold_of(client.prefix, "red")
    nowhere = {**template.settings(), "routing.allocation.require._name": "nowhere"}
    body = {"settings": {"index": nowhere}, "mappings": template.mappings()}
    client.ask("PUT", f"/{red}", body, params={"wait_for_active_shards": "0"})
    where = [*patterns(client.prefix), red]
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        list(module.find(client, where, ALL, Filter(), Range()))
    assert time.monotonic() - begun < 5
    client.ask("DELETE", f"/{red}")
    assert [1] == numbers(module.find(client, where, ALL, Filter(), Range()))
