"""`haidang up`: everything in one command."""

import fcntl
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import click

from app import config, supervisor
from app.children import Children
from app.commands import CONFIG
from app.settings import Config
from app.stores.folder import data_folder
from app.supervisor import Part, Plan
from haidang.errors import HaidangError

PARTS = ("collect", "correlate", "console")
LOCK = "up.lock"

_LOCK_SECS = 5.0  # the children of one that was killed are ending
_LOOK_SECS = 0.2


@click.command()
@CONFIG
def command(config_path: Path) -> None:
    """Run collector, correlator and console together, and start again what dies.

    The configuration is checked first. Each line begins with the name of the part that wrote it.
    Ctrl-C or SIGTERM ends everything in order, a second one at once.
    """
    settings = config.load(config_path)
    with _alone(data_folder(settings)) as lock:
        _prepare(settings, config_path)
        code = _Run(settings, config_path, lock).until_over()
    raise SystemExit(code)


def _words(name: str, config_path: Path) -> list[str]:
    return [sys.executable, "-m", "haidang", *name.split(), "--config", str(config_path)]


def _prepare(settings: Config, config_path: Path) -> None:
    """Check the configuration, make the files of *embedded*; in processes that leave no memory."""
    tasks = ["config check", *(["store init"] if settings.profile == "embedded" else [])]
    for task in tasks:
        if code := subprocess.run(_words(task, config_path), check=False).returncode:  # noqa: S603 - ours
            raise SystemExit(code)


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """The lock of this `data_dir`. Raises HaidangError where another one holds it."""
    with (folder / LOCK).open("ab") as file:
        end = time.monotonic() + _LOCK_SECS
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() > end:
                raise HaidangError(f"{folder}: another `haidang up` runs on this data_dir")
            time.sleep(0.1)
        yield file.fileno()


class _Run:
    """The plan, carried out on real processes."""

    def __init__(self, settings: Config, config_path: Path, lock: int) -> None:
        self._listen = settings.console.listen
        self._config_path = config_path
        self._lock = lock
        self._plan = Plan(tuple(map(Part, PARTS)))
        self._asked = False
        self._ready = False
        self._bound = False

    def until_over(self) -> int:
        """Start, restart, end; the exit code."""
        with _signals() as (awake, heard):
            children = Children(self._told, awake)
            try:
                while not self._plan.over:
                    while heard:
                        self._plan = supervisor.signalled(self._plan, heard.pop(0), _now())
                    self._act(children)
                    self._wait(children)
            finally:
                children.kill()
        return self._plan.code

    def _told(self, name: str, line: str, *, wrong: bool) -> None:
        """Tell a line; the console's first one means that it is ours who has the port."""
        self._bound = self._bound or (name == "console" and not wrong)
        _tell(name, line, wrong=wrong)

    def _act(self, children: Children) -> None:
        for name in supervisor.to_start(self._plan, _now()):
            pid = children.start(name, _words(name, self._config_path), self._lock)
            _say(f"{name} started, process {pid}")
            self._plan = supervisor.begun(self._plan, name, _now())
        if self._plan.stopping and not self._asked:
            self._asked = True
            _say("ending")
            for one in reversed(self._plan.parts):
                if one.running:
                    children.signal(one.name, signal.SIGTERM)
        for name in supervisor.to_kill(self._plan, _now()):
            children.signal(name, signal.SIGKILL)

    def _wait(self, children: Children) -> None:
        secs = supervisor.patience(self._plan, _now())
        if not self._ready:
            secs = _LOOK_SECS if secs is None else min(secs, _LOOK_SECS)
        for name, code in children.wait(secs):
            self._plan = supervisor.ended(self._plan, name, code, _now())
            _say(f"{name} ended with {code}{self._next(name)}")
        if not (self._ready or self._plan.stopping) and self._answers():
            self._ready = True
            _say(f"ready: http://{self._listen} · Ctrl-C ends")

    def _next(self, name: str) -> str:
        part = next(one for one in self._plan.parts if one.name == name)
        return "" if self._plan.stopping else f"; again in {part.delay:.0f} s"

    def _answers(self) -> bool:
        if not self._bound or not all(one.running for one in self._plan.parts):
            return False
        place = urlsplit(f"//{self._listen}")
        try:
            address = (place.hostname or "", place.port or 0)
            socket.create_connection(address, timeout=_LOOK_SECS).close()
        except OSError:
            return False
        return True


@contextmanager
def _signals() -> Iterator[tuple[int, list[int]]]:
    """A descriptor that gets a byte with each SIGINT and SIGTERM, and the list of their numbers."""
    heard: list[int] = []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(0)
        wakeup = signal.set_wakeup_fd(theirs.fileno())
        kinds = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(one, lambda number, _: heard.append(number)) for one in kinds]
        try:
            yield ours.fileno(), heard
        finally:
            for one, handler in zip(kinds, before, strict=True):
                signal.signal(one, handler)
            signal.set_wakeup_fd(wakeup)


def _now() -> float:
    return time.monotonic()


def _say(line: str) -> None:
    _tell("up", line, wrong=False)


def _tell(name: str, line: str, *, wrong: bool) -> None:
    click.echo(f"{name:9} | {line}", err=wrong)
