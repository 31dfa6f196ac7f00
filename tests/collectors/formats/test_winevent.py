"""Windows events as evtx_dump prints them become the document that Winlogbeat sends."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.formats import nxlog, winevent
from collectors.formats.options import Options
from haidang.errors import Refused

GUID = "54849625-5478-4994-A5BA-3E3B0328C30D"
SYSTEM = {"EventID": 1, "Channel": "Security"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=10,
)


def read(**event: Any) -> Any:
    """The members below `winlog` of an event with these sections."""
    text = json.dumps({"Event": {"System": SYSTEM, **event}})
    return winevent.read(Options(), text, {})["winlog"]


def test_data_is_text_as_windows_renders_it() -> None:
    """Numbers, truth, nothing; GUIDs under a name that says so."""
    sent = {"A B": 7, "C": True, "D": None, "LogonGuid": GUID, "E": GUID, "Binary": None}
    expected = {"AB": "7", "C": "true", "D": "", "LogonGuid": f"{{{GUID.lower()}}}", "E": GUID}
    assert expected == read(EventData=sent)["event_data"]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param({"#text": ["a", "b"]}, {"param1": "a", "param2": "b"}, id="several"),
        pytest.param({"#text": "a"}, {"param1": "a"}, id="one"),
        pytest.param("a", {"param1": "a"}, id="plain"),
        pytest.param(None, {}, id="none"),
    ],
)
def test_data_without_names_is_numbered(sent: Any, expected: dict[str, str]) -> None:
    """As Winlogbeat does."""
    assert expected == read(EventData={"Data": sent})["event_data"]


def test_user_data_is_the_inside_of_its_element() -> None:
    """Deeper elements and attributes are joined by `_`."""
    inner = {
        "#attributes": {"xmlns": "x", "y": "1"},
        "A": {"#attributes": {"b": "2"}, "#text": "3"},
    }
    found = read(UserData={"Cleared": {**inner, "C": {"D": "4"}}})["user_data"]
    assert {"xml_name": "Cleared", "y": "1", "A_b": "2", "A": "3", "C_D": "4"} == found


def test_sections_that_winlogbeat_does_not_know_are_kept() -> None:
    """Under their own names; so are unknown elements of System."""
    found = read(ProcessingErrorData={"ErrorCode": 15003}, System={**SYSTEM, "New": "x"})
    assert {"ErrorCode": "15003"} == found["ProcessingErrorData"]
    assert "x" == found["New"]


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        pytest.param("0x8010000000000000", ["Audit Failure"], id="failure"),
        pytest.param("0x8020000000000000", ["Audit Success"], id="success"),
        pytest.param("-9214364837600034816", ["Audit Success"], id="signed"),
        pytest.param("0x80000000000000", [], id="classic"),
        pytest.param("none", [], id="no number"),
    ],
)
def test_audits_are_read_from_the_mask(mask: str, expected: list[str]) -> None:
    """Hexadecimal, or signed as NXLog sends it."""
    assert expected == winevent.audits(mask)


@given(VALUES, VALUES)
def test_nothing_but_a_refusal_escapes(system: Any, data: Any) -> None:
    """Whatever stands in the place of an event."""
    event = {"System": system, "EventData": data, "UserData": data, "RenderingInfo": data}
    with suppress(Refused):
        winevent.read(Options(), json.dumps({"Event": event}), {})


@given(
    st.dictionaries(st.sampled_from(["Keywords", "Message", "Level", "x.y", "EventType"]), VALUES)
)
def test_nothing_but_a_refusal_escapes_flat_events(event: Any) -> None:
    """The same for NXLog's form; members keep their values."""
    found = nxlog.read(Options(), json.dumps({"EventID": 1, **event}), {})
    assert "1" == found["winlog"]["event_id"]
