"""Columns of a segment: what comes back, and texts that never hide an event."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haidang.model.fields import values
from haidang.model.fold import fold
from haidang.store.events.fields import FIELDS
from haidang.store.events.parquet import schema

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
KEYS = st.sampled_from(["event", "code", "source", "ip", "event.code", "source.ip", "x", "name"])
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=4,
)


@given(DOCUMENTS)
def test_fast_walk_finds_what_values_finds(document):
    """A field has a text exactly where `values` has a value; the text holds each of them."""
    texts = schema.pruning_texts(document)
    for field in FIELDS:
        found = values(document, field)
        assert bool(found) == (field in texts)
        if texts.get(field, schema.UNKNOWN) != schema.UNKNOWN:
            assert schema.text_of(found) == texts[field]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(["Đỏ"], "đỏ", id="folded"),
        pytest.param(["a", 1, True], "a\n1\ntrue", id="several"),
        pytest.param([None], "", id="null"),
        pytest.param(["x" * 1024], "x" * 1024, id="longest"),
        pytest.param(["x" * 1025], schema.UNKNOWN, id="too long"),
        pytest.param([{"a": 1}], schema.UNKNOWN, id="object"),
    ],
)
def test_text_of_values(found, expected):
    """A text holds all values, or says that it does not know."""
    assert expected == schema.text_of(found)


def test_no_field_begins_another():
    """A field that is also a parent would be lost in the tree of fields."""
    for field in FIELDS:
        assert not [other for other in FIELDS if other.startswith(f"{field}.")]


def test_long_capital_letters_fold_before_they_are_measured():
    """A text column never holds more than it says."""
    document = {"user": {"name": "\u0130" * 1024}}
    assert {"user.name": fold("\u0130" * 1024)} == schema.pruning_texts(document)


def test_batch_keeps_events_and_keys(make_event):
    """Events and their places come back from a record batch."""
    events = [make_event(1), make_event(2, affected=())]
    batch = schema.to_batch(events, [(7, 0), (7, 1)])
    assert events == schema.to_events(batch)
    assert [(7, 0), (7, 1)] == schema.to_keys(batch)
