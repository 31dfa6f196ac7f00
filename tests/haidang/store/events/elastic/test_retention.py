"""Rollover, dropping whole backing indices, and legal holds."""

from dataclasses import replace

import pytest

from haidang.errors import HaidangError, Unavailable
from haidang.model.scope import Scope
from haidang.store.events.elastic import bulk, retention, shards, template
from haidang.store.events.elastic.client import Client
from haidang.store.events.elastic.document import CARRIED
from haidang.store.events.elastic.names import hold_of, patterns
from haidang.store.events.protocol import START, Filter, Range
from tests.support import elasticsearch

ALL = Scope.system()
NOW = 2**60


@pytest.fixture
def client(elastic_store) -> Client:
    """A client of an empty store."""
    return elastic_store._client


def generations(client: Client, level: int = 3) -> list[str]:
    """The backing indices of the stream of the events that these tests make."""
    return elasticsearch.streams(client).get(f"{client.prefix}-linux-l{level}", [])


def ids(events) -> list[str]:
    """The ids of events, in their order."""
    return [event.id for event in events]


def everything(store) -> list[str]:
    """The ids of all events of a store."""
    return ids(store.search(ALL, Filter(), Range()))


def test_index_rolls_over_when_it_is_due(elastic_store, client, make_event, monkeypatch):
    """A condition that is met begins a new index; an empty one is never left behind."""
    elastic_store.append([make_event(1)])
    assert ["event-000001"] == everything(elastic_store)  # and the server counts it
    before = generations(client)
    retention.maintain(client)
    assert before == generations(client)
    monkeypatch.setitem(retention.CONDITIONS, "max_age", "0s")
    retention.maintain(client)
    rolled = generations(client)
    retention.maintain(client)
    assert (before, len(before) + 1) == (rolled[:-1], len(rolled))
    assert rolled == generations(client)


def test_maintaining_nothing_does_nothing(elastic_connection):
    """A prefix without streams needs no upkeep, and nothing can be dropped from it."""
    empty = Client.open(replace(elastic_connection, prefix="tnosuch"))
    retention.maintain(empty)
    assert 0 == retention.drop(empty, NOW, 3, START)
    empty.close()


def test_new_index_is_waited_for(elastic_connection, make_event, monkeypatch):
    """A rollover whose copies are not in place in time is told."""
    client = Client.open(replace(elastic_connection, prefix=f"{elastic_connection.prefix}lonely"))
    content = template._content(client.prefix)
    content["template"]["settings"]["index"] |= {
        "auto_expand_replicas": False,
        "number_of_replicas": 1,  # on another node, which there is not
    }
    client.ask("PUT", f"/_index_template/{client.prefix}", content)
    bulk.write(client, [make_event(1)], bulk.Patience())
    shards.refresh(client, patterns(client.prefix))
    monkeypatch.setattr(retention, "_GREEN_SECS", 1)
    monkeypatch.setitem(retention.CONDITIONS, "max_age", "0s")
    with pytest.raises(Unavailable, match="does not have all of its copies yet"):
        retention.maintain(client)
    retention.maintain(client)  # nothing is due any more
    elasticsearch.empty(client)
    client.close()


def dropping(elastic_store, client, make_event, level=3):
    """Two closed indices with one event each, and an open one; the position of each event."""
    passed = []
    for number in (1, 2, 3):
        passed.append(elastic_store.append([make_event(number, level=level)]).position)
        if number < 3:
            elasticsearch.seal(client)
    return passed


def test_old_and_read_indices_are_dropped(elastic_store, client, make_event):
    """Each closed index goes on its own merits; the others stay."""
    first, second, _ = dropping(elastic_store, client, make_event)
    old = make_event(1).received
    assert 0 == retention.drop(client, old, 3, second)  # received at, not before
    assert 1 == retention.drop(client, old + 1, 3, second)
    assert ["event-000002", "event-000003"] == everything(elastic_store)
    assert 0 == retention.drop(client, NOW, 3, first)
    assert 1 == retention.drop(client, NOW, 3, second)
    assert ["event-000003"] == everything(elastic_store)


def test_unread_indices_stay(elastic_store, client, make_event):
    """Neither a reader at the start nor one in the middle of an index lets it go."""
    elastic_store.append([make_event(1), make_event(2)])
    middle = elastic_store.read(ALL, START, 1).position
    elasticsearch.seal(client)
    for passed in (START, middle):
        assert 0 == retention.drop(client, NOW, 3, passed)
    assert 2 == len(everything(elastic_store))
    assert 2 == retention.drop(client, NOW, 3, elastic_store.head())
    assert [] == everything(elastic_store)


def test_other_levels_stay(elastic_store, client, make_event):
    """Retention is by level."""
    *_, head = dropping(elastic_store, client, make_event, level=2)
    assert 0 == retention.drop(client, NOW, 3, head)
    assert 2 == retention.drop(client, NOW, 2, head)


def test_one_young_event_keeps_its_index(elastic_store, client, make_event):
    """An index goes as a whole or not at all."""
    young = make_event(2, received=2**53 + 1)  # beyond what a double tells apart
    head = elastic_store.append([make_event(1), young]).position
    elasticsearch.seal(client)
    assert 0 == retention.drop(client, young.received, 3, head)
    assert 2 == retention.drop(client, young.received + 1, 3, head)


def test_youngest_index_is_closed_and_dropped_next_time(elastic_store, client, make_event):
    """A quiet stream loses its old events, too, but not before they were read."""
    head = elastic_store.append([make_event(1)]).position
    before = generations(client)
    assert 0 == retention.drop(client, NOW, 3, START)
    assert 0 == retention.drop(client, make_event(1).received, 3, head)
    assert before == generations(client)
    assert 0 == retention.drop(client, NOW, 3, head)
    assert len(before) + 1 == len(generations(client))
    assert 1 == retention.drop(client, NOW, 3, head)
    for _ in range(2):  # the new one is empty: nothing to close
        assert 0 == retention.drop(client, NOW, 3, head)
    assert 1 == len(generations(client))


def test_position_of_another_store_drops_nothing(elastic_store, client, make_event):
    """What a reader of another store has read says nothing here."""
    dropping(elastic_store, client, make_event)
    with pytest.raises(HaidangError, match="not a position of this store"):
        retention.drop(client, NOW, 3, "3:17")
    assert 3 == len(everything(elastic_store))


def test_hold_outlives_its_originals(elastic_store, client, make_event):
    """Held events come back byte for byte after retention, sorted, and only where they belong."""
    events = [make_event(n, {"n": n, "t": "Đ"}, time=100 - n) for n in range(5)]
    head = elastic_store.append(events).position
    elasticsearch.seal(client)
    assert 5 == elastic_store.hold("vu-1", elastic_store.search(ALL, Filter(), Range()))
    assert 5 == retention.drop(client, NOW, 3, head)
    assert events[::-1] == list(retention.held(client, ALL, "vu-1"))
    assert [] == everything(elastic_store)
    assert [] == list(retention.held(client, ALL, "vu-2"))


def test_holding_twice_is_holding_once(elastic_store, client, make_event):
    """Only what is new to a case counts, and nothing is there twice."""
    assert 2 == elastic_store.hold("vu-1", [make_event(1), make_event(2)])
    assert 1 == elastic_store.hold("vu-1", [make_event(2), make_event(3)])
    assert 0 == elastic_store.hold("vu-1", [])
    assert 1 == elastic_store.hold("vu-2", [make_event(1)])
    expected = ["event-000001", "event-000002", "event-000003"]
    assert expected == ids(retention.held(client, ALL, "vu-1"))


def test_hold_shows_what_the_scope_sees(elastic_store, client, make_event):
    """A unit sees its own events of a case."""
    events = [make_event(1, operator="a", affected=()), make_event(2, operator="b", affected=())]
    elastic_store.hold("vu-1", events)
    assert events[:1] == list(retention.held(client, Scope.of(["a"]), "vu-1"))
    assert [] == list(retention.held(client, Scope.of([]), "vu-1"))


def test_hold_keeps_what_cannot_be_indexed(elastic_store, client, make_event):
    """Documents that the server will not index are held in their other form."""
    event = make_event(1, {"_id": "x", "a": "y"})
    assert 1 == elastic_store.hold("vu-1", [event])
    assert [event] == list(retention.held(client, ALL, "vu-1"))
    index = hold_of(client.prefix, "vu-1")
    (hit,) = client.ask("POST", f"/{index}/_search")["hits"]["hits"]
    assert CARRIED in hit["_source"]


def test_event_that_cannot_be_held_is_told(elastic_store, client, make_event):
    """A hold is never silently short."""
    with pytest.raises(HaidangError, match="hold vu-1: 1 events not held"):
        elastic_store.hold("vu-1", [make_event(1), make_event(2, id="x" * 513)])
    assert ["event-000001"] == ids(retention.held(client, ALL, "vu-1"))


@pytest.mark.parametrize("case", ["", "-a", "A", "a_b", "a*", "a,b", "../x", "x" * 65, "vụ", "a\n"])
def test_names_that_are_no_case_are_refused(elastic_store, client, make_event, case):
    """A name becomes part of an index name: no patterns, no lists, no paths."""
    with pytest.raises(HaidangError, match="cannot name a case"):
        elastic_store.hold(case, [make_event(1)])
    with pytest.raises(HaidangError, match="cannot name a case"):
        retention.held(client, ALL, case)


def test_hold_is_neither_in_the_feed_nor_found(elastic_store, client, make_event):
    """A copy is no event of its own."""
    head = elastic_store.append([make_event(1)]).position
    elastic_store.hold("vu-1", [make_event(1), make_event(2)])
    assert ["event-000001"] == everything(elastic_store)
    assert head == elastic_store.head()
