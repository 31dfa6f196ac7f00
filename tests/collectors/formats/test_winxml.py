"""Windows events as rendered XML: the same document as from EVTX, and nothing else that XML can."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import evtx
from collectors.dataset import load_dataset
from collectors.formats import winxml
from collectors.formats.options import Options
from collectors.frame import Framing, frame
from collectors.record import Context, Dropped
from haidang.errors import Refused
from haidang.model.fold import nfc

PAIRS = Path(__file__).parents[3] / "../shared/data/beats-oss/winlogbeat/sys/wineventlog/testdata"
XML, EVTX = load_dataset("windows.xml"), load_dataset("windows.evtx")


def read(text: str) -> dict[str, Any]:
    """The document of one record."""
    return winxml.read(Options(), text, {})


def event(data: str) -> str:
    """An event with this inside EventData."""
    return f"<Event><System><EventID>1</EventID></System><EventData>{data}</EventData></Event>"


def data(text: str) -> Any:
    """The data of an event with this inside EventData."""
    return read(event(text))["winlog"]["event_data"]


def records(content: bytes) -> list[bytes]:
    """The records of a file as the collector frames them."""
    how = Framing(1 << 20, XML.continued)
    framed = frame(
        content, 0, skipping=False, last=True, closed=True, how=how, max_lines=len(content)
    )
    return [line for _, line, _ in framed.lines]


def comparable(dataset: Any, line: bytes) -> tuple[Any, Any]:
    """Number and members of an event, but for the digits of time that EVTX's reader cuts."""
    winlog = dataset.parse(line.replace(b"\\r\\n", b"\\n"), Context(), {})[0].document["winlog"]
    return winlog["record_id"], winlog


@pytest.mark.skipif(not PAIRS.exists(), reason="the shared pairs of EVTX and XML are not here")
@pytest.mark.parametrize("name", sorted(path.stem for path in PAIRS.glob("*.xml")))
def test_the_xml_of_a_log_says_what_its_evtx_says(name: str) -> None:
    """Every member below `winlog`, whatever the order of the records."""
    with (PAIRS / f"{name}.evtx").open("rb") as file:
        expected = dict(comparable(EVTX, line) for line in evtx.lines(file))
    found = dict(comparable(XML, line) for line in records((PAIRS / f"{name}.xml").read_bytes()))
    assert expected
    assert expected == found


def test_records_go_over_several_lines_and_lists_have_a_frame() -> None:
    """As wevtutil writes them; what is around the list is dropped by name."""
    several = event("<Data Name='a'>x\n\n<!-- y -->z</Data>")
    content = f"<?xml version='1.0'?>\n<Events>\n{several}\n{several}\n</Events>\n".encode()
    frame_of_list, *events = records(content)
    with pytest.raises(Dropped, match="xml-frame"):
        XML.parse(frame_of_list, Context(), {})
    found = [XML.parse(line, Context(), {})[0].document for line in events]
    assert [{"a": "x\n\nz"}] * 2 == [one["winlog"]["event_data"] for one in found]


def test_what_comes_twice_is_numbered_and_what_has_no_name_is_a_parameter() -> None:
    """As evtx_dump and Winlogbeat do."""
    found = data(
        "<Data Name='a b'>1</Data><Data Name='a b'>2</Data><Data>3</Data><Data/><X y='4'/>"
    )
    assert {"ab": "1", "ab_1": "2", "param1": "3", "param2": "", "X_y": "4"} == found


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r")))
def test_any_text_is_kept(text: str) -> None:
    """Control characters, which XML forbids, are shown as JSON writes them."""
    forbidden = {one for one in map(chr, range(32)) if one not in "\t\n"} | {"\ufffe", "\uffff"}
    shown = "".join(f"\\u{ord(one):04x}" if one in forbidden else one for one in text)
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    found = XML.parse(event(f"<Data Name='a'>{escaped}</Data>").encode(), Context(), {})
    assert nfc(shown) == found[0].document["winlog"]["event_data"]["a"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type", id="entity"),
        pytest.param("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "document type", id="system"),
        pytest.param("<Event>&b;</Event>", "not XML: undefined entity", id="unknown"),
        pytest.param("<a>" * 40 + "</a>" * 40, "nested too deeply", id="deep"),
        pytest.param("<Event/>", "no Windows event", id="no System"),
        pytest.param("<Event><System/></Event>", "no Windows event", id="empty System"),
        pytest.param(event("") * 2, "not XML: junk after document element", id="two"),
    ],
)
def test_what_is_refused_says_why(text: str, reason: str) -> None:
    """Without a word of the record."""
    with pytest.raises(Refused) as refused:
        read(text)
    assert reason in refused.value.reason


@given(st.text(st.sampled_from("<>/&;!'\"= aDataEventSystem#x0\n-[]?")))
def test_nothing_but_a_refusal_escapes(text: str) -> None:
    """Whatever stands in the line."""
    with suppress(Refused, Dropped):
        read(text)
