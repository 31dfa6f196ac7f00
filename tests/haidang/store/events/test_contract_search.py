"""What every event store promises of its search; see `test_contract` for the rest."""

from itertools import count

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haidang.model.scope import Scope
from haidang.store.events.filter import check_of
from haidang.store.events.protocol import Clause, Filter, Range
from tests.support.documents import clauses, documents

ALL = Scope.system()
NUMBERS = count(1_000_000)  # of events whose store is not emptied between examples

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


def test_clauses(event_store, make_event):
    """Clauses compare by fold; one of several values is enough."""
    event_store.append([make_event(1, LOGON)])
    found = {
        case.id: bool(list(event_store.search(ALL, Filter((case.values[0],)), Range())))
        for case in CLAUSES
    }
    assert {case.id: case.values[1] for case in CLAUSES} == found


def test_all_clauses_must_hold(event_store, make_event):
    """Clauses are joined by and."""
    event_store.append([make_event(1, LOGON), make_event(2, {"user": {"name": "khác"}})])
    both = (Clause("user.name", "exists"), Clause("event.code", "equals", "4624"))
    assert [make_event(1, LOGON)] == list(event_store.search(ALL, Filter(both), Range()))


RANGES = [
    pytest.param((None, None), [0, 1, 2, 3], id="open"),
    pytest.param((1, None), [1, 2, 3], id="start is inclusive"),
    pytest.param((None, 2), [0, 1], id="end is exclusive"),
    pytest.param((1, 3), [1, 2], id="both"),
    pytest.param((2, 2), [], id="empty"),
]


def test_range_is_half_open(event_store, make_event):
    """The start belongs to a range, the end does not."""
    event_store.append([make_event(n) for n in range(4)])
    for case in RANGES:
        between, numbers = case.values
        start, end = (None if n is None else make_event(n).time for n in between)
        found = event_store.search(ALL, Filter(), Range(start, end))
        assert [make_event(n) for n in numbers] == list(found), case.id


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


@pytest.mark.slow
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(documents(), min_size=1, max_size=15),
    st.lists(st.lists(clauses(), min_size=1, max_size=2), min_size=1, max_size=8),
)
def test_answers_are_those_of_a_look_at_every_document(event_store, make_event, contents, asked):
    """An index only saves time: the exact check over all documents gives the same answer."""
    events = [make_event(next(NUMBERS), content) for content in contents]
    event_store.append(events)
    ids = frozenset(event.id for event in events)
    for wanted in asked:
        holds = check_of(wanted)
        found = event_store.search(ALL, Filter(tuple(wanted), ids), Range())
        assert [event for event in events if holds(event.document())] == list(found)


def test_ecs_can_be_decoded(event_store, make_event):
    """What comes back is the document that was put in."""
    event_store.append([make_event(1, LOGON)])
    (event,) = event_store.search(ALL, Filter(), Range())
    assert LOGON == event.document() == orjson.loads(event.ecs)
