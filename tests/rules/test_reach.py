"""Whether a rule can ever fire on what is provided, and the reason where it cannot."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from correlator.evaluate import compile_rules
from rules.fields import FieldMap, load_fields
from rules.load import load
from rules.reach import NO_FIELD, NO_INPUT, NO_SOURCE, Provider, Reach, reach, reach_of_correlation
from rules.rule import Correlation, LogSource

WEB = Provider("web", (LogSource("webserver"),), frozenset({"url.query", "log.*"}))
MAP = FieldMap((), {})


def rule(tmp_path, detection, source="category: webserver"):
    """One rule, loaded."""
    text = f"title: A\nlogsource: {{{source}}}\ndetection: {detection}\n"
    (tmp_path / "a.yml").write_text(text, "utf-8")
    found = load([tmp_path])
    assert () == found.problems
    return found.rules[0]


@pytest.mark.parametrize(
    ("can", "detection"),
    [
        pytest.param(True, "{s: {url.query: a}, condition: s}", id="filled"),
        pytest.param(True, "{s: {log.x.y: a}, condition: s}", id="below a star"),
        pytest.param(False, "{s: {logs: a}, condition: s}", id="not below it"),
        pytest.param(False, "{s: {url.query: a, b: c}, condition: s}", id="and"),
        pytest.param(True, "{s: [{url.query: a}, {b: c}], condition: s}", id="or"),
        pytest.param(True, "{s: {url.query: a}, f: {b: c}, condition: s and not f}", id="not"),
        pytest.param(True, "{s: {b: null}, condition: s}", id="null"),
        pytest.param(False, "{s: {b: null}, condition: not s}", id="not null"),
        pytest.param(True, "{s: {'b|exists': false}, condition: s}", id="absent"),
        pytest.param(False, "{s: {'b|exists': true}, condition: s}", id="present"),
        pytest.param(True, "{s: [word], condition: s}", id="keyword"),
        pytest.param(False, "{s: {'url.query|fieldref': b}, condition: s}", id="reference"),
    ],
)
def test_condition_is_asked_what_can_hold(tmp_path, can, detection):
    """A field that is never filled makes true only what asks for its absence."""
    found = reach(rule(tmp_path, detection), [WEB], MAP)

    assert can is bool(found.providers)
    assert ("" if can else NO_FIELD) == found.reason


def test_reasons_name_log_source_field_and_data_set(tmp_path):
    """So that a person sees which data is missing."""
    foreign = rule(tmp_path, "{s: {a: b}, condition: s}", "product: windows, service: security")
    blind = rule(tmp_path, "{s: {a: b, url.query: c}, condition: s}")

    assert Reach((), NO_SOURCE, "product: windows, service: security") == reach(foreign, [WEB], MAP)
    assert f"{NO_FIELD}: a by web" == str(reach(blind, [WEB], MAP))
    assert "can fire on web" == str(Reach(("web",)))


def test_correlation_needs_one_input_to_count_and_all_for_an_order():
    """One of what may be all that a window holds; the first blind input is the reason."""
    seen, blind = Reach(("web",)), Reach((), NO_SOURCE, "category: dns")

    def asked(kind, inputs, masks=(0b11,)):
        one = Correlation(
            None, kind, ("a", "b"), (), 1, (), generate=False, file="f", masks=frozenset(masks)
        )
        return reach_of_correlation(one, dict(zip("ab", inputs, strict=True)))

    assert ("web",) == asked("event_count", [seen, blind]).providers
    assert ("web",) == asked("temporal_ordered", [seen, seen]).providers
    assert ("web",) == asked("temporal", [seen, blind], (0b01, 0b11)).providers
    expected = Reach((), NO_INPUT, f"{NO_SOURCE}: category: dns")
    assert expected == asked("temporal_ordered", [seen, blind])
    assert NO_INPUT == asked("event_count", [blind, blind]).reason


PATHS = ["a.a", "b.b", "c.c"]
ITEMS = st.dictionaries(
    st.sampled_from([*PATHS, "a.a|exists"]), st.sampled_from(["x", "y"]), min_size=1, max_size=3
)


@given(
    provided=st.sets(st.sampled_from(PATHS)),
    selections=st.lists(ITEMS, min_size=2, max_size=2),
    condition=st.sampled_from(["s and t", "s or t", "s and not t", "not s", "not (s or t)"]),
    event=st.dictionaries(st.sampled_from(PATHS), st.sampled_from(["x", "y", "z"])),
)
def test_rule_that_matches_an_event_was_said_to_be_able(
    tmp_path_factory, provided, selections, condition, event
):
    """No event of the provided fields ever matches a rule of which we say that it cannot fire."""
    named = [
        {key: value == "x" if "exists" in key else value for key, value in one.items()}
        for one in selections
    ]
    detection = {"s": named[0], "t": named[1], "condition": condition}
    folder = tmp_path_factory.getbasetemp() / "reach"
    folder.mkdir(exist_ok=True)
    made = rule(folder, yaml.safe_dump(detection, default_flow_style=True).strip())
    document = {path[0]: {path[0]: value} for path, value in event.items() if path in provided}
    provider = Provider("p", (LogSource("webserver"),), frozenset(provided))
    matched = compile_rules([made], MAP).match_as(document, provider.logsources)

    assert reach(made, [provider], MAP).providers or not matched


def test_families_reach_as_in_matching(tmp_path):
    """A rule of a family's name can fire on its members' events."""
    made = rule(tmp_path, "{s: [word], condition: s}", "category: registry_event")
    provider = Provider("p", (LogSource("registry_set", "windows"),), frozenset())

    assert ("p",) == reach(made, [provider], load_fields()).providers
