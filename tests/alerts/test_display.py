"""Alerts as text: JSON lines for programs, a table of 100 columns for people."""

import json
import unicodedata
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.display import pad, to_json, to_table, width, wrap
from alerts.evidence import copy_event
from haidang.model.alert import Alert
from haidang.model.detection import Episode


@pytest.fixture
def alert(make):
    """One alert with long sentences."""
    return Alert(
        id="0123456789abcdef" * 2,
        rule="r-1",
        rule_hash="h-1",
        title="A title",
        level="critical",
        tags=("attack.t1505.003",),
        author="Hải Đăng",
        raised=make.at("02:00:00"),
        revised=make.at("02:05:00"),
        revision=2,
        episode=Episode(make.at("01:52:30"), make.at("01:58:05"), 5),
        group={"host.name": "web-snn"},
        zone="mang-1",
        operators=("ttdl",),
        affected=("so-a",),
        system_level=3,
        sentences={"vi": "Máy chủ web có cửa hậu " * 9, "en": "The web server has a backdoor."},
        first_steps={"vi": ("Xem nhật ký.", "Ngắt mạng."), "en": ("Read the log.", "Unplug.")},
        falsepositives={"en": ("A penetration test",)},
        counts={"web_script_in_upload": 3},
        evidence_missing=0,
    )


def test_json_has_every_field(alert):
    """Each field of the model is in the line, times as ISO, the level in both words."""
    fields = json.loads(to_json(alert))
    assert set(Alert.__slots__) <= set(fields)
    assert ("critical", "Khẩn cấp") == (fields["level"], fields["level_word"])
    assert "2026-11-17T19:00:00.000Z" == fields["raised"]
    assert {
        "start": "2026-11-17T18:52:30.000Z",
        "end": "2026-11-17T18:58:05.000Z",
        "events": 5,
    } == fields["episode"]
    assert ["so-a"] == fields["affected"]


@pytest.fixture
def copy(make):
    """One copied event, hostile in a field that is shown."""
    document = {"source": {"ip": "203.0.113.7"}, "url": {"original": "/a\x1b[2J" + "b" * 300}}
    return copy_event(make.event("e", make.at("01:56:12"), document), "web_form_post")


def test_json_holds_the_evidence_byte_for_byte(alert, copy):
    """A reader can hash `ecs` anew and must get `sha256`."""
    (shown,) = json.loads(to_json(alert, [copy]))["evidence"]

    assert sha256(shown["ecs"].encode()).hexdigest() == shown["sha256"] == copy.sha256
    assert ("e", "2026-11-17T18:56:12.000Z") == (shown["event"], shown["time"])
    assert "evidence" not in json.loads(to_json(alert))


def test_table_shows_a_line_for_each_copy(alert, copy, world):
    """Its time, rule, hash and what tells most; harmless, and no wider than the rest."""
    text = to_table([alert], world.names, {alert.id: [copy]})
    last = text.splitlines()[-1]

    start = f"18/11 01:56:12 web_form_post {copy.sha256[:8]} 203.0.113.7 /a\\x1b[2Jbbb"
    assert start in last
    assert width(last) <= 100


def test_json_is_one_line_that_no_terminal_obeys(alert):
    """Controls and overrides are JSON escapes; the value is unchanged."""
    hostile = "a\x9b2J\u202e\x7f\n\U000e0041ế"
    line = to_json(replace(alert, group={"file.name": hostile}))
    assert "\n" not in line
    assert "\\u202e" in line
    assert "ế" in line
    assert not any(unicodedata.category(char) in {"Cc", "Cf"} for char in line)
    assert hostile == json.loads(line)["group"]["file.name"]


def test_table_shows_level_time_unit_id_and_sentences(alert, world):
    """A line for the alert, Vietnamese under it and English under that."""
    header, line, *sentences = to_table([alert], world.names).splitlines()
    assert ["Mức", "Cảnh báo lúc", "Đơn vị", "Mã"] == [
        part for part in map(str.strip, header.split("  ")) if part
    ]
    assert line.startswith("Khẩn cấp    18/11 02:00   Sở Nông nghiệp và Môi trường  ")
    assert line.endswith(" 01234567")
    assert alert.sentences["vi"].split() == " ".join(sentences[:-1]).split()
    assert "            The web server has a backdoor." == sentences[-1]
    assert header.index("Mã") == line.index("01234567")


def test_json_names_techniques_and_tactics(alert):
    """Ids and names; the tactic in both languages."""
    fields = json.loads(to_json(replace(alert, tags=("attack.t1110", "attack.impact"))))
    assert {"T1110": "Brute Force"} == fields["techniques"]
    assert {"TA0040": {"vi": "Phá hoại", "en": "Impact"}} == fields["tactics"]


def test_table_tells_rule_techniques_and_first_steps_on_demand(alert, world):
    """Under the sentences, the Vietnamese steps first."""
    plain = to_table([alert], world.names)
    told = to_table([alert], world.names, detail=True).removeprefix(plain)
    assert [
        "Luật · rule: A title (Hải Đăng)",
        "ATT&CK: T1505.003 Server Software Component: Web Shell",
        "Việc cần làm:",
        "1. Xem nhật ký.",
        "2. Ngắt mạng.",
        "First steps:",
        "1. Read the log.",
        "2. Unplug.",
    ] == [line.strip() for line in told.splitlines()]


def test_table_keeps_to_100_columns(alert, world):
    """Long units, long words, wide and decomposed letters stay inside."""
    hostile = replace(
        alert,
        affected=("đơn vị " * 40,),
        sentences={"vi": "漢" * 150 + " " + "ế" * 200, "en": "x" * 300},
        superseded_by="f" * 32,
    )
    table = to_table([alert, hostile], world.names)
    assert all(width(line) <= 100 for line in table.splitlines())
    assert 150 == table.count("漢")
    assert 300 == table.count("x")
    assert "→ ffffffff" in table


def test_table_without_units_says_so(alert, world):
    """Unresolved ownership is shown, not left empty."""
    table = to_table([replace(alert, affected=(), operators=())], world.names)
    assert "đơn vị chưa xác định" in table


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        pytest.param("Khẩn cấp", 8, id="composed"),
        pytest.param(unicodedata.normalize("NFD", "Khẩn cấp"), 8, id="decomposed"),
        pytest.param("漢字", 4, id="wide"),
        pytest.param("Ａ", 2, id="full width"),
        pytest.param("a\u200bb", 2, id="zero width"),
    ],
)
def test_width_counts_columns(text, columns):
    """Marks take none, wide letters two."""
    assert columns == width(text)


def test_pad_cuts_with_an_ellipsis():
    """A cell leaves two columns to the next."""
    assert "abc  " == pad("abc", 5)
    assert "ab…  " == pad("abcd", 5)
    assert "漢…  " == pad("漢字", 5)


@given(st.text("aế\u0301漢 ", max_size=60), st.integers(2, 20))
def test_wrap_keeps_every_character_within_the_columns(text, columns):
    """Lines fit, and together they are the text without its spaces."""
    lines = wrap(text, columns)
    assert all(0 < len(line) and width(line) <= columns for line in lines)
    expected = unicodedata.normalize("NFC", text).replace(" ", "")
    assert expected == "".join(lines).replace(" ", "")


@given(st.text("aế\u0301漢 ", max_size=30), st.integers(4, 20))
def test_pad_is_exactly_as_wide_as_asked(text, columns):
    """Columns stay aligned whatever they hold."""
    assert columns == width(pad(text, columns))
