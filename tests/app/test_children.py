"""Child processes: every line told once under its name, every end noticed, nobody left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.children import Children

ROOT = Path(__file__).parents[2]


@pytest.fixture
def family(tmp_path):
    """Children, what they told, and the socket that ends a wait."""
    told = []
    ours, theirs = socket.socketpair()
    children = Children(
        lambda name, line, *, wrong: told.append((name, line, wrong)), ours.fileno()
    )
    with (tmp_path / "lock").open("wb") as lock:

        def start(name, script):
            return children.start(name, ["/bin/sh", "-c", script], lock.fileno())

        yield children, start, told, theirs
        children.kill()
    ours.close()
    theirs.close()


def until_gone(children, count):
    """The ends of so many children."""
    gone = []
    while len(gone) < count:
        gone += children.wait(30)
    return sorted(gone)


def test_lines_of_both_outputs_are_told_under_the_name(family):
    """Also a last one without an end; empty ones are not."""
    children, start, told, _ = family
    start("a", "echo một; echo; printf hai; echo sai >&2")

    assert [("a", 0)] == until_gone(children, 1)
    assert [("a", "một", False), ("a", "hai", False), ("a", "sai", True)] == sorted(
        told, key=lambda one: (one[2], ["một", "hai", "sai"].index(one[1]))
    )


def test_everything_that_was_written_before_the_end_is_told(family):
    """A megabyte in the pipe at the moment of the end, in order."""
    children, start, told, _ = family
    start("a", "seq 1 100000")
    until_gone(children, 1)

    assert [str(number) for number in range(1, 100_001)] == [line for _, line, _ in told]


def test_line_without_an_end_needs_no_memory_without_an_end(family):
    """What is longer than 64 KiB is told in pieces; nothing of it is lost."""
    children, start, told, _ = family
    start("a", "head -c 1000000 /dev/zero | tr '\\0' x")
    until_gone(children, 1)

    assert "x" * 1_000_000 == "".join(line for _, line, _ in told)
    assert max(len(line) for _, line, _ in told) <= 1 << 17


def test_ends_come_with_their_codes(family):
    """An exit code, or minus the signal that killed it."""
    children, start, _, _ = family
    start("a", "exit 7")
    start("b", "sleep 60")
    children.signal("b", signal.SIGKILL)

    assert [("a", 7), ("b", -9)] == until_gone(children, 2)


def test_a_byte_ends_the_wait(family):
    """A signal is heard at once, however long nothing else happens."""
    children, start, _, theirs = family
    start("a", "sleep 60")
    theirs.send(b"x")
    began = time.monotonic()

    assert [] == children.wait(20)
    assert time.monotonic() - began < 15


PARENT = """\
import socket, sys
from app.children import Children
ours, theirs = socket.socketpair()
def tell(name, line, *, wrong): print(line, flush=True)
children = Children(tell, ours.fileno())
lock = open(sys.argv[1], "wb")
children.start("a", ["/bin/sh", "-c", "trap '' TERM INT; echo $$; while :; do sleep 1; done"],
    lock.fileno())
while True: children.wait(60)
"""


def test_children_die_with_a_parent_that_is_killed(tmp_path):
    """Kill -9 of the parent is followed by the kernel's of the child, deaf to SIGTERM or not."""
    command = [sys.executable, "-c", PARENT, tmp_path / "lock"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        parent.kill()
    end = time.monotonic() + 20
    while time.monotonic() < end and _runs(child):
        time.sleep(0.05)

    assert not _runs(child)


def _runs(pid):
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
