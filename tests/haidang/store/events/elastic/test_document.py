"""Encoding and decoding of events, without a server."""

import orjson
import pytest
from hypothesis import given

from haidang.model.event import encode
from haidang.store.events.elastic import document
from tests.haidang.store.events.conftest import event_of
from tests.support.documents import documents


def decoded(line, event):
    """What the feed makes of a line that was stored."""
    return document.decode(event.id, orjson.loads(line))


@pytest.mark.slow
@given(documents())
def test_searchable_form_comes_back(content):
    """Whatever the server takes, decode gives back byte for byte; twice the same key it refuses."""
    event = event_of(1, content)
    line = document.encode(event)
    keys = orjson.loads(line).keys()
    if line.count(b'"haidang.envelope":') == 1 and "@timestamp" in keys:
        assert event == decoded(line, event)


@pytest.mark.slow
@given(documents())
def test_carried_form_comes_back(content):
    """The carried form holds any document."""
    event = event_of(1, content, affected=(), operator="")
    assert event == decoded(document.carry(event), event)


@pytest.mark.parametrize(
    ("content", "stamped"),
    [
        pytest.param({}, True, id="empty"),
        pytest.param({"a": 1}, True, id="absent"),
        pytest.param({"@timestamp": "2026-11-20T00:00:00Z", "a": 1}, False, id="at the top"),
        pytest.param({"a": '"@timestamp":'}, True, id="in a value"),
    ],
)
def test_document_without_a_time_gets_one(content, stamped):
    """A data stream needs a time; the event comes back without it."""
    event = event_of(1, content)
    source = orjson.loads(document.encode(event))
    assert stamped == (source["@timestamp"] == event.time // 1000)
    assert stamped == source["haidang.envelope"].get("stamped", False)
    assert event == decoded(document.encode(event), event)


@pytest.mark.parametrize(
    ("content", "carried"),
    [
        pytest.param({"haidang.envelope.time": 1}, True, id="dotted"),
        pytest.param({"haidang": {"envelope": {"operator": "x"}}}, True, id="nested"),
        pytest.param({"haidang": [1, {"envelope.id": "x"}]}, True, id="in a list"),
        pytest.param({"haidang.envelope": 1}, True, id="the envelope itself"),
        pytest.param({"email": {"envelope": "x"}}, False, id="of a letter"),
        pytest.param({"haidang": {"envelopes": "x"}}, False, id="another name"),
        pytest.param({"message": "haidang.envelope.time"}, False, id="a value"),
    ],
)
def test_document_with_fields_of_our_envelope_is_carried(content, carried):
    """What a source sends is never indexed as our own word about the event."""
    event = event_of(1, content)
    assert carried == (document.encode(event) == document.carry(event))
    assert event == decoded(document.encode(event), event)


def test_envelope_tells_the_size_and_keeps_quotes():
    """The size is that of the document's bytes; an id may hold any character."""
    event = event_of(1, {"a": "đ"}, id='a"\\\n', source='s"')
    source = orjson.loads(document.encode(event))
    assert len(encode({"a": "đ"})) == source["haidang.envelope"]["size"]
    assert event == document.decode('a"\\\n', source)
