"""The facade: a server that is not there yet, a template that is not ours, housekeeping in time."""

import pytest

from haidang.errors import HaidangError, Unavailable
from haidang.model.instant import DAY, MINUTE, SECOND
from haidang.model.scope import Scope
from haidang.store.events.elastic.client import Connection
from haidang.store.events.elastic.store import ElasticStore
from haidang.store.events.elastic.template import Findings
from haidang.store.events.protocol import START
from tests.support.elasticsearch import streams
from tests.support.proxy import proxied

ALL = Scope.system()
NOON = 1_800_000_000 * SECOND


@pytest.fixture
def through(elastic_connection):
    """A proxy before the server, and a store that goes through it."""
    with proxied(elastic_connection.hosts[0]) as proxy:
        store = ElasticStore.open(Connection((proxy.url,), prefix=elastic_connection.prefix))
        yield proxy, store
        store.close()


def test_opening_needs_no_server():
    """A command may start before its server; the first use says that it is away."""
    store = ElasticStore.open(Connection(("http://127.0.0.1:9",)))
    for use in (store.head, store.init, lambda: store.ids_after(START)):
        with pytest.raises(Unavailable, match="cannot be reached"):
            use()
    store.close()


def test_settings_that_cannot_work_are_refused():
    """A typing error in the configuration is one clear line."""
    with pytest.raises(HaidangError, match="elasticsearch"):
        ElasticStore.open(Connection(("127.0.0.1",)))


def test_templates_are_looked_at_once(elastic_store, through, make_event):
    """Later requests go straight to work."""
    proxy, store = through
    store.append([make_event(1)])
    looks = [line for line in proxy.seen if "_index_template" in line]
    assert looks
    store.append([make_event(2)])
    assert [make_event(1), make_event(2)] == store.read(ALL, START, 10).events
    assert looks == [line for line in proxy.seen if "_index_template" in line]


def test_a_look_that_failed_is_taken_again(elastic_store, through):
    """A server that came later is checked before it is used."""
    proxy, store = through
    proxy.treat = lambda *_: None
    with pytest.raises(Unavailable):
        store.head()
    proxy.treat = lambda _, ask: ask()
    assert START == store.head()


def test_without_its_template_the_store_refuses_to_work(elastic_connection, make_event):
    """Elasticsearch would make a plain index of its own; nothing is written."""
    connection = Connection(elastic_connection.hosts, prefix="nowhere")
    store = ElasticStore.open(connection)
    with pytest.raises(HaidangError, match="haidang store init"):
        store.append([make_event(1)])
    assert store.check().breaks
    assert {} == streams(store._client)
    store.close()


def test_own_template_is_as_it_should_be(elastic_store):
    """After `init` there is nothing to say, and a second `init` changes nothing."""
    assert Findings() == elastic_store.check()
    elastic_store.init()
    assert Findings() == elastic_store.check()


def test_streams_are_maintained_every_five_minutes(elastic_store, through, make_event):
    """However often it is called; also after the clock was set back."""
    proxy, store = through
    store.append([make_event(1)])
    asked = []
    for now in (NOON, NOON + 299 * SECOND, NOON + 300 * SECOND, NOON - DAY):
        store.maintain(now)
        asked.append(sum("_rollover" in line for line in proxy.seen))
    step = len(streams(elastic_store._client))
    assert [step, step, 2 * step, 3 * step] == asked


def test_maintenance_that_failed_is_done_again(elastic_store, through, make_event):
    """A server that was away puts it off for a minute, not for five."""
    proxy, store = through
    store.append([make_event(1)])
    proxy.treat = lambda line, ask: None if "_rollover" in line else ask()
    with pytest.raises(Unavailable):
        store.maintain(NOON)
    proxy.treat = lambda _, ask: ask()
    before = len(proxy.seen)
    store.maintain(NOON + MINUTE - 1)
    assert before == len(proxy.seen)
    store.maintain(NOON + MINUTE)
    assert any("_rollover" in line for line in proxy.seen[before:])
