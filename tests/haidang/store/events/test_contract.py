"""What every event store promises (`haidang.store.events.protocol`)."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haidang.model.instant import HOUR, SECOND
from haidang.model.scope import Scope
from haidang.store.events.protocol import START, Clause, Filter, Range

ALL = Scope.system()


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


def test_one_name_may_hold_a_number_and_a_text(event_store, make_event, feed_of):
    """Events whose values of one field differ in type live in one batch."""
    events = [make_event(1, {"event": {"code": 4624}}), make_event(2, {"event": {"code": "4624"}})]
    event_store.append(events)
    assert events == feed_of(event_store)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"affected": ("b", "a", "c")}, id="affected units keep their order"),
        pytest.param({"affected": ()}, id="no affected unit"),
        pytest.param({"operator": "", "source": "", "zone": "", "dataset": ""}, id="empty texts"),
        pytest.param({"time": 0, "received": 1}, id="1970"),
        pytest.param({"time": -5}, id="before 1970"),
        pytest.param({"time": 32_503_680_000_000_001}, id="year 3000 with microseconds"),
        pytest.param({"level": 5}, id="level"),
        pytest.param({"source": "máy chủ\n\x00'\"", "zone": "vùng 1"}, id="odd characters"),
    ],
)
def test_envelope_comes_back_as_it_was(event_store, make_event, feed_of, changes):
    """Every envelope field survives."""
    event = make_event(1, **changes)
    event_store.append([event])
    assert [event] == feed_of(event_store)


def test_feed_keeps_the_order_of_batches_that_hold_several_levels(event_store, make_event, feed_of):
    """Events of different levels come in the order in which they were appended."""
    events = [make_event(n, level=1 + n * 7 % 5) for n in range(200)]
    event_store.append(events[:150])
    event_store.append(events[150:])
    assert events == feed_of(event_store, limit=7)


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
        batch = [make_event(len(appended) + n, level=level) for n, level in enumerate(levels)]
        event_store.append(batch)
        appended.extend(batch)
    assert appended == feed_of(event_store, start, limit)


def test_append_returns_the_head(event_store, make_event):
    """The position after a batch is the head, and the head of an empty store is the start."""
    assert START == event_store.head()
    position = event_store.append([make_event(1)])
    assert position == event_store.head() != START


def test_empty_batch_changes_nothing(event_store, make_event):
    """Appending nothing returns the head."""
    head = event_store.append([make_event(1)])
    assert head == event_store.append([])
    assert head == event_store.head()


def test_feed_ends_with_an_empty_page_at_the_same_position(event_store, make_event):
    """At the end the position stays where it was; later events are found from there."""
    assert START == event_store.read(ALL, START, 10).position
    head = event_store.append([make_event(1)])
    page = event_store.read(ALL, head, 10)
    assert ((), head) == (tuple(page.events), page.position)
    event_store.append([make_event(2)])
    assert [make_event(2)] == list(event_store.read(ALL, head, 10).events)


def test_until_is_inclusive(event_store, make_event):
    """No event after `until` is read, and reading on from there misses none."""
    first = event_store.append([make_event(1), make_event(2)])
    event_store.append([make_event(3)])
    page = event_store.read(ALL, START, 10, until=first)
    assert [make_event(1), make_event(2)] == list(page.events)
    assert [make_event(3)] == list(event_store.read(ALL, page.position, 10).events)


def test_reading_until_where_one_stands_gives_nothing(event_store, make_event):
    """A range of positions that is empty gives an empty page."""
    first = event_store.append([make_event(1)])
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


@pytest.mark.parametrize(("scope", "numbers"), SCOPES)
def test_reader_sees_only_events_of_its_scope(event_store, make_event, feed_of, scope, numbers):
    """Feed and search show the same events, those of the scope."""
    event_store.append(scoped_events(make_event))
    expected = [f"event-{number:06}" for number in numbers]
    assert expected == [event.id for event in feed_of(event_store, scope=scope)]
    found = event_store.search(scope, Filter(), Range())
    assert expected == [event.id for event in found]


def test_page_without_a_visible_event_still_moves(event_store, make_event):
    """A reader that may see nothing arrives at the head in the end."""
    head = event_store.append([make_event(n) for n in range(5)])
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
    first = event_store.append([make_event(1), make_event(2, level=1)])
    event_store.append([make_event(3), make_event(4, level=1)])
    assert {"event-000003", "event-000004"} == event_store.ids_after(first)
    assert {f"event-00000{n}" for n in (1, 2, 3, 4)} == event_store.ids_after(START)
    assert frozenset() == event_store.ids_after(event_store.head())


def test_ids_after_a_position_inside_a_batch(event_store, make_event):
    """Positions of pages are positions too."""
    event_store.append([make_event(n) for n in range(4)])
    position = event_store.read(ALL, START, 3).position
    assert {"event-000003"} == event_store.ids_after(position)


LOGON = {
    "event": {"code": 4624, "category": ["authentication", "session"], "outcome": "success"},
    "user": {"name": "Nguyễn Văn ĐẠT"},
    "process": {"command_line": "CMD.EXE /c\nwhoami"},
    "host": {"name": "MAY-01.tinh.gov.vn"},
    "custom": {"note": ["Ghi chú", None], "flag": True, "none": None, "empty": []},
    "long": "x" * 3000 + "kim",
    "url": {"query": "q=" + "A" * 5000},
}

CLAUSES = [
    pytest.param(Clause("user.name", "equals", "nguyễn văn đạt"), True, id="case"),
    pytest.param(Clause("user.name", "equals", "nguyê\u0303n va\u0306n đa\u0323t"), True, id="NFD"),
    pytest.param(Clause("user.name", "equals", "nguyen van dat"), False, id="accents count"),
    pytest.param(Clause("event.code", "equals", "4624"), True, id="number as text"),
    pytest.param(Clause("event.code", "startswith", "46"), True, id="number's beginning"),
    pytest.param(Clause("event.category", "equals", "session"), True, id="second value"),
    pytest.param(Clause("event.category", "equals", "authentication\nsession"), False, id="joint"),
    pytest.param(Clause("event.category", "endswith", "cation"), True, id="first value's end"),
    pytest.param(Clause("event.category", "startswith", "sess"), True, id="second's beginning"),
    pytest.param(Clause("event.category", "equals", "sess"), False, id="part is not whole"),
    pytest.param(Clause("process.command_line", "endswith", "whoami"), True, id="last line"),
    pytest.param(Clause("process.command_line", "equals", "whoami"), False, id="a line alone"),
    pytest.param(Clause("host.name", "contains", "01.TINH"), True, id="contains"),
    pytest.param(Clause("host.name", "contains", "_"), False, id="underscore is itself"),
    pytest.param(Clause("host.name", "contains", "%"), False, id="percent is itself"),
    pytest.param(Clause("url.query", "contains", "aaaaaaaa"), True, id="long value"),
    pytest.param(Clause("url.query", "equals", "q=" + "a" * 5000), True, id="all of a long value"),
    pytest.param(Clause("url.query", "contains", "b"), False, id="not in a long value"),
    pytest.param(Clause("long", "endswith", "KIM"), True, id="field without a column"),
    pytest.param(Clause("custom.note", "equals", "ghi chú"), True, id="custom field"),
    pytest.param(Clause("custom.note", "exists"), True, id="a value beside null exists"),
    pytest.param(Clause("custom.flag", "equals", "true"), True, id="boolean"),
    pytest.param(Clause("custom.none", "exists"), False, id="null does not exist"),
    pytest.param(Clause("custom.empty", "exists"), False, id="an empty list does not exist"),
    pytest.param(Clause("event.outcome", "exists"), True, id="exists"),
    pytest.param(Clause("source.ip", "exists"), False, id="absent field"),
    pytest.param(Clause("source.ip", "equals", ""), False, id="absent is not empty"),
    pytest.param(Clause("user.name", "contains", ""), True, id="empty needle"),
    pytest.param(Clause("user.name", "equals", "x' OR 1=1 --"), False, id="quotes"),
    pytest.param(Clause("user.name", "contains", "\x00"), False, id="NUL"),
]


@pytest.mark.parametrize(("clause", "expected"), CLAUSES)
def test_clause(event_store, make_event, clause, expected):
    """Clauses compare by fold; one of several values is enough."""
    event_store.append([make_event(1, LOGON)])
    found = event_store.search(ALL, Filter((clause,)), Range())
    assert expected == bool(list(found))


def test_all_clauses_must_hold(event_store, make_event):
    """Clauses are joined by and."""
    event_store.append([make_event(1, LOGON), make_event(2, {"user": {"name": "khác"}})])
    both = (Clause("user.name", "exists"), Clause("event.code", "equals", "4624"))
    assert [make_event(1, LOGON)] == list(event_store.search(ALL, Filter(both), Range()))


@pytest.mark.parametrize(
    ("between", "numbers"),
    [
        pytest.param((None, None), [0, 1, 2, 3], id="open"),
        pytest.param((1, None), [1, 2, 3], id="start is inclusive"),
        pytest.param((None, 2), [0, 1], id="end is exclusive"),
        pytest.param((1, 3), [1, 2], id="both"),
        pytest.param((2, 2), [], id="empty"),
    ],
)
def test_range_is_half_open(event_store, make_event, between, numbers):
    """The start belongs to a range, the end does not."""
    start, end = (None if n is None else make_event(n).time for n in between)
    event_store.append([make_event(n) for n in range(4)])
    found = event_store.search(ALL, Filter(), Range(start, end))
    assert [make_event(n) for n in numbers] == list(found)


def test_search_sorts_by_time_and_id_and_stops_at_the_limit(event_store, make_event):
    """The first events of a range come first, whatever the order of arrival."""
    events = [make_event(n, time=1000 - n // 2, id=f"e{9 - n}") for n in range(10)]
    for start in (0, 5):
        event_store.append(events[start : start + 5])
    expected = sorted(events, key=lambda event: (event.time, event.id))
    for limit in (0, 1, 4, 10, 11):
        found = event_store.search(ALL, Filter(), Range(), limit)
        assert expected[:limit] == list(found)


def test_search_by_ids(event_store, make_event):
    """Only the events that are named are looked at; unknown ids find nothing."""
    event_store.append([make_event(n) for n in range(5)])
    wanted = Filter(ids=frozenset({"event-000001", "event-000004", "unknown"}))
    assert [make_event(1), make_event(4)] == list(event_store.search(ALL, wanted, Range()))
    nothing = Filter(ids=frozenset())
    assert [] == list(event_store.search(ALL, nothing, Range()))


def test_drop_spares_newer_events_and_other_levels(event_store, make_event, feed_of):
    """Retention by level removes nothing that is young, and nothing of another level."""
    old = [make_event(n, level=1 + n % 2) for n in range(4)]
    young = [make_event(n, level=1, received=old[-1].received + HOUR) for n in (5, 6)]
    event_store.append(old)
    event_store.append(young)
    dropped = event_store.drop(old[-1].received + SECOND, 1)
    left = feed_of(event_store)
    assert len(old + young) - dropped == len(left)
    assert {event.id for event in [*young, old[1], old[3]]} <= {event.id for event in left}


def test_ecs_can_be_decoded(event_store, make_event):
    """What comes back is the document that was put in."""
    event_store.append([make_event(1, LOGON)])
    (event,) = event_store.search(ALL, Filter(), Range())
    assert LOGON == event.document() == orjson.loads(event.ecs)
