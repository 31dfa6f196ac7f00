"""Every durable act (fsync, rename, commit) in one place, each under a name that tests can stop at.

A crash before or after any of them must lose nothing and double nothing. Tests set `HOOK` to raise
at a named point; `HAIDANG_HALT_AT` makes a real process wait there to be killed. Other modules call
these functions and never `os.fsync`, `os.replace` or `commit` themselves (a test looks).
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol

HOOK: ContextVar[Callable[[str], None] | None] = ContextVar("crash point hook", default=None)


class Commits(Protocol):
    """A database transaction (SQLAlchemy's Transaction)."""

    def commit(self) -> None:
        """Make it durable."""


def point(name: str) -> None:
    """Mark a named place where a process may die."""
    hook = HOOK.get()
    if hook is not None:
        hook(name)


def sync(handle: int, name: str) -> None:
    """Flush an open file to the disk (fsync); points `NAME.before_sync`, `NAME.after_sync`."""
    point(f"{name}.before_sync")
    os.fsync(handle)
    point(f"{name}.after_sync")


def rename(source: Path, target: Path, name: str) -> None:
    """Replace `target` by `source` and make the folder entry durable.

    Points `NAME.before_rename`, `NAME.after_rename`.
    """
    point(f"{name}.before_rename")
    source.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    point(f"{name}.after_rename")


def write(target: Path, content: bytes, name: str, mode: int = 0o644) -> None:
    """Replace a file's whole content, or leave it as it was; `mode` holds from the first byte."""
    aside = target.with_name(f".{target.name}.tmp")
    aside.touch(mode)
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        sync(file.fileno(), name)
    rename(aside, target, name)


def write_folder(target: Path, files: Mapping[str, bytes], name: str) -> None:
    """Make a new folder of `files` (relative paths): afterwards all of it is there, or nothing.

    A crash may leave `.TARGET.tmp` beside it, which the next try clears away. `target` must not
    exist. Points `NAME.before_sync`, `NAME.after_sync` and those of `rename`.
    """
    aside = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for inside, content in files.items():
        file = aside / inside
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    point(f"{name}.before_sync")
    os.sync()  # waits for the disk (sync(2)); an fsync for each of 4,000 files took 20 to 40 s
    point(f"{name}.after_sync")
    rename(aside, target, name)


def commit(transaction: Commits, name: str) -> None:
    """Commit a database transaction; points `NAME.before_commit`, `NAME.after_commit`."""
    point(f"{name}.before_commit")
    transaction.commit()
    point(f"{name}.after_commit")


def halt_at(wanted: str) -> None:
    """Make this process wait for its end when it reaches the point `wanted` (fault tests)."""

    def hook(name: str) -> None:
        if name == wanted:
            sys.stderr.write(f"halted at {name}\n")
            sys.stderr.flush()
            time.sleep(600)

    HOOK.set(hook)
