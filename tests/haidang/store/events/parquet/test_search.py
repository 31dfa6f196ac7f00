"""The columns only narrow a search: the answer is that of the exact check over all events."""

from functools import reduce

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haidang.model.event import encode
from haidang.model.fields import put
from haidang.model.scope import Scope
from haidang.store.events.fields import FIELDS
from haidang.store.events.filter import check_of
from haidang.store.events.protocol import Clause, Filter, Range

LETTERS = st.sampled_from(
    ["a", "A", "\n", "\x00", "", "Đ", "đ", "e\u0302\u0309", "\u0130", "%", "1"]
)
TEXTS = st.one_of(
    st.lists(LETTERS, max_size=4).map("".join),
    st.text(max_size=3),
    st.sampled_from(["x" * 1023 + "A", "x" * 1024 + "A", "\n" * 1030]),
)
SCALARS = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(0, 2), st.just(1.0))
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.just({"inner": 1}),
    st.lists(st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.just({"x": 1})), max_size=2),
)
FEW = ("event.code", "user.name", "process.command_line", "event", "custom.field")
CLAUSES = st.builds(
    Clause,
    st.sampled_from(FEW),
    st.sampled_from(["equals", "startswith", "endswith", "contains", "exists"]),
    TEXTS,
)


def document_of(fields):
    """A document, nested or with dotted keys, with these fields."""
    document = {}
    for name, value, dotted in fields:
        document.update({name: value}) if dotted else put(document, name, value)
    return document


DOCUMENTS = st.lists(st.tuples(st.sampled_from(FEW), VALUES, st.booleans()), max_size=4)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(DOCUMENTS, min_size=1, max_size=12),
    st.lists(st.lists(CLAUSES, min_size=1, max_size=2), min_size=1, max_size=6),
)
def test_search_finds_what_the_exact_check_finds(parquet_store, make_event, described, filters):
    """No value, no needle and no combination of them hides an event."""
    first = len(parquet_store.ids_after(""))
    contents = [encode(document_of(fields)) for fields in described]
    events = [make_event(first + n, ecs=ecs) for n, ecs in enumerate(contents)]
    parquet_store.append(events)
    ids = frozenset(event.id for event in events)
    for clauses in filters:
        holds = check_of(clauses)
        expected = [event for event in events if holds(event.document())]
        wanted = Filter(tuple(clauses), ids)
        assert expected == list(parquet_store.search(Scope.system(), wanted, Range()))


@pytest.mark.parametrize("field", FIELDS)
def test_every_column_finds_its_field(parquet_store, make_event, field):
    """Each column is filled from the field it is named after."""
    document = {}
    put(document, field, "Kim")
    parquet_store.append([make_event(1, document), make_event(2, {"message": "kim"})])
    for operator in ("equals", "exists"):
        wanted = Filter((Clause(field, operator, "kim"),))
        found = parquet_store.search(Scope.system(), wanted, Range())
        assert [make_event(1, document)] == list(found)


def test_limit_holds_across_many_segments(parquet_store, make_event):
    """The earliest events win wherever they are."""
    events = [make_event(n, time=reduce(lambda a, _: a * 7 % 101, range(n), 1)) for n in range(60)]
    for start in range(0, 60, 6):
        parquet_store.append(events[start : start + 6])
    expected = sorted(events, key=lambda event: (event.time, event.id))
    for limit in (1, 7, 30):
        found = parquet_store.search(Scope.system(), Filter(), Range(), limit)
        assert expected[:limit] == list(found)


def test_search_may_read_nothing_but_the_store(parquet_store):
    """The search engine has no way to other files, nor to extensions."""
    connection = parquet_store._searcher.cursor()
    with pytest.raises(Exception, match="Permission"):
        connection.execute("SELECT * FROM read_text('/etc/hostname')")
    with pytest.raises(Exception, match="locked"):
        connection.execute("SET enable_external_access = true")
