"""Looking at folders and reading files by offset: plain, compressed, or unpacked (EVTX)."""

import glob
import gzip
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from typing import BinaryIO, Protocol, cast

from collectors import evtx
from collectors.identity import Seen, is_compressed_name, is_evtx_name

_BLOCK = 1 << 20

# What is raised for a packed file that is broken or not complete yet.
BROKEN = (gzip.BadGzipFile, EOFError, zlib.error, evtx.Unreadable)


class Content(Protocol):
    """The unpacked bytes of one open file."""

    def read(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset`, fewer only at the end. Raises OSError, BROKEN."""

    def close(self) -> None:
        """Let go of the file."""


class Plain:
    """An open plain file."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def read(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset`."""
        return os.pread(self._handle, size, offset)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._handle)


class Stream(Protocol):
    """Bytes that are read forward, or from the start again."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, fewer only at the end. Raises OSError, BROKEN."""

    def seek(self, offset: int, /) -> object:
        """Back to the start."""

    def close(self) -> None:
        """Let go of the file."""


class Unpacked:
    """An open packed file, read forward; going back further than the last read starts anew."""

    def __init__(self, handle: int, path: str) -> None:
        self._raw = os.fdopen(handle, "rb")
        self._stream = _unpack(self._raw, path)
        self._start = 0
        self._kept = b""

    def read(self, offset: int, size: int) -> bytes:
        """At most `size` unpacked bytes from `offset`."""
        if offset < self._start:
            self._stream.seek(0)
            self._start, self._kept = 0, b""
        self._skip_to(offset)
        missing = size - len(self._kept)
        if missing > 0:
            self._kept += self._stream.read(missing)
        return self._kept[:size]

    def _skip_to(self, offset: int) -> None:
        while offset > self._start:
            if not self._kept:
                self._kept = self._stream.read(min(_BLOCK, offset - self._start))
                if not self._kept:
                    return
            passed = min(len(self._kept), offset - self._start)
            self._start += passed
            self._kept = self._kept[passed:]

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()
        self._raw.close()


def _unpack(raw: BinaryIO, path: str) -> Stream:
    """What the name says is inside: gzip, EVTX, or EVTX in gzip."""
    file = _unzip(raw, path)
    return evtx.Stream(file) if is_evtx_name(path) else file


def _unzip(raw: BinaryIO, path: str) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if is_compressed_name(path) else raw


def lines(raw: BinaryIO, path: str, longest: int = -1) -> Iterator[bytes]:
    """The lines of a file, unpacked as its name says; of an EVTX file its records.

    A line longer than `longest` comes in pieces. Raises OSError, BROKEN.
    """
    file = _unzip(raw, path)
    return evtx.lines(file) if is_evtx_name(path) else iter(partial(file.readline, longest), b"")


def open_content(seen: Seen) -> Content:
    """The content of the file that was seen.

    Raises OSError; FileNotFoundError also when another file has taken its place since.
    """
    handle = os.open(seen.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(handle)
    if (found.st_dev, found.st_ino) != (seen.device, seen.inode):
        os.close(handle)
        raise FileNotFoundError(seen.path)
    return Unpacked(handle, seen.path) if seen.packed else Plain(handle)


def checksums(content: Content, offsets: Iterable[int]) -> tuple[int, dict[int, int]]:
    """The content's length, and the CRC-32 of everything before each offset it reaches.

    Reads all of it, so a broken packed file shows here. Raises OSError, BROKEN.
    """
    wanted = sorted(set(offsets))
    found: dict[int, int] = {}
    position = checksum = 0
    while True:
        stop = wanted[0] - position if wanted else _BLOCK
        block = content.read(position, min(_BLOCK, stop)) if stop else b""
        checksum = zlib.crc32(block, checksum)
        position += len(block)
        if wanted and position == wanted[0]:
            found[wanted.pop(0)] = checksum
        elif not block:
            return position, found


def look(pattern: str, folders: Iterable[str]) -> tuple[list[Seen], list[str]]:
    """Files that match the pattern and all other files of their and of the given folders.

    Returns them by path, and warnings about what cannot be looked at.
    """
    warnings: list[str] = []
    matched: dict[str, list[str]] = {}
    for name in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - see below
        matched.setdefault(os.path.realpath(name), []).append(name)
    paths = set(matched)
    for folder in {*folders, *(os.path.dirname(path) for path in matched)}:  # noqa: PTH120 - paths stay text: they may hold any byte
        try:
            paths.update(entry.path for entry in os.scandir(folder) if not entry.is_symlink())
        except FileNotFoundError:
            continue
        except OSError as error:
            warnings.append(f"{folder}: cannot be listed: {error.strerror}")
    return _stat_all(sorted(paths), matched, warnings), warnings


def _stat_all(paths: list[str], matched: dict[str, list[str]], warnings: list[str]) -> list[Seen]:
    """One `Seen` an inode: hard links and symbolic links add their names to it."""
    found: dict[tuple[int, int], Seen] = {}
    for path in paths:
        try:
            info = os.stat(path)  # noqa: PTH116 - paths stay text: they may hold any byte
        except FileNotFoundError:
            continue
        except OSError as error:
            warnings.append(f"{path}: cannot be looked at: {error.strerror}")
            continue
        if not stat.S_ISREG(info.st_mode):
            continue
        names = tuple(matched.get(path, ()))
        place = (info.st_dev, info.st_ino)
        known = found.get(place)
        if known is not None:
            names = known.names + names
        main = known.path if known is not None and known.names else path
        found[place] = Seen(main, *place, info.st_size, info.st_mtime_ns, names)
    return list(found.values())
