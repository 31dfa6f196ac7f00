"""Quarantine: records that could not become events, masked, one JSON line each."""

import base64
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from haidang import durable
from haidang.errors import InputError, Problem
from haidang.model.instant import Instant, to_iso

MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One record that was refused; `record` is masked."""

    id: str
    at: Instant
    source: str
    dataset: str
    input: str
    path: str
    generation: int
    offset: int
    reason: str
    record: bytes

    def to_json(self) -> bytes:
        """One line: the record as text, or as `record_base64` where it is not UTF-8."""
        value = {
            "id": self.id,
            "at": to_iso(self.at),
            "source": self.source,
            "dataset": self.dataset,
            "input": self.input,
            "path": self.path,
            "generation": self.generation,
            "offset": self.offset,
            "reason": self.reason[:MAX_REASON],
        }
        try:
            value["record"] = self.record.decode()
        except UnicodeDecodeError:
            value["record_base64"] = base64.b64encode(self.record).decode()
        return orjson.dumps(value) + b"\n"


def truncate(path: Path, length: int) -> None:
    """Cut the file back to its committed length: what follows will be written again.

    Creates it where it is not there. Raises OSError; InputError where it lost records.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        size = os.fstat(handle).st_size
        if size < length:
            what = f"is shorter ({size} bytes) than was committed ({length}); restore a backup"
            raise InputError([Problem(str(path), 0, "", what)])
        if size > length:
            os.ftruncate(handle, length)
            durable.sync(handle, "quarantine.truncate")
    finally:
        os.close(handle)


def append(path: Path, length: int, records: Iterable[Quarantined]) -> int:
    """Write records after `length` bytes, durably; the new length. Raises OSError."""
    content = b"".join(record.to_json() for record in records)
    if not content:
        return length
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        rest = memoryview(content)
        position = length
        while rest:
            written = os.pwrite(handle, rest, position)
            position, rest = position + written, rest[written:]
        durable.sync(handle, "quarantine")
    finally:
        os.close(handle)
    return length + len(content)
