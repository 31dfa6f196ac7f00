"""The lock of a data folder: one process moves its offsets and its quarantine."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from haidang.errors import HaidangError
from haidang.model.instant import Instant

_NAME = "collect.lock"


def take_lock(folder: Path) -> int:
    """An open file that holds the lock until it is closed. Raises HaidangError, OSError."""
    handle = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        what = "another collector is using this folder; stop it first, it goes on later"
        raise HaidangError(f"{folder}: {what} where it stopped") from error
    return handle


def note_pass(handle: int, now: Instant) -> None:
    """Note on the lock that a pass ended at `now`; it need not outlast the machine."""
    os.utime(handle, ns=(now * 1000, now * 1000))


def last_pass(folder: Path) -> Instant | None:
    """When the last pass over a data folder ended; None where there was none. Raises OSError."""
    try:
        return (folder / _NAME).stat().st_mtime_ns // 1000
    except FileNotFoundError:
        return None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a data folder. Raises HaidangError (a collector has it), OSError."""
    handle = take_lock(folder)
    try:
        yield
    finally:
        os.close(handle)
