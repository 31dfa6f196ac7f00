"""Framing: bytes into records, of one line or of several. Pure functions."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

# The offset of a record's first byte, its bytes without the line end, whether it was cut.
Line: TypeAlias = tuple[int, bytes, bool]


@dataclass(frozen=True, slots=True)
class Framed:
    """Records, how many bytes they took, and whether the next byte is in an over-long line."""

    lines: list[Line]
    consumed: int
    skipping: bool


@dataclass(frozen=True, slots=True)
class Framing:
    """How the records of a dataset are told apart.

    A line is cut at `max_bytes`. A line that `continued` matches goes on with the record before.
    """

    max_bytes: int
    continued: re.Pattern[bytes] | None = None


def frame(  # noqa: PLR0913 - all of it decides what a record is
    data: bytes,
    offset: int,
    *,
    skipping: bool,
    last: bool,
    closed: bool,
    how: Framing,
    max_lines: int,
) -> Framed:
    """The records in `data`, which starts at `offset` of its file.

    With `last`, bytes after the last newline are a line too. A record that may be continued is
    complete at the next one's first line, or with `closed` at the end of the data. At most
    `max_lines` lines; of records that may be continued all that are there, as one can be longer.
    The result does not depend on how the file is divided into calls.
    """
    if how.continued is None:
        return _frame_lines(data, offset, (skipping, last, how.max_bytes), max_lines)
    framed = _frame_lines(data, offset, (skipping, last, how.max_bytes), len(data) + 1)
    records = list(join(framed.lines, how.continued, how.max_bytes))
    if records and not (records[-1].complete or closed):
        start = records.pop().line[0]
        return Framed([record.line for record in records], start - offset, skipping=False)
    return Framed([record.line for record in records], framed.consumed, framed.skipping)


class Joined(NamedTuple):
    """A record of one or more lines; `complete`: no further line can continue it."""

    line: Line
    complete: bool


def join(
    lines: Iterable[Line], continued: re.Pattern[bytes] | None, max_bytes: int
) -> Iterator[Joined]:
    """Records of the lines; only the last one may be incomplete.

    Continuing lines follow after LF. A record that would grow over `max_bytes` ends before that
    line, flagged as cut, and the line starts a new one, so nothing is left out. Blank and cut
    lines are not continued.
    """
    parts: list[bytes] = []  # of a record that can be continued
    start = size = 0
    for offset, content, cut in lines:
        more = bool(parts and continued and continued.match(content))
        if more and not cut and size + 1 + len(content) <= max_bytes:
            parts.append(content)
            size += 1 + len(content)
            continue
        if parts:
            yield Joined((start, b"\n".join(parts), more), complete=True)
        parts = []
        if cut or not content or continued is None:
            yield Joined((offset, content, cut), complete=True)
        else:
            start, parts, size = offset, [content], len(content)
    if parts:
        yield Joined((start, b"\n".join(parts), False), complete=False)


def _frame_lines(data: bytes, offset: int, how: tuple[bool, bool, int], max_lines: int) -> Framed:
    """Each line a record, which ends with LF or CRLF; a longer one is cut, its rest skipped."""
    skipping, last, max_bytes = how
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
