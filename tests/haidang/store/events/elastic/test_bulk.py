"""Writing on the real server: every event settled, whatever happens on the way."""

import json
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haidang import durable
from haidang.errors import Unavailable
from haidang.store.events.elastic import bulk, document
from haidang.store.events.elastic.client import Client, Connection
from haidang.store.events.elastic.names import patterns
from tests.haidang.store.events.conftest import event_of
from tests.support import elasticsearch
from tests.support.clock import Clock
from tests.support.documents import documents
from tests.support.proxy import answer, proxied

STREAM = "linux-l3"
FORBIDDEN = '{"error":{"type":"security_exception","reason":"u may not write"}}'


def item(status, kind):
    """An answer to a bulk request of one item."""
    error = {"type": kind, "reason": "u may not write"}
    items = [{"create": {"status": status, "error": error}}]
    return answer(200, json.dumps({"errors": True, "items": items}))


@pytest.fixture
def clock():
    """A clock at 0."""
    return Clock()


@pytest.fixture
def client(elastic_connection):
    """A client of the empty store."""
    made = Client.open(elastic_connection)
    elasticsearch.empty(made)
    yield made
    made.close()


@pytest.fixture
def proxy(elastic_connection):
    """A proxy before the server."""
    with proxied(elastic_connection.hosts[0]) as made:
        yield made


@pytest.fixture
def far(client, proxy):
    """A client of the same store that goes through the proxy."""
    made = Client.open(Connection((proxy.url,), prefix=client.prefix, timeout_secs=5.0))
    yield made
    made.close()


def events_of(*numbers, **changes):
    """Events with these numbers."""
    return [event_of(number, **changes) for number in numbers]


def hits(client, query=None):
    """All documents of the store that match, in the order they were accepted in."""
    where = ",".join(patterns(client.prefix))
    client.ask("POST", f"/{where}/_refresh")
    body = {
        "size": 5000,
        "sort": ["haidang.envelope.received"],
        "query": query or {"match_all": {}},
    }
    return client.ask("POST", f"/{where}/_search", body)["hits"]["hits"]


def stored(client, query=None):
    """The events of the store, however often each of them lies there."""
    return [document.decode(hit["_id"], hit["_source"]) for hit in hits(client, query)]


def carried(client):
    """Ids of the events that lie in the carried form."""
    return [one.id for one in stored(client, {"term": {"haidang.envelope.carried": True}})]


def on_bulk(act):
    """A treatment that does `act(ask, count)` with the count-th bulk request."""
    count = iter(range(1000))
    return lambda line, ask: act(ask, next(count)) if "/_bulk" in line else ask()


def test_events_are_kept_byte_for_byte(client, clock):
    """What was written comes back, and nobody had to wait."""
    events = events_of(1, 2, 3)
    assert {} == bulk.write(client, events, clock.patience())
    assert events == stored(client)
    assert [] == clock.pauses


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(documents(), min_size=10, max_size=40))
def test_any_document_is_accepted_and_comes_back(client, clock, contents):
    """Hostile documents are carried at worst; none is refused or changed, none waits."""
    first = len(hits(client))
    events = [event_of(number, content) for number, content in enumerate(contents, first)]
    assert {} == bulk.write(client, events, clock.patience())
    assert [] == clock.pauses
    assert events == stored(client)[first:]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param({"a": 1}, [], id="ordinary"),
        pytest.param({"event": {"original": "đ" * 20_000}}, [], id="over 32,766 bytes"),
        pytest.param({f"k{n}": n for n in range(5000)}, [], id="5,000 fields"),
        pytest.param({"_id": "x"}, ["event-000002"], id="a metadata field"),
        pytest.param({"@timestamp": "today"}, ["event-000002"], id="no time"),
        pytest.param({"a": {"@timestamp": 1}}, ["event-000002"], id="a deeper time only"),
        pytest.param({"haidang.envelope": {"x": 1}}, ["event-000002"], id="our own name"),
    ],
)
def test_only_what_cannot_be_indexed_is_carried(client, clock, content, expected):
    """The neighbours of such a document are indexed as ever."""
    events = [event_of(1), event_of(2, content), event_of(3)]
    assert {} == bulk.write(client, events, clock.patience())
    assert expected == carried(client)
    assert events == stored(client)


def test_conflict_with_a_mapping_of_another_client_is_carried(client, clock):
    """A field that somebody made a number does not take text; the document is kept all the same."""
    stream = f"{client.prefix}-{STREAM}"
    bulk.write(client, events_of(1), clock.patience())
    client.ask("PUT", f"/{stream}/_mapping", {"properties": {"custom.n": {"type": "long"}}})
    events = [event_of(2, {"custom": {"n": 5}}), event_of(3, {"custom": {"n": "five"}})]
    assert {} == bulk.write(client, events, clock.patience())
    assert ["event-000003"] == carried(client)
    assert events == stored(client)[1:]


@pytest.mark.parametrize("id_", [pytest.param("x" * 513, id="long"), pytest.param("", id="empty")])
def test_impossible_id_is_refused_alone(client, clock, id_):
    """The reason holds no data; the neighbours are accepted."""
    events = [event_of(1), event_of(2, id=id_), event_of(3)]
    refused = bulk.write(client, events, clock.patience())
    assert {id_: "its id is not 1 to 512 bytes long"} == refused
    assert [events[0], events[2]] == stored(client)


def test_document_refused_in_both_forms_is_refused_without_its_data(client, clock):
    """Elasticsearch's reason quotes the value, ours does not."""
    events = [event_of(1), event_of(2, received=2**63, ecs=b'{"a":"secret"}')]
    refused = bulk.write(client, events, clock.patience())
    expected = "Elasticsearch does not take the document: document_parsing_exception"
    assert {"event-000002": expected} == refused
    assert [events[0]] == stored(client)


def test_event_that_is_there_already_is_accepted(client, clock):
    """Written before, or twice in one batch: kept once."""
    events = events_of(1, 2)
    bulk.write(client, events, clock.patience())
    assert {} == bulk.write(client, [*events, *events_of(3, 3)], clock.patience())
    assert [*events, *events_of(3)] == stored(client)


def test_batch_is_cut_into_requests(far, proxy, clock, monkeypatch):
    """By bytes and by number; an event larger than a request goes alone."""
    monkeypatch.setattr(bulk, "CHUNK_BYTES", 2000)
    monkeypatch.setattr(bulk, "CHUNK_EVENTS", 3)
    events = [*events_of(1, 2, 3, 4), event_of(5, {"a": "x" * 5000}), *events_of(6)]
    assert {} == bulk.write(far, events, clock.patience())
    assert 4 == len(proxy.seen)
    assert events == stored(far)


def test_request_that_is_too_long_is_halved(far, proxy, clock, monkeypatch):
    """An event that is too long even alone is refused; nothing is sent twice or in wait."""
    proxy.treat = on_bulk(lambda ask, count: answer(413) if count < 4 else ask())
    events = events_of(*range(9))
    refused = bulk.write(far, events, clock.patience())
    assert {"event-000000": "Elasticsearch takes no request of its length"} == refused
    assert events[1:] == stored(far)
    assert [] == clock.pauses
    assert 7 == len([line for line in proxy.seen if "/_bulk" in line])  # 9, 4, 2, 1; 1, 2, 5


@pytest.mark.parametrize("rolled", [False, True])
def test_lost_answer_doubles_and_loses_nothing(client, far, proxy, clock, rolled):
    """What arrived is looked up, also in the index before a rollover; the rest is sent."""

    def lose(ask, count):
        whole = ask()
        if count:
            return whole
        if rolled:
            client.ask("POST", f"/{client.prefix}-{STREAM}/_rollover")
        return None

    proxy.treat = on_bulk(lose)
    events = events_of(*range(30))
    assert {} == bulk.write(far, events, clock.patience())
    assert events == stored(client)
    assert 1 == len([line for line in proxy.seen if "/_bulk" in line])


def test_lost_request_is_sent_again_without_what_arrived(client, far, proxy, clock):
    """Only the missing events go a second time."""
    events = events_of(*range(6))
    proxy.treat = on_bulk(lambda ask, count: ask() if count else None)
    bulk.write(client, events[:4], clock.patience())
    client.ask("POST", f"/{client.prefix}-{STREAM}/_rollover")
    assert {} == bulk.write(far, events, clock.patience())
    assert sorted(events, key=lambda one: one.id) == stored(client)


@pytest.mark.parametrize(
    "busy",
    [
        pytest.param(answer(503), id="503"),
        pytest.param(answer(429), id="429"),
        pytest.param(answer(500), id="500"),
        pytest.param(answer(403, FORBIDDEN), id="role for all"),
        pytest.param(answer(200, '{"errors":false,"items":[]}'), id="items missing"),
        pytest.param(item(429, "es_rejected_execution_exception"), id="full"),
        pytest.param(item(503, "unavailable_shards_exception"), id="shard"),
        pytest.param(item(403, "cluster_block_exception"), id="block"),
        pytest.param(item(403, "security_exception"), id="role"),
        pytest.param(item(404, "index_not_found_exception"), id="no index"),
        pytest.param(item(400, "something_new"), id="unknown reason"),
        pytest.param(item(409, "something_new"), id="unknown conflict"),
    ],
)
def test_what_is_not_the_documents_fault_is_tried_again(client, far, proxy, clock, busy):
    """After growing pauses; nothing is refused for it."""
    proxy.treat = on_bulk(lambda ask, count: busy if count < 2 else ask())
    assert {} == bulk.write(far, events_of(1), clock.patience())
    assert [0.1, 0.2] == clock.pauses
    assert events_of(1) == stored(client)


@pytest.mark.parametrize(
    ("busy", "expected"),
    [
        pytest.param(item(429, "full"), "cannot write this now: 429 full$", id="full"),
        pytest.param(item(403, "denied"), "now: 403 denied: u may not write", id="role"),
        pytest.param(answer(403, FORBIDDEN), "security_exception: u may not", id="role for all"),
    ],
)
def test_patience_ends_and_says_why(far, proxy, clock, busy, expected):
    """The total time is kept, the last reason told, and no event named refused.

    Of a role, the server's own words tell what it lacks.
    """
    proxy.treat = on_bulk(lambda _ask, _count: busy)
    with pytest.raises(Unavailable, match=expected):
        bulk.write(far, events_of(1), clock.patience(total_secs=20.0))
    assert [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0] == [round(pause, 1) for pause in clock.pauses]


def test_missing_pipeline_refuses_no_event(client, clock):
    """400 `illegal_argument_exception` in both forms: the index is at fault, not the document."""
    stream = f"{client.prefix}-{STREAM}"
    bulk.write(client, events_of(1), clock.patience())
    client.ask("PUT", f"/{stream}/_settings", {"index.default_pipeline": "gone"})
    with pytest.raises(Unavailable, match="400 illegal_argument_exception"):
        bulk.write(client, events_of(2), clock.patience(total_secs=1.0))
    clock.on_sleep = lambda: client.ask(
        "PUT", f"/{stream}/_settings", {"index.default_pipeline": None}
    )
    assert {} == bulk.write(client, events_of(2), clock.patience())
    assert ["event-000001", "event-000002"] == [one.id for one in stored(client)]


@pytest.mark.parametrize("block", ["write", "read_only_allow_delete", "read_only"])
def test_blocked_index_is_waited_for(client, clock, block):
    """A full disk or an administrator blocks it; writing goes on when it is lifted."""
    stream = f"{client.prefix}-{STREAM}"
    bulk.write(client, events_of(1), clock.patience())
    client.ask("PUT", f"/{stream}/_settings", {f"index.blocks.{block}": True})
    clock.on_sleep = lambda: client.ask(
        "PUT", f"/{stream}/_settings", {f"index.blocks.{block}": None}
    )
    assert {} == bulk.write(client, events_of(1, 2), clock.patience())
    assert events_of(1, 2) == stored(client)


def test_server_that_is_not_there_is_unavailable(clock):
    """Nothing listens: said after the patience, and the password is not."""
    with proxied("http://127.0.0.1:1") as gone:
        host = gone.url
    client = Client.open(Connection((host,), user="u", password="bi-mat", prefix="p"))  # noqa: S106 - made up
    with pytest.raises(Unavailable, match="cannot be reached") as raised:
        bulk.write(client, events_of(1), clock.patience(total_secs=1.0))
    assert "bi-mat" not in str(raised.value)


def test_request_still_at_work_is_waited_for(far, proxy, clock):
    """While the server has not done with a request whose answer is lost, nothing is looked up."""
    task = '{"nodes":{"n":{"tasks":{"n:1":{"headers":{"X-Opaque-Id":"%s"}}}}}}'
    marks = []

    def treat(line, ask):
        if "/_tasks" in line and len(marks) < 3:
            marks.append(line)
            return answer(200, task % bulk.mark_of(far.prefix, events_of(1)))
        return ask()

    losing = on_bulk(lambda ask, count: ask() if count else (ask(), None)[1])
    proxy.treat = lambda line, ask: losing(line, ask) if "/_bulk" in line else treat(line, ask)
    assert {} == bulk.write(far, events_of(1), clock.patience())
    assert 4 == len(clock.pauses)
    assert events_of(1) == stored(far)


@pytest.mark.slow
def test_server_names_a_running_request_by_its_mark(client, elastic_connection):
    """`_tasks` shows our X-Opaque-Id while a large request is being written."""
    body = document.encode(event_of(1))
    lines = b"".join(
        b'{"create":{"_index":"%b-linux-l3","_id":"m%d"}}\n%b\n' % (client.prefix.encode(), n, body)
        for n in range(40_000)
    )
    other = Client.open(elastic_connection)
    mark = {"mark": f"{client.prefix}/ours"}
    thread = threading.Thread(target=other.lines, args=("/_bulk", lines), kwargs=mark)
    thread.start()
    while not (running := bulk._running(client)):
        assert thread.is_alive()
    assert {mark["mark"]} == {one for _, one in running}
    bulk.await_running(client, bulk.Patience())
    assert set() == bulk._running(client)
    thread.join()
    other.close()


def test_only_requests_that_are_at_work_now_are_waited_for(far, proxy, clock):
    """Other writers go on meanwhile: their later requests are none of ours to wait for."""
    ours = far.prefix
    tasks = [
        [f"1:{ours}/a", f"2:{ours}/b", "3:other/a"],
        [f"1:{ours}/a", f"4:{ours}/c"],
        [f"5:{ours}/d"],
    ]
    proxy.treat = lambda line, ask: answer(200, at_work(tasks.pop(0)))
    bulk.await_running(far, clock.patience())
    assert [] == tasks
    assert 2 == len(clock.pauses)


def test_request_that_does_not_end_is_unavailable(far, proxy, clock):
    """A frozen node keeps it for long: what it writes cannot be told now."""
    proxy.treat = lambda line, ask: answer(200, at_work([f"1:{far.prefix}/a"]))
    with pytest.raises(Unavailable, match="busy with an earlier request"):
        bulk.await_running(far, clock.patience(total_secs=1.0))


def at_work(tasks):
    """The answer of `_tasks` about bulk requests, each a number and its mark."""
    numbered = (task.split(":") for task in tasks)
    marked = {f"n:{number}": {"headers": {"X-Opaque-Id": mark}} for number, mark in numbered}
    return json.dumps({"nodes": {"n": {"tasks": marked}}})


def test_events_go_into_a_named_index(client, clock):
    """A hold is written in the same way as a stream."""
    name = f"{client.prefix}-hold-bulk"
    assert {} == bulk.write(client, events_of(1, 2), clock.patience(), into=name)
    assert {} == bulk.write(client, events_of(2, 3), clock.patience(), into=name)
    client.ask("POST", f"/{name}/_refresh")
    assert 3 == client.ask("GET", f"/{name}/_count")["count"]
    assert [] == hits(client)


def test_missing_template_never_makes_a_plain_index(elastic_connection, clock):
    """Without the template there is no data stream, and the events wait."""
    prefix = f"bare-{elastic_connection.prefix}"
    client = Client.open(Connection(elastic_connection.hosts, prefix=prefix))
    with pytest.raises(Unavailable, match="404 index_not_found_exception"):
        bulk.write(client, events_of(1), clock.patience(total_secs=0.2))
    assert [] == client.ask("GET", f"/_resolve/index/{prefix}-*")["indices"]
    client.close()


def test_crash_after_the_answer_leaves_the_events_accepted(client, clock):
    """The point `bulk.sent` stands after each answered request."""
    passed = []
    token = durable.HOOK.set(passed.append)
    try:
        bulk.write(client, events_of(1), clock.patience())
    finally:
        durable.HOOK.reset(token)
    assert ["bulk.sent"] == passed
    assert events_of(1) == stored(client)
