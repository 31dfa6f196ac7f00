"""Child processes of ours: their lines told on, their ends noticed, none left behind.

The kernel kills them (SIGKILL) when we die, however. That holds for the *thread* that started
them, so start them from the main thread. Linux only: setpriv(1), pidfd_open(2).
"""

import os
import selectors
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Protocol

_BLOCK = 1 << 16
_LONGEST = 1 << 16  # of a line without an end, in bytes


class Tell(Protocol):
    """Says a line of a child; `wrong`: it came on standard error."""

    def __call__(self, name: str, line: str, *, wrong: bool) -> None:
        """Say it."""


@dataclass(slots=True)
class _Child:
    """One process; what it wrote after the last end of a line."""

    process: subprocess.Popen[bytes]
    ending: int
    rests: dict[int, bytes] = field(default_factory=dict)

    def pipes(self) -> Iterator[IO[bytes]]:
        """Standard output, then standard error."""
        yield from (one for one in (self.process.stdout, self.process.stderr) if one is not None)


class Children:
    """All children by name; `awake` is a file descriptor whose bytes end a wait."""

    def __init__(self, tell: Tell, awake: int) -> None:
        self._tell = tell
        self._awake = awake
        self._children: dict[str, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(awake, selectors.EVENT_READ)

    def start(self, name: str, command: Sequence[str], lock: int) -> int:
        """Start one; its process id. `lock` stays open in it: the lock lasts as long as it."""
        process = subprocess.Popen(  # noqa: S603 - the command is our own
            ["/usr/bin/setpriv", "--pdeathsig", "KILL", *command],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[lock],
            start_new_session=True,  # a Ctrl-C is for us; we end them
        )
        child = _Child(process, os.pidfd_open(process.pid))
        self._children[name] = child
        self._selector.register(child.ending, selectors.EVENT_READ, name)
        for pipe in child.pipes():
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, name)
        return process.pid

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one that runs."""
        self._children[name].process.send_signal(number)

    def wait(self, secs: float | None) -> list[tuple[str, int]]:
        """Tell lines until something ends, `awake` has bytes, or the time is over.

        Returns (name, exit code) of those that ended; minus the signal's number if one killed it.
        """
        gone: list[tuple[str, int]] = []
        for key, _ in self._selector.select(secs):
            if key.fd == self._awake:
                os.read(self._awake, _BLOCK)
            elif (child := self._children.get(key.data)) is None:
                continue
            elif key.fd == child.ending:
                gone.append((key.data, self._bury(key.data)))
            else:
                self._read(key.data, child, key.fd)
        return gone

    def kill(self) -> None:
        """Kill whatever runs, and return when it is gone."""
        for child in self._children.values():
            child.process.kill()
        for name in [*self._children]:
            self._bury(name)
        self._selector.close()

    def _bury(self, name: str) -> int:
        """The exit code of one that ends, its last lines told."""
        child = self._children[name]
        code = child.process.wait()
        for pipe in child.pipes():
            while pipe.fileno() in self._selector.get_map() and self._read(
                name, child, pipe.fileno()
            ):
                pass
            self._say(name, child, pipe.fileno(), b"\n")
            if pipe.fileno() in self._selector.get_map():
                self._selector.unregister(pipe)
            pipe.close()
        self._selector.unregister(child.ending)
        os.close(child.ending)
        del self._children[name]
        return code

    def _read(self, name: str, child: _Child, handle: int) -> bool:
        """Tell the whole lines of what is there; False if that is nothing."""
        try:
            content = os.read(handle, _BLOCK)
        except BlockingIOError:
            return False
        if not content:
            self._selector.unregister(handle)
            return False
        self._say(name, child, handle, content)
        return True

    def _say(self, name: str, child: _Child, handle: int, content: bytes) -> None:
        *lines, rest = (child.rests.get(handle, b"") + content).split(b"\n")
        if len(rest) > _LONGEST:
            lines, rest = [*lines, rest], b""
        child.rests[handle] = rest
        wrong = child.process.stderr is not None and handle == child.process.stderr.fileno()
        for line in filter(None, lines):
            self._tell(name, line.decode("utf-8", "replace"), wrong=wrong)
