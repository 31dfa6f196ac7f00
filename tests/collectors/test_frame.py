"""Framing does not depend on how a file is cut into reads."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.frame import Framing, Line, frame

SINGLE = Framing(8)
TABBED = Framing(24, re.compile(rb"\t|$"))


def _all(data: bytes, sizes: list[int], how: Framing = SINGLE, most: int = 3) -> list[Line]:
    """Frame `data` as it grows by `sizes`, then to its end, then as a finished file."""
    lines: list[Line] = []
    offset, skipping = 0, False
    ends = [min(sum(sizes[: n + 1]), len(data)) for n in range(len(sizes))]
    steps = [*((end, False) for end in ends), (len(data), False), (len(data), True)]
    for end, last in steps:
        while True:
            framed = frame(
                data[offset:end],
                offset,
                skipping=skipping,
                last=last,
                closed=last,
                how=how,
                max_lines=most,
            )
            lines += framed.lines
            offset, skipping = offset + framed.consumed, framed.skipping
            if not framed.consumed:
                break
    assert len(data) == offset
    return lines


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"a\nb\n", [(0, b"a", False), (2, b"b", False)], id="lf"),
        pytest.param(b"a\r\nb\r\n", [(0, b"a", False), (3, b"b", False)], id="crlf"),
        pytest.param(b"a\n\nb", [(0, b"a", False), (2, b"", False), (3, b"b", False)], id="blank"),
        pytest.param(b"a\rb\n", [(0, b"a\rb", False)], id="a lone cr is content"),
        pytest.param(b"12345678\nx\n", [(0, b"12345678", False), (9, b"x", False)], id="exactly"),
        pytest.param(b"123456789\nx\n", [(0, b"12345678", True), (10, b"x", False)], id="longer"),
        pytest.param(b"1" * 99, [(0, b"11111111", True)], id="longer, without newline"),
        pytest.param("123456 ế ế".encode(), [(0, b"123456 ", True)], id="not inside a character"),
        pytest.param(b"\x80" * 9, [(0, b"\x80" * 8, True)], id="not UTF-8 at all"),
    ],
)
def test_lines_are_records(data: bytes, expected: list[Line]) -> None:
    """LF and CRLF end a record; over-long ones are cut at a character and flagged."""
    assert expected == _all(data, [])


@given(
    st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"123456", "ế".encode(), b"\x00"])),
    st.lists(st.integers(0, 9), max_size=12),
    st.integers(1, 4),
)
def test_records_do_not_depend_on_the_cuts(parts: list[bytes], sizes: list[int], most: int) -> None:
    """Any growth of a file and any size of turns give the same records at the same offsets."""
    data = b"".join(parts)
    assert _all(data, [], most=1000) == _all(data, sizes, most=most)


def test_a_last_line_waits_for_its_newline() -> None:
    """Without `last` nothing is taken from an unfinished line."""
    framed = frame(b"abc", 0, skipping=False, last=False, closed=True, how=SINGLE, max_lines=9)
    assert ([], 0) == (framed.lines, framed.consumed)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"a\n\tb\nc\n", [(0, b"a\n\tb", False), (5, b"c", False)], id="two lines"),
        pytest.param(b"a\r\n\tb\r\n", [(0, b"a\n\tb", False)], id="crlf"),
        pytest.param(b"a\n\nb\n", [(0, b"a\n", False), (3, b"b", False)], id="a blank inside"),
        pytest.param(b"\n\ta\n", [(0, b"", False), (1, b"\ta", False)], id="a blank in front"),
        pytest.param(b"\ta\n\tb", [(0, b"\ta\n\tb", False)], id="nothing to continue"),
        pytest.param(
            b"a" * 20 + b"\n\t345\n\tb\n",
            [(0, b"a" * 20, True), (21, b"\t345\n\tb", False)],
            id="too long together",
        ),
        pytest.param(
            b"a\n\t" + b"b" * 30 + b"\n\tc\n",
            [(0, b"a", True), (2, b"\t" + b"b" * 23, True), (34, b"\tc", False)],
            id="an over-long line inside",
        ),
    ],
)
def test_lines_that_continue_belong_to_the_record_before(data: bytes, expected: list[Line]) -> None:
    """None is left out: what does not fit into a record starts the next one."""
    assert expected == _all(data, [], TABBED)


@given(
    st.lists(st.sampled_from([b"a", b"\n", b"\n\t", b"\r\n", b"1234567", "ế".encode()])),
    st.lists(st.integers(0, 9), max_size=12),
)
def test_records_of_several_lines_do_not_depend_on_the_cuts(
    parts: list[bytes], sizes: list[int]
) -> None:
    """However the bytes arrive, the records and their offsets are the same."""
    data = b"".join(parts)
    assert _all(data, [], TABBED) == _all(data, sizes, TABBED)


def test_a_record_waits_for_the_next_one_unless_it_is_closed() -> None:
    """A further line could still continue it."""
    taken = [
        frame(b"a\n\tb\nc", 0, skipping=False, last=False, closed=closed, how=TABBED, max_lines=9)
        for closed in (False, True)
    ]
    assert [([], 0), ([(0, b"a\n\tb", False)], 5)] == [(one.lines, one.consumed) for one in taken]
