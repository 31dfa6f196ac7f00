"""EVTX files, the container of Windows event logs: every record becomes one line of JSON.

After a header of 4 KiB come chunks of 64 KiB that stand for themselves, so each is read alone and
a broken one costs its own records only. The records of a chunk follow one another; where one's
frame is broken, the next is looked for. What cannot be read becomes a line that says where it is
(`broken`), never a gap. The layout: libevtx, "Windows XML Event Log (EVTX) format".
"""

import importlib
import struct
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO

import orjson

from haidang.errors import HaidangError

MAGIC = b"ElfFile\0"
_CHUNK_MAGIC = b"ElfChnk\0"
_RECORD_MAGIC = b"**\0\0"
_HEADER = 4096
_CHUNK = 65536
_TABLES = slice(128, 512)  # where strings and templates are; only quickens reading
_FIRST_RECORD = 512
_AFTER = (_RECORD_MAGIC, bytes(4))  # what may follow a record
_FRAME = struct.Struct("<4sIQQ")  # magic, size, number, time
_EVENT = '{"Event":{'
_TIME = 0x01D0_0000_0000_0000  # any valid time, for the frame that stands for broken bytes


class Unreadable(HaidangError):  # noqa: N818 - "the file is unreadable"
    """No record of the file can be read; the message completes "FILE …"."""


def lines(file: BinaryIO) -> Iterator[bytes]:
    """The records of a file in its order, each as JSON on one line with its line end.

    Raises Unreadable, OSError. A record that is not complete at the end of the file gives no line:
    it waits for the rest of the file.
    """
    header = file.read(_HEADER)
    if not header.startswith(MAGIC):
        raise Unreadable("is no EVTX file")
    if len(header) < _HEADER:
        raise Unreadable("is an EVTX file that ends in its header")
    render = _Renderer(header)
    used = int.from_bytes(header[42:44], "little")
    number = 0
    while chunk := file.read(_CHUNK):
        start = _HEADER + number * _CHUNK
        if chunk.startswith(_CHUNK_MAGIC):
            yield from render.chunk(chunk, start)
        elif len(chunk) > _FIRST_RECORD and (chunk.strip(b"\0") or number < used):
            yield _broken("chunk", start)
        number += 1


class Stream:
    """The lines of a file as bytes that are read forward, or from the start again."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._lines, self._rest = file, lines(file), b""

    def seek(self, offset: int) -> None:
        """Back to the start; there is no other place to go to."""
        self._file.seek(offset)
        self._lines, self._rest = lines(self._file), b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes, fewer only at the end. Raises Unreadable, OSError."""
        parts, length = [self._rest], len(self._rest)
        while length < size and (line := next(self._lines, b"")):
            parts.append(line)
            length += len(line)
        whole = b"".join(parts)
        self._rest = whole[size:]
        return whole[:size]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _broken(what: str, offset: int) -> bytes:
    return orjson.dumps({"broken": what, "offset": offset}, option=orjson.OPT_APPEND_NEWLINE)


class _Renderer:
    """Renders the records of one file, chunk by chunk."""

    def __init__(self, header: bytes) -> None:
        self._header = header[:42] + (1).to_bytes(2, "little") + header[44:]  # it has one chunk
        try:
            self._parser: Any = importlib.import_module("evtx").PyEvtxParser
        except ModuleNotFoundError as error:
            install = "pip install 'haidang[evtx]'"
            raise Unreadable(f'needs the extra "evtx" to be read: {install}') from error

    def chunk(self, chunk: bytes, start: int) -> Iterator[bytes]:
        """One line for each record and for each stretch of bytes that holds none."""
        whole = bytearray(chunk.ljust(_CHUNK, b"\0"))
        whole[_TABLES] = bytes(_TABLES.stop - _TABLES.start)
        places = list(_frames(whole, len(chunk)))
        for offset, size, sound in places:
            if not sound:  # what is inside may be sound, and others may build on it
                _FRAME.pack_into(whole, offset, _RECORD_MAGIC, size, 0, _TIME)
        rendered = islice(self._records(bytes(whole)), len(places))
        for offset, _, _ in places:
            text = next(rendered, None)
            sound = text is not None and text.startswith(_EVENT)
            yield _one_line(text or "") if sound else _broken("record", start + offset)

    def _records(self, chunk: bytes) -> Iterator[str | None]:
        """The JSON of each record of a chunk, None for one that cannot be read."""
        records = self._parser(BytesIO(self._header + chunk), 1).records_json()
        while True:
            try:
                yield next(records)["data"]
            except StopIteration:
                return
            except (RuntimeError, OSError, ValueError):  # what the reader raises for bad bytes
                yield None


def _one_line(text: str) -> bytes:
    return text.replace("\n", " ").encode() + b"\n"


def _frames(chunk: bytearray, available: int) -> Iterator[tuple[int, int, bool]]:
    """Offset and size of each record of a chunk, and whether its frame is sound."""
    free = int.from_bytes(chunk[48:52], "little")
    end = free if _FIRST_RECORD <= free <= _CHUNK else _end_of_records(chunk)
    end = min(end, available)
    position = _FIRST_RECORD
    while position + _FRAME.size <= end:
        size = _size(chunk, position, end)
        sound = size > 0
        if not sound:
            if _reaches_beyond(chunk, position, end, available):
                return
            size = _next_frame(chunk, position, end) - position
        yield position, size, sound
        position += size


def _size(chunk: bytearray, position: int, end: int) -> int:
    """The size of the record here; 0 where there is none.

    It is sound if its last four bytes repeat the size, or if the next record or nothing follows.
    """
    size = int.from_bytes(chunk[position + 4 : position + 8], "little")
    after = position + size
    if not chunk.startswith(_RECORD_MAGIC, position) or size < _FRAME.size + 4 or after > end:
        return 0
    repeated = chunk[after - 4 : after] == chunk[position + 4 : position + 8]
    return size if repeated or chunk[after : after + 4] in _AFTER else 0


def _reaches_beyond(chunk: bytearray, position: int, end: int, available: int) -> bool:
    """Whether the record here goes on where the file ends."""
    size = int.from_bytes(chunk[position + 4 : position + 8], "little")
    cut = available < _CHUNK and end == available
    return cut and chunk.startswith(_RECORD_MAGIC, position) and position + size > available


def _next_frame(chunk: bytearray, position: int, end: int) -> int:
    """Where the next sound record starts, or the end."""
    while (position := chunk.find(_RECORD_MAGIC, position + 1, end)) >= 0:
        if _size(chunk, position, end):
            return position
    return end


def _end_of_records(chunk: bytearray) -> int:
    """Where the last record ends, for a chunk that does not say it."""
    position = end = _FIRST_RECORD
    while (position := _next_frame(chunk, position - 1, _CHUNK)) < _CHUNK:
        position = end = position + _size(chunk, position, _CHUNK)
    return end
