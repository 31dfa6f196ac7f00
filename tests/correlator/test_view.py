"""The Sigma view of an event."""

import pytest

from correlator.view import WHOLE_EVENT, Source, View, logsource, logsources
from rules.rule import LogSource


def test_first_present_path_wins_also_with_null():
    """Later paths are only for events without the earlier ones."""
    view = View({"a": {"b": None}, "c": "x"})
    assert [None] == view.values(Source(("a.b", "c")))
    assert ["x"] == view.values(Source(("a.z", "c")))
    assert [] == view.values(Source(()))


@pytest.mark.parametrize(
    ("expected", "document"),
    [
        pytest.param(["literal"], {"a.b": "literal", "a": {"b": "nested"}}, id="literal-key-wins"),
        pytest.param(["x", "y"], {"a": {"b": ["x", ["y"]]}}, id="lists-are-flattened"),
        pytest.param(["x", "y"], {"a": [{"b": "x"}, {"b": "y"}]}, id="objects-in-lists"),
        pytest.param(["42", "true", ""], {"a": {"b": [42, True, "", None]}}, id="as-text"),
        pytest.param([], {"a": {"b": {"c": "x"}}}, id="object-has-no-text"),
        pytest.param(["điện"], {"a": {"b": "đie\u0302\u0323n"}}, id="composed"),
    ],
)
def test_values_become_text(expected, document):
    """Scalars as text in NFC; nulls and objects have none."""
    assert expected == View(document).exact(Source(("a.b",)))


def test_text_is_folded_and_gathered_once():
    """The same list is given again."""
    view, source = View({"a": "ĐIỆN Biên"}), Source(("a",))
    assert ["điện biên"] == view.folded(source)
    assert view.folded(source) is view.folded(source)
    assert view.exact(source) is view.exact(source)


def test_keywords_search_the_original_when_it_is_there():
    """What we parsed out of it is not searched a second time."""
    document = {"event": {"original": "raw line"}, "message": "other"}
    assert ["raw line"] == View(document).folded(WHOLE_EVENT)


def test_keywords_search_every_value_that_the_source_sent():
    """Ours are left out, nested or with dots written out; key names are no values."""
    document = {
        "@timestamp": "t",
        "agent": {"name": "ours"},
        "agent.id": "ours",
        "ecs": {"version": "8.17.0"},
        "haidang": {"logsource": [{"category": "webserver"}]},
        "event": {"original": None, "code": 7},
        "a": {"b": ["x", {"c": "y"}]},
    }
    assert ["7", "x", "y"] == View(document).folded(WHOLE_EVENT)


def test_logsources_are_read_folded():
    """Absent parts and parts that are no text are any."""
    written = [{"category": "WebServer", "product": None, "service": 5}, "no object"]
    assert (LogSource("webserver"),) == logsources({"haidang": {"logsource": written}})
    assert () == logsources({})
    assert LogSource("", "windows", "") == logsource({"product": "Windows"})
