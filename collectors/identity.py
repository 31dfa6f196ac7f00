"""Which file is this? Names and inodes change hands; the bytes that were read do not.

A `Mark` describes exactly the bytes that were read: how many, hashes of the first and the last of
them, and a checksum over all. Device and inode say where to look first; the mark decides. A file
needs no minimum size, and files that share their first lines are told apart.
"""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import PurePath

WINDOW = 1024

# Rotation adds a number or a date at the end (`access.log.1`, `access.log-20261121`) or a date
# before the extension (`access-20261121.log`). A short number there is a name: `host-1.log`.
_COMPRESSED = re.compile(r"\.gz$")
_EVTX = re.compile(r"\.evtx(?:\.gz)?$", re.IGNORECASE)
_NUMBER = re.compile(r"\.\d{1,5}$")
_DATE = re.compile(r"[-._]?\d{4}[-._]?\d\d(?:[-._]?\d\d)?(?:[-._T]?\d+)*(?=$|\.[A-Za-z]\w*$)")


@dataclass(frozen=True, slots=True)
class Mark:
    """The bytes read of a file: their count, hashes of both ends (WINDOW bytes), CRC-32 of all."""

    offset: int = 0
    head: str = ""
    tail: str = ""
    checksum: int = 0

    @property
    def overlap(self) -> int:
        """How many bytes before the offset the tail hash covers."""
        return min(WINDOW, self.offset)

    def advance(self, before: bytes, read: bytes) -> "Mark":
        """The mark after `read` more bytes; `before` are the `overlap` bytes before them."""
        if not read:
            return self
        window = before + read
        offset = self.offset + len(read)
        size = min(WINDOW, offset)
        head = digest(window[:size]) if self.offset < WINDOW else self.head
        return Mark(offset, head, digest(window[-size:]), zlib.crc32(read, self.checksum))

    def ends_match(self, read_at: Callable[[int, int], bytes]) -> bool:
        """Whether a content, read by (offset, size), has this mark's first and last bytes."""
        if not self.offset:
            return True
        if digest(read_at(0, self.overlap)) != self.head:
            return False
        return digest(read_at(self.offset - self.overlap, self.overlap)) == self.tail


@dataclass(frozen=True, slots=True)
class Seen:
    """One file as a look at its folder found it.

    `path` is free of symbolic links; `names` are the paths by which the input's pattern matched
    it (none: a neighbour). `changed` is the modification time in nanoseconds.
    """

    path: str
    device: int
    inode: int
    size: int
    changed: int
    names: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[int, int, int, int]:
        """Equal keys: the same file, unchanged."""
        return (self.device, self.inode, self.size, self.changed)

    @property
    def packed(self) -> bool:
        """Whether it is read through gzip or as EVTX, so that offsets are not the file's own."""
        return is_compressed_name(self.path) or is_evtx_name(self.path)


def digest(content: bytes) -> str:
    """64 bits of BLAKE2b as hex."""
    return blake2b(content, digest_size=8).hexdigest()


def family(path: str) -> str:
    """The path without what rotation and compression add to it."""
    pure = PurePath(path)
    name = _COMPRESSED.sub("", pure.name)
    name = _DATE.sub("", _NUMBER.sub("", name)) or name
    return str(pure.with_name(name)) if name else path


def is_rotated_name(path: str) -> bool:
    """Whether the name carries a mark of rotation or compression."""
    return family(path) != path


def is_compressed_name(path: str) -> bool:
    """Whether it is read through gzip."""
    return bool(_COMPRESSED.search(path))


def is_evtx_name(path: str) -> bool:
    """Whether its records are those of an EVTX file."""
    return bool(_EVTX.search(path))


def is_finished_name(path: str) -> bool:
    """Whether no program writes to a file of this name any more: `*.1`, `*.gz`."""
    return bool(_COMPRESSED.search(path) or _NUMBER.search(path))
