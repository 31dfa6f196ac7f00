"""The event's document: what becomes bytes, what is refused, what is left alone."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haidang.errors import Refused
from haidang.model import event
from haidang.model.event import MAX_DEPTH, MAX_KEY_BYTES, Event, encode


def nested(depth):
    """Return a document that is `depth` objects deep."""
    document = {"a": 1}
    for _ in range(depth - 1):
        document = {"a": document}
    return document


@pytest.mark.parametrize(
    ("reason", "document"),
    [
        pytest.param("deeper", nested(MAX_DEPTH + 1), id="objects"),
        pytest.param("deeper", {"a": [[nested(MAX_DEPTH - 2)]]}, id="lists-count"),
        pytest.param("blank key", {"": 1}, id="empty-key"),
        pytest.param("blank key", {"a": [{"b": {" \t": 1}}]}, id="blank-key-inside"),
        pytest.param("longer", {"k" * (MAX_KEY_BYTES + 1): 1}, id="long-key"),
        pytest.param("longer", {"ế" * (MAX_KEY_BYTES // 3 + 1): 1}, id="long-in-bytes"),
        pytest.param("surrogate", {"a": "\ud800"}, id="surrogate"),
        pytest.param("surrogate", {"a": ["x", {"b": "a\udfffb"}]}, id="surrogate-inside"),
        pytest.param("surrogate", {"\ud800": 1}, id="surrogate-in-key"),
    ],
)
def test_document_that_a_store_would_change_is_refused(reason, document):
    """Both stores refuse alike; the reason says why without the data."""
    with pytest.raises(Refused, match=reason):
        encode(document)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(nested(MAX_DEPTH), id="deepest"),
        pytest.param({"k" * MAX_KEY_BYTES: 1}, id="longest-key"),
        pytest.param({"ế" * (MAX_KEY_BYTES // 3): 1}, id="longest-in-bytes"),
        pytest.param({"a.b": 1, "a": {"c": None}, "e": [], "o": {}}, id="dotted-null-empty"),
        pytest.param({"n": 2**63 - 1, "m": -(2**63), "t": True}, id="widest-numbers"),
        pytest.param({"z": 1, "a": 2, "m": {"y": 1, "b": 2}}, id="order"),
    ],
)
def test_document_within_bounds_is_kept_as_it_is(document):
    """Key order, nulls and empty values survive."""
    assert orjson.dumps(document) == encode(document)
    assert list(document) == list(orjson.loads(encode(document)))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**40, 2**64 - 1])
def test_integer_beyond_64_bits_becomes_text(number):
    """Stores disagree about such numbers; text keeps every digit."""
    document = {"a": {"b": [1, number]}, "c": number, "d": "same"}
    assert {"a": {"b": [1, str(number)]}, "c": str(number), "d": "same"} == orjson.loads(
        encode(document)
    )
    assert number == document["c"] == document["a"]["b"][1]


def test_unchanged_document_is_not_copied():
    """The hot path makes no second dictionary."""
    document = {"a": {"b": [1, {"c": "x"}]}, "d": 1.5}
    assert document is event._checked(document, 1)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=30)
@given(st.dictionaries(st.text(), _JSON, max_size=5))
def test_any_json_is_encoded_or_refused(document):
    """No other exception escapes, and what was encoded reads back."""
    try:
        encoded = encode(document)
    except Refused as refused:
        reason = refused.reason
        assert "key" in reason or "nested" in reason or "written" in reason
    else:
        assert orjson.dumps(event._checked(document, 1)) == encoded
        assert list(document) == list(orjson.loads(encoded))


def test_event_decodes_its_document_anew():
    """A reader that changes its copy changes nobody else's."""
    one = Event("id", 1, 2, "s", "d", "o", ("u",), "z", 3, encode({"a": [1]}))
    one.document()["a"].append(2)
    assert {"a": [1]} == one.document()
