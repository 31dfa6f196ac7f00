"""What every event store promises (`haidang.store.events.protocol`)."""

from collections import defaultdict
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haidang.model.scope import Scope
from haidang.store.events.protocol import START, Filter, Range, Receipt
from tests.support.documents import documents

ALL = Scope.system()
NUMBERS = count(1_000_000)  # of events whose store is not emptied between examples


def nested(depth: int) -> Any:
    """An object of this many levels."""
    value: Any = "leaf"
    for _ in range(depth):
        value = {"a": value}
    return value


DOCUMENTS = [
    pytest.param({"a": None, "b": {"c": None}}, id="null"),
    pytest.param({}, id="nothing"),
    pytest.param({"a": "", "b": [], "c": {}}, id="empty values"),
    pytest.param({"a": [1, "1", 1.0, True, None, {"b": 1}, [2, [3]]]}, id="mixed list"),
    pytest.param({"z": 1, "a": 2, "m": {"z": 1, "a": 2}}, id="key order"),
    pytest.param({"a": -(2**63), "b": 2**63 - 1, "c": 0.1, "d": 1e300}, id="numbers"),
    pytest.param({"event": {"original": "ả" * 40_000}}, id="40 kB value"),
    pytest.param({"user": {"name": "Nguyê\u0303n Va\u0306n A"}}, id="NFD"),
    pytest.param({"a": "\x00\n\r\t\"\\'%_*?", "b\x00": 1}, id="control characters"),
    pytest.param({f"field{n}": n for n in range(10_000)}, id="10,000 fields"),
    pytest.param(nested(200), id="depth 200"),
    pytest.param({"host.name": "a", "host": {"name": "b"}}, id="dotted key beside an object"),
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_document_comes_back_byte_for_byte(event_store, make_event, feed_of, document):
    """The JSON bytes of an event are kept as they are."""
    event = make_event(1, document)
    event_store.append([event])
    assert [event] == feed_of(event_store)
    assert [event] == list(event_store.search(ALL, Filter(), Range()))


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(documents(), min_size=1, max_size=20))
def test_any_document_comes_back_byte_for_byte(event_store, make_event, feed_of, contents):
    """Whatever becomes an event is what feed and search give back; odd ones may come later."""
    start = event_store.head()
    events = [make_event(next(NUMBERS), content) for content in contents]
    receipt = event_store.append(events)
    assert {} == receipt.refused
    assert events == sorted(feed_of(event_store, start), key=lambda event: event.id)
    wanted = Filter(ids=frozenset(event.id for event in events))
    assert events == list(event_store.search(ALL, wanted, Range()))


def test_one_name_may_hold_a_number_and_a_text(event_store, make_event, feed_of):
    """Events whose values of one field differ in type live in one batch."""
    events = [make_event(1, {"event": {"code": 4624}}), make_event(2, {"event": {"code": "4624"}})]
    event_store.append(events)
    assert events == feed_of(event_store)


ENVELOPES = [
    pytest.param({"affected": ("b", "a", "c")}, id="affected units keep their order"),
    pytest.param({"affected": ()}, id="no affected unit"),
    pytest.param({"operator": "", "source": "", "zone": "", "dataset": ""}, id="empty texts"),
    pytest.param({"time": 0, "received": 1}, id="1970"),
    pytest.param({"time": -5}, id="before 1970"),
    pytest.param({"time": 32_503_680_000_000_001}, id="year 3000 with microseconds"),
    pytest.param({"level": 5}, id="level"),
    pytest.param({"source": "máy chủ\n\x00'\"", "zone": "vùng 1"}, id="odd characters"),
]


def test_envelope_comes_back_as_it_was(event_store, make_event, feed_of):
    """Every envelope field survives."""
    events = [make_event(n, **case.values[0]) for n, case in enumerate(ENVELOPES)]
    event_store.append(events)
    found = {event.id: event for event in feed_of(event_store)}
    for event, case in zip(events, ENVELOPES, strict=True):
        assert event == found[event.id], case.id


def by_level(events):
    """The events of each level, in the order given: what a feed promises the order of."""
    levels = defaultdict(list)
    for event in events:
        levels[event.level].append(event)
    return levels


def test_feed_keeps_the_order_of_each_level(event_store, make_event, feed_of):
    """Batches hold several levels; the events of each come in the order they were appended."""
    events = [make_event(n, level=1 + n * 7 % 3) for n in range(90)]
    event_store.append(events[:60])
    event_store.append(events[60:])
    assert by_level(events) == by_level(feed_of(event_store, limit=7))


def test_feed_keeps_the_order_of_each_data_set(event_store, make_event, feed_of):
    """Data sets may overtake each other, their own events may not; none is lost."""
    names = ("linux.auth", "nginx.access", "linux.auditd", "unknown")
    events = [make_event(n, dataset=names[n % 4]) for n in range(80)]
    event_store.append(events[:50])
    event_store.append(events[50:])
    found = feed_of(event_store, limit=9)
    for name in names:
        assert [one for one in events if one.dataset == name] == [
            one for one in found if one.dataset == name
        ]
    assert len(events) == len(found)


def test_feed_does_not_follow_clocks(event_store, make_event, feed_of):
    """The feed's order is the order of arrival, whatever the times say."""
    events = [make_event(n, time=1000 - n, received=2000 - n) for n in range(50)]
    for start in range(0, 50, 10):
        event_store.append(events[start : start + 10])
    assert events == feed_of(event_store, limit=3)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(st.integers(1, 3), max_size=5), max_size=4), st.integers(1, 4))
def test_pages_of_any_size_give_the_whole_feed(event_store, make_event, feed_of, sizes, limit):
    """What was appended since a position is what a reader gets after it."""
    start = event_store.head()
    appended = []
    for levels in sizes:
        batch = [make_event(next(NUMBERS), level=level) for level in levels]
        event_store.append(batch)
        appended.extend(batch)
    assert by_level(appended) == by_level(feed_of(event_store, start, limit))


def test_append_returns_the_head(event_store, make_event):
    """The position after a batch is the head, and the head of an empty store is the start."""
    assert START == event_store.head()
    position = event_store.append([make_event(1)]).position
    assert position == event_store.head() != START


def test_empty_batch_changes_nothing(event_store, make_event):
    """Appending nothing returns the head."""
    head = event_store.append([make_event(1)]).position
    assert Receipt(head) == event_store.append([])
    assert head == event_store.head()


def test_feed_ends_with_an_empty_page_at_the_same_position(event_store, make_event):
    """At the end the position stays where it was; later events are found from there."""
    assert START == event_store.read(ALL, START, 10).position
    head = event_store.append([make_event(1)]).position
    page = event_store.read(ALL, head, 10)
    assert ((), head) == (tuple(page.events), page.position)
    event_store.append([make_event(2)])
    assert [make_event(2)] == list(event_store.read(ALL, head, 10).events)


def test_until_is_inclusive(event_store, make_event):
    """No event after `until` is read, and reading on from there misses none."""
    first = event_store.append([make_event(1), make_event(2)]).position
    event_store.append([make_event(3)])
    page = event_store.read(ALL, START, 10, until=first)
    assert [make_event(1), make_event(2)] == list(page.events)
    assert [make_event(3)] == list(event_store.read(ALL, page.position, 10).events)


def test_reading_until_where_one_stands_gives_nothing(event_store, make_event):
    """A range of positions that is empty gives an empty page."""
    first = event_store.append([make_event(1)]).position
    event_store.append([make_event(2)])
    page = event_store.read(ALL, first, 10, until=first)
    assert ((), first) == (tuple(page.events), page.position)


SCOPES = [
    pytest.param(Scope.of(["a"]), [1, 3, 4], id="operated or affected"),
    pytest.param(Scope.of(["a", "c"]), [1, 2, 3, 4], id="two units"),
    pytest.param(Scope.of(["x"]), [], id="stranger"),
    pytest.param(Scope.of([]), [], id="no unit"),
    pytest.param(Scope.of([""]), [], id="empty unit"),
    pytest.param(ALL, [1, 2, 3, 4, 5], id="system"),
]


def scoped_events(make_event):
    """Five events of different units."""
    return [
        make_event(1, operator="a", affected=()),
        make_event(2, operator="b", affected=("c",)),
        make_event(3, operator="b", affected=("c", "a")),
        make_event(4, operator="a", affected=("b",)),
        make_event(5, operator="", affected=()),
    ]


def test_reader_sees_only_events_of_its_scope(event_store, make_event, feed_of):
    """Feed and search show the same events, those of the scope."""
    event_store.append(scoped_events(make_event))
    for case in SCOPES:
        scope, numbers = case.values
        expected = [f"event-{number:06}" for number in numbers]
        assert expected == [event.id for event in feed_of(event_store, scope=scope)], case.id
        found = event_store.search(scope, Filter(), Range())
        assert expected == [event.id for event in found], case.id


def test_page_without_a_visible_event_still_moves(event_store, make_event):
    """A reader that may see nothing arrives at the head in the end."""
    head = event_store.append([make_event(n) for n in range(5)]).position
    position = START
    for _ in range(5):
        page = event_store.read(Scope.of(["x"]), position, 1)
        assert not page.events
        assert position != page.position
        position = page.position
    assert head == position


def test_ids_after_a_position(event_store, make_event):
    """A restarted writer learns what was accepted after the position it knows."""
    assert frozenset() == event_store.ids_after(START)
    first = event_store.append([make_event(1), make_event(2, level=1)]).position
    event_store.append([make_event(3), make_event(4, level=1)])
    assert {"event-000003", "event-000004"} == event_store.ids_after(first)
    assert {f"event-00000{n}" for n in (1, 2, 3, 4)} == event_store.ids_after(START)
    assert frozenset() == event_store.ids_after(event_store.head())


def test_ids_after_a_position_inside_a_batch(event_store, make_event):
    """Positions of pages are positions too."""
    event_store.append([make_event(n) for n in range(4)])
    position = event_store.read(ALL, START, 3).position
    assert {"event-000003"} == event_store.ids_after(position)
