"""Servers for a run of the tests: `python -m tests.support.servers -m pytest …`.

One Elasticsearch and one PostgreSQL, started outside pytest, so that xdist's workers share them.
A server that the environment already names is used instead, and neither started nor stopped.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import pytest

from app.demo.process import Server, run_as, running
from app.demo.servers import elasticsearch, postgresql
from app.demo.software import Software, find, reachable

ELASTICSEARCH = "HAIDANG_TEST_ELASTICSEARCH"
POSTGRESQL = "HAIDANG_TEST_POSTGRESQL"


def need(variable: str) -> str:
    """The server's address; without one the test skips, and fails where CI is set."""
    if address := os.environ.get(variable):
        return address
    reason = f"{variable} is not set: scripts/test starts the servers"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def software(*parts: str) -> Software:
    """The servers' programs; without one of these parts the test skips, and fails in CI."""
    found = find(os.environ, os.geteuid())
    if all(getattr(found, part) for part in parts):
        return found
    reason = "; ".join(found.missing)
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str:
    """A program of the tests alone; without it the test skips, and fails in CI."""
    if found := shutil.which(name):
        return found
    reason = f"{name} is missing: run scripts/servers"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that the servers' users can enter (pytest's own cannot be), removed at the end."""
    wanted = Path(os.environ.get("TMPDIR", "/var/tmp"))  # noqa: S108 - mkdtemp makes it safe
    base = wanted if reachable(wanted / "folder") else Path("/var/tmp")  # noqa: S108 - as above
    folder = Path(tempfile.mkdtemp(prefix="haidang-test-", dir=base))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wanted_servers(folder: Path) -> dict[str, Server]:
    """The servers that the environment does not name and this machine can run, by variable."""
    found = find(os.environ, os.geteuid())
    servers = {}
    if ELASTICSEARCH not in os.environ and found.elasticsearch and found.java:
        servers[ELASTICSEARCH] = elasticsearch(folder / "elasticsearch", found)
    if POSTGRESQL not in os.environ and found.postgresql:
        servers[POSTGRESQL] = postgresql(folder / "postgresql", found)
    return servers


def run(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """Run Python with these arguments; signals are for the child, which does not outlive us.

    A Ctrl-C at the terminal reaches the child by itself.
    """
    command = run_as(None, signal.SIGTERM, [sys.executable, *arguments])
    child = subprocess.Popen(command, env={**os.environ, **environment})

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGINT:
            child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    code = child.wait()
    return code if code >= 0 else 128 - code


def leave(number: int, frame: FrameType | None) -> None:
    """A signal before the child runs: out through every `finally`."""
    sys.exit(128 + number)


def main(arguments: Sequence[str]) -> int:
    """Start the servers, run, stop them; returns the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    # A shell ignores it for what it starts in the background, and the tests would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with ExitStack() as stack:
        servers = wanted_servers(stack.enter_context(scratch()))
        stack.enter_context(running(*servers.values()))
        return run(arguments, {name: server.url for name, server in servers.items()})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
