"""Imported sets of rules on disk: `ROOT/<set>/<version>/…`, each version whole or not there.

A version never changes: other content under its name is refused. Which version is used is no
matter of the disk but of the state store (`rule_set`).
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from haidang import durable
from haidang.errors import InputError, Problem, Unavailable
from haidang.model.ids import make_id
from rules.archive import is_rule

_MANIFEST = "manifest.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a set: how many rule files it holds, and the hash of all its files."""

    set: str
    version: str
    files: int
    hash: str

    def folder(self, root: Path) -> Path:
        """Where it lies."""
        return root / self.set / self.version


def content_hash(files: Mapping[str, bytes]) -> str:
    """A hash of paths and contents."""
    return make_id(
        *(part for name in sorted(files) for part in (name, sha256(files[name]).hexdigest()))
    )


def add(root: Path, name: str, version: str, files: Mapping[str, bytes]) -> tuple[Version, bool]:
    """Keep a version for good; and whether it is new. An empty `version` becomes its hash.

    Raises InputError (a name that is none, a version that holds something else), Unavailable.
    """
    content = content_hash(files)
    wanted = Version(name, version or content[:12], sum(map(is_rule, files)), content)
    _check_names(wanted)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _alone(root):
            return wanted, _keep(root, wanted, files)
    except OSError as error:
        raise Unavailable(f"{error.filename or root}: {error.strerror}") from error


def _keep(root: Path, wanted: Version, files: Mapping[str, bytes]) -> bool:
    folder = wanted.folder(root)
    if folder.exists():
        if find(root, wanted.set, wanted.version).hash != wanted.hash:
            what = "holds other rules already; a version never changes, give --version another name"
            raise InputError([Problem(str(folder), 0, "", what)])
        return False
    manifest = json.dumps(asdict(wanted)).encode()
    folder.parent.mkdir(exist_ok=True)
    durable.write_folder(folder, {**files, _MANIFEST: manifest}, "rule_set")
    return True


def _check_names(wanted: Version) -> None:
    what = "must be small letters, digits, `.`, `_` or `-`, at most 64, no sign first"
    given = {"--set": wanted.set, "--version": wanted.version}
    problems = [
        Problem(option, 0, "", f"{text!r} {what}")
        for option, text in given.items()
        if not _NAME.fullmatch(text)
    ]
    if problems:
        raise InputError(problems)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Wait until no other import works in this folder."""
    handle = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def versions(root: Path) -> list[Version]:
    """Every version of every set, by name."""
    return [
        find(root, file.parent.parent.name, file.parent.name)
        for file in sorted(root.glob(f"*/*/{_MANIFEST}"))
        if not file.parent.name.startswith(".")
    ]


def find(root: Path, name: str, version: str) -> Version:
    """One version. Raises InputError if it is not there or is damaged."""
    file = root / name / version / _MANIFEST
    try:
        return Version(**json.loads(file.read_bytes()))
    except FileNotFoundError:
        known = ", ".join(sorted(path.parent.name for path in root.glob(f"{name}/*/{_MANIFEST}")))
        what = f"no such version was imported here; known: {known or 'none'}"
        raise InputError([Problem(f"rules/{name}/{version}", 0, "", what)]) from None
    except (ValueError, TypeError, OSError) as error:
        what = f"is damaged ({type(error).__name__}); remove the folder and import it again"
        raise InputError([Problem(str(file), 0, "", what)]) from error
