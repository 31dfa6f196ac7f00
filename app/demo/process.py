"""A server process of our own: started, awaited, frozen, killed, and never left behind.

It ends with us, also if we are killed: the kernel tells it. That holds for the *thread* that
launched it, so launch from the main thread.
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from pwd import struct_passwd

from haidang.errors import HaidangError

PATIENCE_SECS = 180.0  # Elasticsearch takes 10 s alone, a minute on a busy machine
_GRACE_SECS = 2.0  # for what outlives the first process of a server that was asked to end
_KILL_SECS = 10.0
_SHOWN = 8  # log lines of a server that did not start


@dataclass(frozen=True, slots=True)
class Program:
    """How a server is run: as whom, with what, ended by which signal, and when it is ready."""

    command: Sequence[str | Path]
    owner: struct_passwd | None
    ending: signal.Signals
    prepare: Callable[[], None]
    answers: Callable[[], bool]
    environment: Mapping[str, str]


class Server:
    """One server process; `start` after `stop` or `kill` finds the same port and folder."""

    def __init__(self, url: str, folder: Path, program: Program) -> None:
        self.url = url
        self.folder = folder
        self.log = folder / "server.log"
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The number of the first process; 0 while there is none."""
        return self._process.pid if self._process else 0

    def launch(self) -> None:
        """Start it without waiting for it; raise HaidangError where one runs in this folder."""
        program = self._program
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("ab") as lock, self.log.open("ab") as log:
            self._take(lock.fileno())
            program.prepare()
            log.truncate(0)
            self._process = subprocess.Popen(  # noqa: S603 - the command is our own
                run_as(program.owner, program.ending, program.command),
                cwd=self.folder,
                env={"PATH": os.defpath, "LANG": "C.UTF-8", **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[lock.fileno()],  # so the lock lasts as long as the server, whoever dies
                start_new_session=True,  # a Ctrl-C is for us; we end it
            )

    def _take(self, lock: int) -> None:
        end = time.monotonic() + _KILL_SECS  # the server of a run that was killed is ending
        while True:
            with suppress(BlockingIOError):
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.monotonic() > end:
                raise HaidangError(f"{self.folder}: a server of another run is using this folder")
            time.sleep(0.1)

    def wait(self, secs: float = PATIENCE_SECS) -> None:
        """Return when it answers; raise HaidangError with its last words when it does not."""
        end = time.monotonic() + secs
        while not self._program.answers():
            if self._process is None or self._process.poll() is not None:
                raise HaidangError(f"{self.url} ended while it started; {self._last_words()}")
            if time.monotonic() > end:
                raise HaidangError(
                    f"{self.url} gave no answer in {secs:.0f} s; {self._last_words()}"
                )
            time.sleep(0.1)

    def start(self) -> None:
        """Launch it and wait until it answers."""
        self.launch()
        self.wait()

    def stop(self, secs: float = 30.0) -> None:
        """Ask it to end, and kill what does not; nothing happens where none runs."""
        self.resume()
        family = self._family()
        if self._process and family:
            self._process.send_signal(self._program.ending)
        _await_end(family[:1], secs)
        _await_end(family[1:], _GRACE_SECS)
        self._end(family)

    def kill(self) -> None:
        """Kill it with all its processes at once (SIGKILL), and return when they are gone."""
        self._end(self._family())

    def _end(self, family: Sequence[int]) -> None:
        _signal(family, signal.SIGKILL)
        _await_end(family, _KILL_SECS)
        if self._process:
            self._process.wait()
        self._process = None

    def pause(self) -> None:
        """Freeze all its processes: connections stay open and nothing answers (SIGSTOP)."""
        _signal(self._family(), signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on (SIGCONT)."""
        _signal(self._family(), signal.SIGCONT)

    def _family(self) -> list[int]:
        return _family(self.pid) if self._process and self._process.poll() is None else []

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()
        told = [line for line in lines if not line.startswith("\t")]  # no frames of a Java stack
        return "\n".join([f"the end of {self.log}:", *told[-_SHOWN:]])


@contextmanager
def running(*servers: Server) -> Iterator[None]:
    """Start servers side by side; stop them at the end, whatever happened."""
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.wait()
        yield
    finally:
        for server in servers:
            server.stop()


def run_as(
    owner: struct_passwd | None, ending: signal.Signals, command: Sequence[str | Path]
) -> list[str]:
    """The command as this user, ended by the kernel when our thread ends."""
    words = ["setpriv", "--pdeathsig", ending.name.removeprefix("SIG")]
    if owner:
        words += [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    return [*words, *map(str, command)]


def _family(pid: int) -> list[int]:
    """The process and all below it, parents first."""
    children: dict[int, list[int]] = {}
    for one in Path("/proc").glob("[0-9]*"):
        if status := _status(int(one.name)):
            children.setdefault(int(status[1]), []).append(int(one.name))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


def _signal(family: Sequence[int], number: signal.Signals) -> None:
    for pid in filter(_alive, family):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _await_end(family: Sequence[int], secs: float) -> None:
    end = time.monotonic() + secs
    while any(map(_alive, family)) and time.monotonic() < end:
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    """Whether it still runs; one that only waits to be reaped does not."""
    status = _status(pid)
    return bool(status) and status[0] not in "ZX"


def _status(pid: int) -> list[str]:
    """State, parent and so on of a process (proc(5)); empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []
