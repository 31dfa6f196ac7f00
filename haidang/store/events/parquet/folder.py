"""The store's folder: its files, the lock of its writers, and what a crash left behind.

DIR/manifest.json       which segments count
DIR/lock, merge.lock    held by a writer, by the one merging process
DIR/l<level>/           segment files
DIR/merging/, tmp/      files not yet counted; room for large searches
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from haidang import durable
from haidang.errors import HaidangError, Unavailable
from haidang.store.events.parquet.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Folder:
    """Paths under one absolute folder."""

    path: Path

    @property
    def manifest(self) -> Path:
        """The file whose replacement commits."""
        return self.path / "manifest.json"

    @property
    def merging(self) -> Path:
        """Where the merging process writes; cleaned only under its lock."""
        return self.path / "merging"

    @contextmanager
    def locked(self, name: str = "lock") -> Iterator[None]:
        """Hold a lock of the store; waits. The kernel frees it when a process dies."""
        with (self.path / name).open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def commit(self, manifest: Manifest, name: str) -> None:
        """Replace the manifest (point `NAME`); call it under the lock."""
        durable.write(self.manifest, manifest.encode(), name)

    def segment_file(self, level: int, first: int, last: int, generation: int) -> str:
        """A segment's name, relative to the folder; no two commits share a generation."""
        folder = self.path / f"l{level}"
        folder.mkdir(exist_ok=True)
        return f"l{level}/{first}-{last}-g{generation}.parquet"

    def segment_files(self) -> Iterator[Path]:
        """Every file in the folders of segments, counted or not."""
        for folder in self.path.glob("l*/"):
            yield from folder.iterdir()

    def sweep(self, manifest: Manifest) -> None:
        """Remove files that do not count: a crashed writer's, or merged away; under the lock.

        Raises Unavailable for segments newer than the manifest: then the manifest is an old one.
        """
        kept = {segment.file for segment in manifest.segments} | {*manifest.retired}
        orphans = [
            file
            for file in self.segment_files()
            if file.relative_to(self.path).as_posix() not in kept
        ]
        for file in orphans:
            if _generation(file) > manifest.generation + 1:
                what = "is newer than the manifest; restore manifest.json of the same day"
                raise Unavailable(f"{file}: the segment {what}, or move the file away")
        for file in orphans:
            file.unlink(missing_ok=True)


def _generation(file: Path) -> int:
    digits = file.stem.rpartition("-g")[2]
    return int(digits) if digits.isdigit() else 0


def prepare(path: Path) -> Folder:
    """Make a store's folder, or find it. Raises Unavailable and HaidangError (its name)."""
    folder = Folder(path.absolute().resolve())
    if set(str(folder.path)) & set("*?[]"):
        raise HaidangError(f"{folder.path}: a data folder's name must not have any of * ? [ ]")
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.merging.mkdir(exist_ok=True)
        with folder.locked():
            if not folder.manifest.exists():
                _begin(folder)
    except OSError as error:
        what = f"cannot be used as a store: {error.strerror}"
        raise Unavailable(f"{folder.path}: {what}") from error
    return folder


def _begin(folder: Folder) -> None:
    # An empty manifest beside segments would make every one of them an orphan.
    if any(folder.segment_files()):
        what = "is missing, but there are segments; restore it from the backup"
        raise Unavailable(f"{folder.manifest}: the manifest {what}")
    folder.commit(Manifest(), "store.manifest")
