"""The manifest: which segment files count. Replacing it is the commit of everything here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import orjson

from haidang.errors import HaidangError, Unavailable
from haidang.model.instant import Instant
from haidang.store.events.parquet.schema import VERSION, Key

Span: TypeAlias = Literal["flush", "hour", "day"]


@dataclass(frozen=True, slots=True)
class Extent:
    """What a segment file holds: rows, and the least and greatest time and receive time."""

    rows: int
    min_time: Instant
    max_time: Instant
    min_received: Instant
    max_received: Instant


@dataclass(frozen=True, slots=True)
class Segment:
    """One live file (`l<level>/…`, relative to the store) with flushes `first` to `last`.

    Between the two, flushes may belong to other files: by level, or by hour of receipt.
    """

    level: int
    file: str
    first: int
    last: int
    span: Span
    size: int
    extent: Extent


@dataclass(frozen=True, slots=True)
class Manifest:
    """The state of a store; `retired` files were merged away and go at the next merge."""

    generation: int = 0
    head: Key | None = None
    retired: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = ()

    @property
    def next_segment(self) -> int:
        """The number of the next flush, from 1."""
        return self.head[0] + 1 if self.head else 1

    def with_flush(self, segments: Iterable[Segment], head: Key) -> Self:
        """The manifest after an append."""
        return replace(
            self,
            generation=self.generation + 1,
            head=head,
            segments=(*self.segments, *segments),
        )

    def without(self, inputs: Iterable[Segment], merged: Iterable[Segment] = ()) -> Self:
        """The manifest with `inputs` gone and `merged` in their stead."""
        gone = {segment.file for segment in inputs}
        kept = tuple(segment for segment in self.segments if segment.file not in gone)
        return replace(self, generation=self.generation + 1, segments=(*kept, *merged))

    def retiring(self, files: Iterable[str]) -> Self:
        """The same with these files kept on disk for readers that still have them open."""
        return replace(self, retired=(*self.retired, *files))

    def retired_gone(self) -> Self:
        """The next manifest, without retired files."""
        return replace(self, generation=self.generation + 1, retired=())

    def encode(self) -> bytes:
        """The manifest as JSON; its beginning differs whenever anything does."""
        value = {
            "schema_version": VERSION,
            "generation": self.generation,
            "head": self.head,
            "retired": self.retired,
            "segments": self.segments,
        }
        return orjson.dumps(value)


def decode(content: bytes, path: Path) -> Manifest:
    """The manifest of a file's content.

    Raises Unavailable (damaged) and HaidangError (written by another version).
    """
    try:
        value = orjson.loads(content)
        version = value.pop("schema_version")
        if version == VERSION:
            return _manifest(value)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        what = "is damaged; restore it from the backup, do not delete it"
        raise Unavailable(f"{path}: the manifest {what} ({error})") from error
    raise HaidangError(unknown_version(path, version))


def unknown_version(path: Path, version: object) -> str:
    """The sentence for a file of a version that this program does not know."""
    return (
        f"{path}: has schema version {version}, this Hải Đăng reads version {VERSION}; "
        "use the Hải Đăng that wrote it, or a newer one"
    )


def _manifest(value: dict[str, Any]) -> Manifest:
    segments = tuple(
        Segment(**{**segment, "extent": Extent(**segment["extent"])})
        for segment in value.pop("segments")
    )
    head = value.pop("head")
    return Manifest(
        head=(int(head[0]), int(head[1])) if head else None,
        retired=tuple(value.pop("retired")),
        segments=segments,
        **value,
    )


class Reader:
    """Reads a store's manifest, and parses it only when the file has been replaced."""

    def __init__(self, path: Path, decoder: Callable[[bytes, Path], Manifest] = decode) -> None:
        self._path = path
        self._decode = decoder
        self._known: tuple[object, Manifest] | None = None

    def read(self) -> Manifest:
        """The manifest now. Raises Unavailable (missing, unreadable, damaged)."""
        try:
            return self._read()
        except OSError as error:
            what = f"cannot be read: {error.strerror}; restore it from the backup"
            raise Unavailable(f"{self._path}: the manifest {what}") from error

    def _read(self) -> Manifest:
        known = self._known
        with self._path.open("rb") as file:
            # The generation stands in the first bytes and only grows.
            mark = (file.read(64), file.seek(0, 2))
            if known and known[0] == mark:
                return known[1]
            file.seek(0)
            manifest = self._decode(file.read(), self._path)
        self._known = (mark, manifest)
        return manifest
