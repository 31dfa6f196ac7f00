"""The rule files of a folder or a ZIP archive that somebody else packed; nothing is trusted.

Only `.yml` and `.yaml` files and licences are taken, names that begin with a dot are passed over.
A link, a path that leads out, a file or a whole that is too large: the archive is refused, with
every reason.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from haidang.errors import InputError, Problem
from haidang.yamldoc import MAX_BYTES

MAX_FILES = 20_000
MAX_TOTAL_BYTES = 128 * 1024 * 1024
_SUFFIXES = (".yml", ".yaml")
_ENCRYPTED = 0x1


def read_archive(path: Path) -> dict[str, bytes]:
    """Every rule and licence by its path inside, sorted. Raises InputError with every problem."""
    reader = _Reader(path)
    try:
        if path.is_dir():
            reader.folder()
        else:
            reader.archive()
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        reader.add("", f"cannot be read: {getattr(error, 'strerror', None) or error}")
    if not reader.problems and not any(is_rule(name) for name in reader.files):
        reader.add("", "holds no rule: no file whose name ends in .yml or .yaml")
    if reader.problems:
        raise InputError(reader.problems)
    return dict(sorted(reader.files.items()))


def is_rule(name: str) -> bool:
    """Whether a file of this name is read as rules."""
    return name.lower().endswith(_SUFFIXES)


def _wanted(name: str) -> bool:
    parts = PurePosixPath(name).parts
    if any(part.startswith(".") for part in parts):
        return False
    return is_rule(name) or (bool(parts) and "license" in parts[-1].lower())


class _Reader:
    """Collects the files of one archive and what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bytes = 0
        self.files: dict[str, bytes] = {}
        self.problems: list[Problem] = []

    def add(self, name: str, what: str) -> None:
        """One more problem, of the member `name`."""
        self.problems.append(Problem(str(self._path), 0, ascii(name)[1:-1], what))

    def folder(self) -> None:
        """A folder on disk, whose links are not followed."""
        for name, status in _walk(self._path):
            if stat.S_ISLNK(status.st_mode):
                self.add(name, "is a link; put the file itself there")
            elif not stat.S_ISREG(status.st_mode):
                self.add(name, "is neither a file nor a folder")
            elif _wanted(name) and self._room(name):
                with (self._path / name).open("rb") as file:
                    self._take(name, file)

    def archive(self) -> None:
        """A ZIP archive; what its directory says of sizes is not believed."""
        if self._path.stat().st_size > MAX_TOTAL_BYTES:
            self.add("", f"is larger than {MAX_TOTAL_BYTES} bytes")
            return
        with zipfile.ZipFile(self._path) as archive:
            for member in _usable(archive.infolist(), self.add):
                if _wanted(member.filename) and self._room(member.filename):
                    with archive.open(member) as file:
                        self._take(member.filename, file)

    def _room(self, name: str) -> bool:
        """Whether one more file may be read; the first that may not is a problem."""
        if name in self.files:
            self.add(name, "is there twice")
            return False
        if len(self.files) == MAX_FILES:
            self.add("", f"holds more than {MAX_FILES} files")
        elif self._bytes > MAX_TOTAL_BYTES:
            self.add("", f"holds more than {MAX_TOTAL_BYTES} bytes")
        else:
            return True
        raise InputError(self.problems)

    def _take(self, name: str, file: IO[bytes]) -> None:
        content = file.read(MAX_BYTES + 1)
        self._bytes += len(content)
        if len(content) > MAX_BYTES:
            self.add(name, f"is larger than {MAX_BYTES} bytes")
        else:
            self.files[name] = content


def _walk(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Everything below a folder but folders: the path inside, and its status."""
    waiting = [root]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            else:
                inside = Path(entry.path).relative_to(root).as_posix()
                yield inside, entry.stat(follow_symlinks=False)


def _usable(
    members: Iterable[zipfile.ZipInfo], add: Callable[[str, str], None]
) -> Iterator[zipfile.ZipInfo]:
    """The members that are files with honest names; the others are problems."""
    for member in members:
        kind = stat.S_IFMT(member.external_attr >> 16)
        if fault := _fault(member.filename):
            add(member.filename, fault)
        elif stat.S_ISLNK(kind):
            add(member.filename, "is a link; pack the file itself")
        elif kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            add(member.filename, "is neither a file nor a folder")
        elif member.flag_bits & _ENCRYPTED:
            add(member.filename, "is encrypted")
        elif not member.is_dir():
            yield member


def _fault(name: str) -> str:
    """What is wrong with a path inside an archive, or ""."""
    parts = name.removesuffix("/").split("/")
    if name.startswith("/") or "\\" in name or ":" in parts[0]:
        return "is no relative path"
    if any(part in {"", ".", ".."} for part in parts):
        return "leads out of the archive, or to itself"
    return "" if name.isprintable() else "has control characters in its name"
