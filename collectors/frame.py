"""Framing: bytes into records, one a line. Pure functions."""

from dataclasses import dataclass
from typing import TypeAlias

# The offset of a record's first byte, its bytes without the line end, whether it was cut.
Line: TypeAlias = tuple[int, bytes, bool]


@dataclass(frozen=True, slots=True)
class Framed:
    """Records, how many bytes they took, and whether the next byte is in an over-long line."""

    lines: list[Line]
    consumed: int
    skipping: bool


def frame(  # noqa: PLR0913 - all of it decides what a record is
    data: bytes,
    offset: int,
    *,
    skipping: bool,
    last: bool,
    max_bytes: int,
    max_lines: int,
) -> Framed:
    """The records in `data`, which starts at `offset` of its file.

    A record ends with LF or CRLF. A line longer than `max_bytes` is cut there and its rest
    skipped. With `last`, bytes after the last newline are a record too. At most `max_lines`
    records; the result does not depend on how the file is divided into calls.
    """
    *complete, rest = data.split(b"\n", max_lines)
    lines: list[Line] = []
    position = offset
    for raw in complete:
        if skipping:
            skipping = False
        else:
            lines.append(_line(position, raw, max_bytes))
        position += len(raw) + 1
    if len(complete) < max_lines:
        position, skipping = _frame_rest(rest, position, lines, (skipping, last, max_bytes))
    return Framed(lines, position - offset, skipping)


def _frame_rest(
    rest: bytes, position: int, lines: list[Line], how: tuple[bool, bool, int]
) -> tuple[int, bool]:
    """What follows the last newline: wait for more, unless it is over-long or the last."""
    skipping, last, max_bytes = how
    if skipping:
        return position + len(rest), not last
    if len(rest) > max_bytes:
        lines.append(_line(position, rest, max_bytes))
        return position + len(rest), not last
    if last and rest:
        lines.append(_line(position, rest, max_bytes))
        return position + len(rest), False
    return position, False


def _line(position: int, raw: bytes, max_bytes: int) -> Line:
    if len(raw) > max_bytes:
        return position, _cut(raw, max_bytes), True
    return position, raw.removesuffix(b"\r"), False


def _cut(raw: bytes, size: int) -> bytes:
    """The first `size` bytes, less an incomplete UTF-8 character at the end."""
    back = 0
    while back < 3 and raw[size - back] & 0xC0 == 0x80:  # 4 bytes at most
        back += 1
    starts_character = raw[size - back] >= 0xC0
    return raw[: size - back if starts_character else size]
