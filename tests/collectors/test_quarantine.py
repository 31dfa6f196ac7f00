"""Quarantine keeps each refused record once and gives it back byte for byte."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.quarantine import MAX_REASON, Quarantined, append, truncate
from haidang.errors import InputError


def _refused(record: bytes, reason: str = "why") -> Quarantined:
    return Quarantined("id", 0, "source", "toy", "web", "/a", 1, 2, reason, record)


@given(st.binary())
def test_a_record_comes_back_from_its_line(record: bytes) -> None:
    """As text where it is UTF-8, else as base64; always one line."""
    line = _refused(record).to_json()
    value = json.loads(line)
    text = value.get("record")
    back = base64.b64decode(value["record_base64"]) if text is None else text.encode()
    assert (record, 1) == (back, line.count(b"\n"))


def test_reasons_are_bounded() -> None:
    """A reason cannot carry a record away."""
    assert MAX_REASON == len(json.loads(_refused(b"", "x" * 10_000).to_json())["reason"])


def test_what_was_not_committed_is_cut_off_and_written_again(tmp_path: Path) -> None:
    """Each record is there once after a crash between quarantine and offsets."""
    path = tmp_path / "quarantine.ndjson"
    committed = append(path, 0, [_refused(b"a")])
    append(path, committed, [_refused(b"b")])
    truncate(path, committed)
    append(path, committed, [_refused(b"b")])
    assert ["a", "b"] == [json.loads(one)["record"] for one in path.read_text().splitlines()]


def test_a_quarantine_that_lost_records_is_an_error(tmp_path: Path) -> None:
    """It must not be filled up with zeros."""
    with pytest.raises(InputError, match="shorter"):
        truncate(tmp_path / "quarantine.ndjson", 5)
