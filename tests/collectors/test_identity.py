"""Marks depend on the bytes read only; names of one rotation chain are one family."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.identity import WINDOW, Mark, family, is_finished_name, is_rotated_name


def _mark(content: bytes, sizes: list[int]) -> Mark:
    mark = Mark()
    for size in [*sizes, len(content)]:
        read = content[mark.offset : mark.offset + size]
        mark = mark.advance(content[mark.offset - mark.overlap : mark.offset], read)
    return mark


@given(st.binary(max_size=20), st.integers(0, 300), st.lists(st.integers(0, 2000), max_size=5))
def test_a_mark_does_not_depend_on_how_the_bytes_were_read(
    seed: bytes, times: int, sizes: list[int]
) -> None:
    """The same bytes give the same mark; it recognises them and everything they grow to."""
    content = seed * times
    mark = _mark(content, sizes)
    assert _mark(content, []) == mark
    assert zlib.crc32(content) == mark.checksum
    grown = content + b"more"
    assert mark.ends_match(lambda offset, size: grown[offset : offset + size])


@pytest.mark.parametrize("position", [0, WINDOW - 1, 5000 - WINDOW, 4999])
def test_a_changed_byte_at_either_end_is_noticed(position: int) -> None:
    """Head and tail windows are both compared."""
    content = bytearray(b"x" * 5000)
    mark = _mark(bytes(content), [])
    content[position] = 0
    assert not mark.ends_match(lambda offset, size: bytes(content[offset : offset + size]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("access.log", "access.log", id="live"),
        pytest.param("access.log.1", "access.log", id="number"),
        pytest.param("access.log.12.gz", "access.log", id="compressed"),
        pytest.param("access.log-20261121", "access.log", id="date at the end"),
        pytest.param("access-2026-11-21.log", "access.log", id="date before the extension"),
        pytest.param("access.log-20261121-1763700000.gz", "access.log", id="date and time"),
        pytest.param("host-17.log", "host-17.log", id="a number that is a name"),
        pytest.param("1.gz", "1", id="nothing else left"),
    ],
)
def test_rotation_marks_are_stripped(name: str, expected: str) -> None:
    """What rotation adds to a name does not count for its family."""
    assert f"/logs/{expected}" == family(f"/logs/{name}")
    assert (name != expected) is is_rotated_name(f"/logs/{name}")


def test_only_numbers_and_gz_say_that_nobody_writes_any_more() -> None:
    """A dated name may be the live file of the day."""
    names = ("a.log.1", "a.log.gz", "a-20261121.log", "a.log")
    assert [True, True, False, False] == [is_finished_name(name) for name in names]
