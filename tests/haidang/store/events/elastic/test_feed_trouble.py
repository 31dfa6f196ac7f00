"""The change feed in trouble: lost shards, deletions by others, servers that are slow or fail."""

import time
from dataclasses import replace

import orjson
import pytest

from haidang.errors import Unavailable
from haidang.model.scope import Scope
from haidang.store.events.elastic import feed, shards
from haidang.store.events.elastic.position import decode
from haidang.store.events.elastic.store import ElasticStore
from haidang.store.events.protocol import START, Filter, Range
from tests.support.elasticsearch import streams
from tests.support.proxy import answer, proxied

ALL = Scope.system()
_ABROAD = '{"responses":[{"error":{"type":"x","reason":"no data nodes"},"status":400}]}'
_BUSY = '{"responses":[{"error":{"type":"x","reason":"busy"},"status":429}]}'


@pytest.fixture
def client(elastic_store):
    """The client of the empty store."""
    return elastic_store._client


def write_index(client, family="linux"):
    """The name of the index that a stream of level 3 is written to."""
    return streams(client)[f"{client.prefix}-{family}-l3"][-1]


def roll_over(client, family="linux"):
    """Begin the next index of a stream of level 3."""
    client.ask("POST", f"/{client.prefix}-{family}-l3/_rollover")


def ids(events):
    """The ids of events."""
    return [event.id for event in events]


@pytest.fixture
def two(elastic_store, make_event):
    """Twenty events each in two streams."""
    events = [make_event(n, dataset=("linux.auth", "nginx.access")[n % 2]) for n in range(40)]
    elastic_store.append(events)
    return events


def test_index_deleted_between_pages(elastic_store, make_event, feed_of):
    """What was deleted unread is gone; the rest comes once, and the position forgets the index."""
    client = elastic_store._client
    events = [make_event(n) for n in range(20)]
    elastic_store.append(events[:10])
    old = write_index(client)
    roll_over(client)
    first = elastic_store.read(ALL, START, 4)
    client.ask("DELETE", f"/{old}")
    assert [] == feed_of(elastic_store, first.position)
    assert first.position == elastic_store.read(ALL, first.position, 4).position
    head = elastic_store.append(events[10:]).position
    page = elastic_store.read(ALL, first.position, 10)
    assert (events[10:], head) == (page.events, page.position)


def test_index_deleted_while_it_is_read(elastic_store, two, monkeypatch):
    """An index that goes between the statistics and the search leaves the others' events."""
    client = elastic_store._client
    old = write_index(client)
    roll_over(client)
    original = feed.refresh

    def delete_first(*arguments):
        monkeypatch.setattr(feed, "refresh", original)
        client.ask("DELETE", f"/{old}")
        original(*arguments)

    monkeypatch.setattr(feed, "refresh", delete_first)
    page = elastic_store.read(ALL, START, 1000)
    assert two[1::2] == page.events
    assert page.position == elastic_store.read(ALL, page.position, 1000).position


def test_deleted_document_leaves_a_gap(elastic_store, through, make_event):
    """Another client's deletion takes a number; the gap is read twice, then passed."""
    client = elastic_store._client
    events = [make_event(n) for n in range(6)]
    elastic_store.append(events)
    client.ask("DELETE", f"/{write_index(client)}/_doc/{events[2].id}")
    proxy, store = through
    page = store.read(ALL, START, 100)
    assert [*events[:2], *events[3:]] == page.events
    assert page.position == elastic_store.head()
    searches = [line for line in proxy.seen if "_msearch" in line]
    assert 3 == len(searches)  # bytes, events, events again


def test_hidden_document_is_not_passed_over(elastic_store, make_event, monkeypatch):
    """A first read that is short, from a copy that lags behind, is repeated and not believed."""
    events = [make_event(n) for n in range(6)]
    elastic_store.append(events)
    original = feed._hits

    def short(*arguments):
        monkeypatch.setattr(feed, "_hits", original)
        return [hits[:2] for hits in original(*arguments)]

    monkeypatch.setattr(feed, "_hits", short)
    page = elastic_store.read(ALL, START, 100)
    assert events == page.events


def test_what_others_wrote_is_no_event(elastic_store, make_event, feed_of):
    """A document of another client in a stream is passed over."""
    client = elastic_store._client
    events = [make_event(n) for n in range(4)]
    elastic_store.append(events[:2])
    client.ask("POST", f"/{client.prefix}-linux-l3/_doc?op_type=create", {"@timestamp": 0, "a": 1})
    elastic_store.append(events[2:])
    assert events == feed_of(elastic_store, limit=1)


@pytest.fixture
def red(elastic_store, make_event, monkeypatch):
    """A stream whose index has no primary, as the statistics tell it, beside one that is whole.

    The server itself is asked about one in test_outage.py: a single node that is there takes a
    shard of its own back at once, whatever the allocation filters say.
    """
    elastic_store.append([make_event(1), make_event(2, dataset="nginx.access")])
    name = write_index(elastic_store._client)

    real = shards.primaries

    def tell(primaries):
        for module in (feed, shards):
            monkeypatch.setattr(module, "primaries", primaries)

    tell(lambda client, wanted: [one for one in real(client, wanted) if one.index != name])
    return lambda: tell(real)


def test_shard_without_primary_stands_still(elastic_store, make_event, feed_of, red):
    """Others go on; it goes on where it stood when its primary is back."""
    position = START
    page = elastic_store.read(ALL, position, 10)
    assert ["event-000002"] == ids(page.events)
    assert page.position == elastic_store.read(ALL, page.position, 10).position
    red()
    assert ["event-000001"] == ids(feed_of(elastic_store, page.position))


def test_mark_of_a_shard_without_primary_is_kept(elastic_store, make_event, red):
    """Its number comes back with it: neither head nor position may forget it meanwhile."""
    head = elastic_store.head()
    assert 2 == len(decode(head))
    elastic_store.append([make_event(3, dataset="nginx.access")])
    page = elastic_store.read(ALL, head, 10)
    assert ["event-000003"] == ids(page.events)
    assert page.position == elastic_store.head()
    assert decode(head).keys() == decode(page.position).keys()


def test_ids_wait_for_every_shard(elastic_store, red):
    """A writer that learnt only a part of the ids would double the rest after a rollover."""
    with pytest.raises(Unavailable, match="no primary"):
        elastic_store.ids_after(START)
    red()
    assert {"event-000001", "event-000002"} == elastic_store.ids_after(START)


def test_closed_index_is_neither_left_out_nor_forgotten(elastic_store, make_event, feed_of):
    """Searches say so instead of a short answer; opened again, its events do not come twice."""
    client = elastic_store._client
    head = elastic_store.append([make_event(1), make_event(2, dataset="nginx.access")]).position
    name = write_index(client)
    client.ask("POST", f"/{name}/_close")
    elastic_store.append([make_event(3, dataset="nginx.access")])
    with pytest.raises(Unavailable, match=f"{name} has no primary now, or is closed"):
        list(elastic_store.search(ALL, Filter(), Range()))
    page = elastic_store.read(ALL, head, 10)
    client.ask("POST", f"/{name}/_open")
    assert ["event-000003"] == ids(page.events)
    assert [] == feed_of(elastic_store, page.position)
    assert 3 == len(list(elastic_store.search(ALL, Filter(), Range())))


def test_position_ahead_of_the_store(elastic_store, make_event):
    """A store restored from an older backup does not go on silently."""
    head = elastic_store.append([make_event(1)]).position
    ((key, mark),) = decode(head).items()
    ahead = orjson.dumps({key: mark + 1}).decode()
    with pytest.raises(Unavailable, match="restored from an older backup"):
        elastic_store.read(ALL, ahead, 10)
    with pytest.raises(Unavailable, match="restored from an older backup"):
        elastic_store.ids_after(ahead)


@pytest.fixture
def through(elastic_connection):
    """A proxy before the server and a store that goes through it, with a second of patience."""
    with proxied(elastic_connection.hosts[0]) as proxy:
        connection = replace(elastic_connection, hosts=(proxy.url,), timeout_secs=1.0)
        store = ElasticStore.open(connection)
        yield proxy, store
        store.close()


def test_refresh_that_fails_moves_nothing(elastic_store, through, two):
    """Without a refresh a search may miss what the checkpoint promises."""
    proxy, store = through
    failed = answer(200, '{"_shards":{"total":2,"successful":1,"failed":1}}')
    proxy.treat = lambda line, ask: failed if "_refresh" in line else ask()
    with pytest.raises(Unavailable, match="refresh"):
        store.read(ALL, START, 10)
    with pytest.raises(Unavailable, match="refresh"):
        store.ids_after(START)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda got: got.replace(b'ed_out":false', b'ed_out":true '), id="timed out"),
        pytest.param(lambda got: got.replace(b'"failed":0', b'"failed":1'), id="failed"),
        pytest.param(lambda got: got.replace(b'"total":1,', b'"total":2,'), id="two shards"),
        pytest.param(lambda _: answer(200, _ABROAD), id="relocating"),
        pytest.param(lambda _: answer(200, _BUSY), id="busy"),
        pytest.param(lambda _: answer(503), id="no master"),
        pytest.param(lambda _: None, id="cut off"),
    ],
)
def test_answer_that_may_not_be_whole_moves_nothing(elastic_store, through, make_event, change):
    """Whatever is wrong with a search stops the page; the next one begins where it began."""
    proxy, store = through
    event = make_event(1)
    elastic_store.append([event])
    proxy.treat = lambda line, ask: change(ask()) if "_msearch" in line else ask()
    with pytest.raises(Unavailable):
        store.read(ALL, START, 10)
    proxy.treat = lambda line, ask: ask()
    assert [event] == store.read(ALL, START, 10).events


@pytest.mark.parametrize("slow", ["_stats", "_refresh", "_msearch"])
def test_slow_server_is_not_waited_for(elastic_store, through, two, slow):
    """The store gives up within its time, whatever request hangs."""
    proxy, store = through
    store.head()

    def treat(line, ask):
        if slow in line:
            time.sleep(3)
        return ask()

    proxy.treat = treat
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="in time"):
        store.read(ALL, START, 10)
    assert time.monotonic() - begun < 2.5
