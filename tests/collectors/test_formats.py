"""Text and JSON formats: nothing a source sends may be lost, changed or able to crash."""

import json as stdlib_json
import time
from contextlib import suppress

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.dataset import dataset_names, load_dataset
from collectors.formats import json, regex
from collectors.formats.options import Options, compile_pattern
from collectors.formats.text import decode
from collectors.record import Context, Dropped
from haidang.errors import Refused
from haidang.model.event import encode

DATASETS = {name: load_dataset(name) for name in dataset_names()}
# The first half of a good line, or of all lines that a good case needs before.
HEADS = {
    name: [line[: len(line) // 2] for case in dataset.cases if case.expect for line in case.lines]
    for name, dataset in DATASETS.items()
}


@pytest.mark.parametrize("name", dataset_names())
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300))
def test_only_refused_and_dropped_escape(name: str, data: bytes) -> None:
    """Random bytes, alone and behind a good head, give an encodable event or a reason."""
    for line in (data, *(head + data for head in HEADS[name][:3])):
        try:
            for parsed in DATASETS[name].parse(DATASETS[name].mask(line, b"k"), Context(), {}):
                encode(parsed.document)
        except (Refused, Dropped):
            continue


@pytest.mark.parametrize(
    ("line", "text", "exact"),
    [
        pytest.param(b"\xef\xbb\xbfa", "a", True, id="mark"),
        pytest.param("lê".encode(), "lê", True, id="utf-8"),
        pytest.param(b"l\xea\0", "l\ufffd\0", False, id="not utf-8"),
    ],
)
def test_decode(line: bytes, text: str, exact: bool) -> None:
    """A byte-order mark goes, NUL stays, and a loss is told."""
    assert (text, exact) == decode(line)


def test_big_integers_keep_their_digits() -> None:
    """One of the two readers alone would turn this one into a float."""
    line = '{"id":123456789012345678901234567890,"n":18446744073709551615}'
    document = json.read(Options(), line, {})
    assert document["id"] == 123456789012345678901234567890
    assert orjson.loads(encode(document))["id"] == "123456789012345678901234567890"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b'{"a":1,"a":2}', id="twice"),
        pytest.param(b'{"b":[{"a" : 1 , "a" : {"c":2}}]}', id="twice, nested"),
        pytest.param(b'{"a\\"":":","a\\"":1}', id="twice, with quotes and colons"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"a":' * 2_000 + b"1" + b"}" * 2_000, id="deep object"),
        pytest.param(b'{"a":' + b"9" * 5_000 + b"}", id="endless number"),
        pytest.param(b'{"n":1234567890123456789,"x":NaN}', id="NaN"),
        pytest.param(b"[1]", id="no object"),
        pytest.param(b"{'a':1}", id="no JSON"),
        pytest.param(b"", id="empty"),
    ],
)
def test_refused_json(line: bytes) -> None:
    """A reason, never a crash and never a silently lost member."""
    with pytest.raises(Refused):
        json.read(Options(), line.decode(), {})


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text(), st.recursive(st.text() | st.integers(), st.lists, max_leaves=4), max_size=3
    )
)
def test_json_reads_as_the_standard_library_does(value: dict[str, object]) -> None:
    """Whichever of the two ways a line takes."""
    line = stdlib_json.dumps(value)
    assert json._composed(value) == json.read(Options(), line, {})


def test_strings_are_composed_also_when_they_were_escaped() -> None:
    """An ASCII line may hold a combining mark as an escape."""
    document = (
        DATASETS["windows.winlogbeat"].parse(rb'{"m":["e\u0302"]}', Context(), {})[0].document
    )
    assert document["m"] == ["\u00ea"]


def test_how_far_a_line_fits() -> None:
    """The column reached and the part that was expected there."""
    pattern = compile_pattern("p", [r"(?P<a>\d+)-", r"(?P<b>x+)", "!"])
    assert regex.how_far(pattern, "12-y") == (3, r"(?P<b>x+)")
    assert regex.how_far(pattern, "12-xx!?") == (6, "the end of the line")


HOSTILE = {
    "list": ("nginx.access", b"a, ", b""),
    "words": ("nginx.access", b"a ", b""),
    "brackets": ("nginx.access", b'- - [18/Nov/2026:08:15:30 +0700] "', b""),
    "request": ("nginx.access", b"A A HTTP/1", b'1.2.3.4 - - [18/Nov/2026:08:15:30 +0700] "'),
    "escapes": ("nginx.access", b'\\"', b'1.2.3.4 - - [18/Nov/2026:08:15:30 +0700] "'),
    "letters": ("auditd.log", b"a", b"type=X msg=audit(1.1:1):"),
    "quotes": ("auditd.log", b'a="b\' ', b"type=X msg=audit(1.1:1):"),
    "operations": ("auditd.log", b"op= ", b"type=X msg=audit(1.1:1): msg='"),
    "blanks": ("auditd.log", b" ", b"type=X msg=audit(1.1:1): msg='op="),
    "brackets in json": ("windows.winlogbeat", b'{"a":', b""),
}  # fmt: skip


def _seconds(name: str, line: bytes) -> float:
    best = 9.0
    for _ in range(3):
        start = time.process_time()
        with suppress(Refused):
            DATASETS[name].parse(line, Context(), {})
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("case", HOSTILE)
def test_cost_is_linear_on_hostile_input(case: str) -> None:
    """Four times the bytes cost far less than sixteen times the work."""
    name, unit, head = HOSTILE[case]
    count = 16_384 // len(unit)
    assert _seconds(name, head + unit * count * 4) < 10 * _seconds(name, head + unit * count) + 0.02
