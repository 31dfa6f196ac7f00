"""Quarantine: records that could not become events, masked, one JSON line each.

The file only grows: a record that was parsed again with success is marked by a later line.
"""

import base64
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from haidang import durable
from haidang.errors import InputError, Problem
from haidang.model.instant import Instant, from_iso, to_iso

MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One record that was refused, and its place; `record` is masked, and maybe cut."""

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
    truncated: bool = False

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
        if self.truncated:
            value["truncated"] = True
        try:
            value["record"] = self.record.decode()
        except UnicodeDecodeError:
            value["record_base64"] = base64.b64encode(self.record).decode()
        return orjson.dumps(value) + b"\n"


@dataclass(frozen=True, slots=True)
class Retried:
    """A line after a record's: it was parsed again and left the quarantine.

    `outcome` is `indexed` (it is an event now) or `dropped: RULE`.
    """

    id: str
    at: Instant
    outcome: str

    def to_json(self) -> bytes:
        """One line, that no record's begins like."""
        value = {"retried": self.id, "at": to_iso(self.at), "outcome": self.outcome}
        return orjson.dumps(value) + b"\n"


@dataclass(frozen=True, slots=True)
class Group:
    """Records that wait for the same reason, of one dataset and source; `example` is an id."""

    reason: str
    dataset: str
    source: str
    input: str
    path: str
    count: int
    oldest: Instant
    newest: Instant
    example: str


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


def append(path: Path, length: int, lines: Iterable["Quarantined | Retried"]) -> int:
    """Write records or marks after `length` bytes, durably; the new length. Raises OSError."""
    content = b"".join(line.to_json() for line in lines)
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


def retried(path: Path, length: int) -> dict[str, Retried]:
    """The marks among the first `length` bytes, by id. Raises OSError, InputError."""
    values = (value for value in _lines(path, length, b'{"retried"'))
    marks = (Retried(one["retried"], from_iso(one["at"]), one["outcome"]) for one in values)
    return {mark.id: mark for mark in marks}


def records(path: Path, length: int) -> Iterator[Quarantined]:
    """The records among the first `length` bytes, retried or not. Raises OSError, InputError."""
    for value in _lines(path, length, b'{"id"'):
        encoded = value.pop("record_base64", None)
        text = value.pop("record", "")
        record = text.encode() if encoded is None else base64.b64decode(encoded)
        yield Quarantined(**{**value, "at": from_iso(value["at"])}, record=record)


def groups(waiting: Iterable[Quarantined]) -> list[Group]:
    """What waits, counted; the group with the newest record first."""
    found: dict[tuple[str, str, str], Group] = {}
    for one in waiting:
        key = (one.reason, one.dataset, one.source)
        new = Group(*key, one.input, one.path, 0, one.at, one.at, one.id)
        old = found.get(key, new)
        newest = max(old, new, key=lambda group: group.newest)
        oldest = min(old.oldest, one.at)
        found[key] = replace(newest, count=old.count + 1, oldest=oldest)
    return sorted(found.values(), key=lambda group: (-group.newest, group.reason, group.source))


def _lines(path: Path, length: int, start: bytes) -> Iterator[dict[str, Any]]:
    """The committed lines that begin so."""
    read = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            read += len(line)
            if read > length:
                return
            if line.startswith(start):
                try:
                    yield orjson.loads(line)
                except ValueError as error:
                    what = "is damaged; restore the file from a backup"
                    raise InputError([Problem(str(path), number, "", what)]) from error
