"""Any bytes through any dataset: each record ends in exactly one way, and nothing escapes."""

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.dataset import dataset_names, load_dataset
from collectors.intake import Batch, Input, Intake
from collectors.offsets import Row
from haidang.model.instant import SECOND

NOW = 1_795_000_000 * SECOND
EXAMPLES = int(os.environ.get("HAIDANG_CASES", "10"))
DATASETS = {name: load_dataset(name) for name in dataset_names()}
RECORDS = (
    b"\0", b"\0" * 5000, b"\xff\xfe" + "GET / HTTP/1.1".encode("utf-16-le"),
    "tên=Sở Tài chính".encode("utf-16-be"), b"S\xf4 T\xe0i ch\xednh", b"\x1b[31m\x07\x08",
    "Đa\u0306ng nha\u0323\u0302p".encode(), b'{"a":' * 10_000, b'{"a":1,"a":2}', b"[" * 10_000,
    b"a: &a [x, x]\nb: *a", b"<<: *x", b'{"n":' + b"9" * 5000 + b"}", b'{"s":"\\ud800"}',
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'x'>]><a>&b;</a>", b"<a>" * 5000,
    b"#Fields: date time c-ip", b"#separator \\x09", b"<134>1 - - - - - - x", b"<999>" * 100,
    b"a=b " * 5000, b'"' * 5000, b"\\" * 5000, b"CEF:0|" + b"|" * 5000, b"\xef\xbb\xbf", b" \t\x0b",
)  # fmt: skip


def _taken(name: str, lines: list[bytes], own: Any) -> Batch:
    """What becomes of lines; raises where a count is wrong or a dataset failed."""
    settings_ = Input("ha", "/a.log", name, "dc", "dc", "HA-WEB01")
    intake = Intake(settings_, DATASETS[name], b"k" * 32, own)
    row, batch = Row("ha", name, "/a.log", "source", 1, "/a.log"), Batch(NOW)
    intake.take(row, [(number, line, False) for number, line in enumerate(lines)], batch, set())
    intake.flush(row, batch, set())
    counts = row.counts
    assert counts.balanced
    assert len(lines) == counts.read
    assert counts.indexed + counts.derived == len(batch.sent)
    assert counts.quarantined + counts.derived_quarantined == len(batch.quarantined)
    assert [] == [one.reason for one in batch.quarantined if "fault" in one.reason]
    return batch


@pytest.mark.parametrize("name", DATASETS)
def test_odd_records_end_in_exactly_one_way(name: str, own: Any) -> None:
    """Each of the catalogue, alone and all of them after one another in one file."""
    for record in RECORDS:
        _taken(name, [record], own)
    _taken(name, [*RECORDS, *RECORDS], own)


@pytest.mark.parametrize("name", DATASETS)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_any_bytes_end_in_exactly_one_way(name: str, own: Any, data: st.DataObject) -> None:
    """Bytes alone, and bytes in the place of a part of a good line."""
    good = [line for case in DATASETS[name].cases for line in case.lines]
    line = data.draw(st.sampled_from(good))
    start = data.draw(st.integers(0, len(line)))
    stop = data.draw(st.integers(start, len(line)))
    noise = data.draw(st.binary(max_size=40) | st.text(max_size=20).map(str.encode))
    _taken(name, [line, noise, line[:start] + noise + line[stop:], line], own)
