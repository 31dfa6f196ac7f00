"""Is everything as it must be? Read-only checks, told so that a part-time person can act on them.

`examine` gives findings, values with a key; `doctor.yml` holds what each says and what to do.
"""

import fcntl
import os
import platform
import shutil
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from sqlalchemy import Connection, func, select, text

from app import checks, config, stores, wiring
from app.checks import Remark
from app.settings import Config
from collectors.files import look
from haidang import __version__
from haidang.errors import HaidangError, InputError
from haidang.model.instant import DAY, MINUTE, SECOND, Instant, from_datetime, to_local
from haidang.store.state import tables
from haidang.yamldoc import read_file

Level: TypeAlias = Literal["ok", "warn", "bad"]
LEVELS: tuple[Level, ...] = ("ok", "warn", "bad")  # the exit codes 0, 1, 2

_WORDS = Path(__file__).with_name("doctor.yml")
_GIB, _MIB = 1 << 30, 1 << 20
_KEY_BYTES = 32
_CLOCK_OFF_SECS = 5
_COLLECT_LOCK = "collect.lock"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: `key` names its words in doctor.yml, `facts` fill them."""

    key: str
    level: Level = "ok"
    facts: Mapping[str, object] = field(default_factory=dict)


def examine(path: Path, environment: Mapping[str, str], now: Instant) -> Iterator[Finding]:
    """Everything that can be looked at, the causes before their effects; changes nothing."""
    yield _versions()
    try:
        settings = config.load(path)
    except InputError as error:
        yield from (
            Finding("configuration.wrong", "bad", {"text": str(one)}) for one in error.problems
        )
        return
    facts = {"inputs": len(settings.inputs), "profile": settings.profile}
    yield Finding("configuration.ok", facts=facts)
    yield from _remarks("inventory", checks.inventory(settings))
    yield from _remarks("calendar", checks.calendar(settings))
    yield from _remarks("rules", checks.rules(settings))
    yield from _remarks("secrets", checks.stored_secrets(settings, environment))
    yield from _remarks("inputs", checks.inputs(settings))
    yield from _remarks("folders", checks.folders(settings), folder=settings.data_dir)
    yield from _machine(settings)
    yield from _growth(settings, now)
    yield from _folder(settings)
    yield from _stores(settings, now)
    yield _console(settings)


def _versions() -> Finding:
    facts = {"haidang": __version__, "python": platform.python_version()}
    return Finding("versions.ok", facts={**facts, "system": platform.platform(terse=True)})


def worst(findings: list[Finding]) -> int:
    """0 if all is well, 1 with a warning, 2 with something bad."""
    return max((LEVELS.index(one.level) for one in findings), default=0)


def words() -> dict[str, dict[str, object]]:
    """By key: `vi`, `en`, and `do` with both where there is something to do."""
    [document] = read_file(_WORDS)
    found: dict[str, dict[str, object]] = document.value
    return found


def _remarks(area: str, found: Iterator[Remark], **facts: object) -> Iterator[Finding]:
    """What `haidang config check` says of an area; one line where that is nothing."""
    fine = True
    for one in found:
        fine = False
        yield Finding(f"{area}.wrong", "bad" if one.problem else "warn", {"text": one.text})
    if fine:
        yield Finding(f"{area}.ok", facts=facts)


def _machine(settings: Config) -> Iterator[Finding]:
    there = next(one for one in (settings.data_dir, *settings.data_dir.parents) if one.exists())
    usage = shutil.disk_usage(there)
    share = usage.free / usage.total
    facts = {"free": size(usage.free), "percent": int(share * 100)}
    if usage.free < _GIB or share < 0.05:
        yield Finding("disk.low", "bad", facts)
    else:
        yield (
            Finding("disk.low", "warn", facts) if share < 0.15 else Finding("disk.ok", "ok", facts)
        )
    free = _memory()
    facts = {"free": size(free)}
    low = free < 256 * _MIB
    yield Finding("memory.low", "warn", facts) if low else Finding("memory.ok", "ok", facts)


def _memory() -> int:
    """Bytes that programs may still take (proc_meminfo(5), MemAvailable)."""
    lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    return next(int(one.split()[1]) * 1024 for one in lines if one.startswith("MemAvailable:"))


def _folder(settings: Config) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.is_dir():
        return
    info = folder.stat()
    if info.st_mode & stat.S_IRWXO:
        yield Finding("folders.open", "bad", {"folder": folder})
    if info.st_uid != os.geteuid():
        yield Finding("folders.foreign", "warn", {"folder": folder, "owner": info.st_uid})
    yield _mask_key(folder)
    yield Finding("collector.ok") if _runs(folder) else Finding("collector.away", "bad")
    yield from _guarded(lambda: _quarantine(settings))


def _mask_key(folder: Path) -> Finding:
    try:
        whole = (folder / wiring.MASK_KEY).stat().st_size == _KEY_BYTES
    except OSError:
        lost = (folder / "offsets.json").exists()
        return Finding("mask_key.lost", "bad") if lost else Finding("mask_key.none")
    return Finding("mask_key.ok") if whole else Finding("mask_key.lost", "bad")


def _growth(settings: Config, now: Instant) -> Iterator[Finding]:
    """Inputs whose newest file has not changed for a day."""
    fine = True
    for one in settings.inputs:
        seen, _ = look(one.path, ())
        times = [os.stat(each.path).st_mtime_ns // 1_000 for each in seen if each.names]  # noqa: PTH116 - paths stay text: they may hold any byte
        if times and max(times) < now - DAY:
            fine = False
            since = f"{to_local(max(times)):%d/%m/%Y %H:%M}"
            yield Finding("growth.stopped", "warn", {"input": one.name, "since": since})
    if fine and settings.inputs:
        yield Finding("growth.ok")


def _runs(folder: Path) -> bool:
    """Whether a collector holds its lock; ours is given back at once."""
    try:
        with (folder / _COLLECT_LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _quarantine(settings: Config) -> Iterator[Finding]:
    count = sum(1 for _ in wiring.quarantined(settings).waiting())
    some = Finding("quarantine.some", "warn", {"count": count})
    yield some if count else Finding("quarantine.ok")


def _stores(settings: Config, now: Instant) -> Iterator[Finding]:
    try:
        found = stores.check(settings)
    except InputError as error:  # of a secret; said above
        yield Finding("stores.wrong", "bad", {"text": str(error)})
        return
    yield from (Finding("stores.cost", "warn", {"text": one}) for one in found.warnings)
    yield from (Finding("stores.wrong", "bad", {"text": one}) for one in found.problems)
    if not found.problems:
        yield Finding("stores.ok", facts={"text": found.summary})
        yield from _guarded(lambda: _state(settings, now))


def _guarded(look_at: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What cannot be read is a finding, too."""
    try:
        yield from look_at()
    except (HaidangError, OSError) as error:
        yield Finding("stores.wrong", "bad", {"text": str(error)})


def _state(settings: Config, now: Instant) -> Iterator[Finding]:
    with closing(stores.open_database(settings)) as database, database.reading() as connection:
        newest = connection.execute(select(func.max(tables.coverage.c.end))).scalar_one() or 0
        poisoned = connection.execute(select(func.count()).select_from(tables.poison)).scalar_one()
        yield from _clock(settings, connection, newest, now)
    yield _correlator(settings, newest, now)
    some = Finding("set_aside.some", "warn", {"count": poisoned})
    yield some if poisoned else Finding("set_aside.ok")


def _clock(
    settings: Config, connection: Connection, newest: Instant, now: Instant
) -> Iterator[Finding]:
    behind = (newest - now) // SECOND
    off = 0
    if settings.profile == "cluster":
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        off = abs(from_datetime(theirs) - now) // SECOND
    if behind > _CLOCK_OFF_SECS:
        yield Finding("clock.back", "bad", {"secs": behind})
    elif off > _CLOCK_OFF_SECS:
        yield Finding("clock.off", "warn", {"secs": off})
    else:
        yield Finding("clock.ok")


def _correlator(settings: Config, newest: Instant, now: Instant) -> Finding:
    if not newest:
        return Finding("correlator.none", "warn")
    age = max(0, now - newest)
    late = age > max(3 * settings.interval_secs * SECOND, 5 * MINUTE)
    facts = {"age": age // SECOND}
    return (
        Finding("correlator.late", "bad", facts) if late else Finding("correlator.ok", "ok", facts)
    )


def _console(settings: Config) -> Finding:
    facts = {"listen": settings.console.listen}
    place = urlsplit(f"//{settings.console.listen}")
    try:
        socket.create_connection((place.hostname or "", place.port or 0), timeout=2).close()
    except OSError:
        return Finding("console.away", "bad", facts)
    return Finding("console.ok", facts=facts)


def size(count: int) -> str:
    """Bytes for people: `3.1 GB`, `900 MB`."""
    return f"{count / _GIB:.1f} GB" if count >= _GIB else f"{count // _MIB} MB"
