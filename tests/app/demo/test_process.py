"""Processes of ours: ended, killed with all below them, frozen, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.demo.process import Program, Server, running
from haidang.errors import HaidangError

ROOT = Path(__file__).parents[3]
# A parent with a child, as both servers are; answers once its file is there.
FAMILY = "sleep 60 & echo $! > child; echo started; touch ready; wait"
ORPHAN = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.app.demo.test_process import server
one = server(Path(sys.argv[2]), "touch ready; exec sleep 60")
one.start()
print(one.pid, flush=True)
os.kill(os.getpid(), int(sys.argv[3]))
"""


def server(folder, script, ending=signal.SIGTERM):
    """A shell script as a server."""
    program = Program(
        command=["sh", "-c", script],
        owner=None,
        ending=ending,
        prepare=lambda: (folder / "ready").unlink(missing_ok=True),
        answers=(folder / "ready").exists,
        environment={},
    )
    return Server("test://server", folder, program)


def state(pid):
    """The state letter of a process; "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def until(holds):
    """Wait for something that takes the kernel a moment."""
    end = time.monotonic() + 10
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


@pytest.fixture
def family(tmp_path):
    """A running server with a child, and the child's number."""
    one = server(tmp_path, FAMILY)
    with running(one):
        yield one, int((tmp_path / "child").read_text("ascii"))


@pytest.mark.parametrize("end", [pytest.param(Server.stop, id="stop"), Server.kill])
def test_end_leaves_no_process(family, end):
    """Neither the server nor what it started stays."""
    one, child = family
    pid = one.pid

    end(one)

    assert until(lambda: {state(pid), state(child)} <= {"", "Z"})
    assert 0 == one.pid


def test_stop_kills_what_does_not_listen(tmp_path):
    """A server that ignores its signal ends all the same."""
    one = server(tmp_path, "trap '' TERM; touch ready; while :; do sleep 0.1; done")
    one.start()
    pid = one.pid

    one.stop(secs=0.2)

    assert state(pid) in {"", "Z"}


def test_pause_freezes_all_and_resume_frees_them(family):
    """A frozen server is there and does nothing."""
    one, child = family

    one.pause()
    assert until(lambda: ["T", "T"] == [state(one.pid), state(child)])
    one.resume()
    assert until(lambda: ["S", "S"] == [state(one.pid), state(child)])


def test_frozen_server_stops(family):
    """Who froze a server needs not to thaw it."""
    one, child = family
    one.pause()

    one.stop()

    assert until(lambda: state(child) in {"", "Z"})


def test_start_after_kill_is_a_new_process(family):
    """The same handle runs again."""
    one, _ = family
    before = one.pid
    one.kill()

    one.start()

    assert state(one.pid) == "S"
    assert before != one.pid


def test_server_that_dies_says_its_last_words(tmp_path):
    """The reason stands in the error, not in a file that somebody must know of."""
    one = server(tmp_path, "echo the port is taken; exit 3")

    with pytest.raises(HaidangError, match=r"(?s)ended while it started.*the port is taken"):
        one.start()


def test_server_that_never_answers_is_given_up(tmp_path):
    """A deaf server is an error and no endless wait; it does not stay either."""
    one = server(tmp_path, "exec sleep 60")
    one.launch()
    pid = one.pid

    with pytest.raises(HaidangError, match="gave no answer"):
        one.wait(secs=0.2)
    one.stop()
    assert state(pid) in {"", "Z"}


def test_all_stop_when_one_fails(tmp_path):
    """A pair of which one cannot start leaves none running."""
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
    good, bad = server(tmp_path / "good", FAMILY), server(tmp_path / "bad", "exit 1")

    with pytest.raises(HaidangError), running(good, bad):
        pytest.fail("nothing runs on half of its servers")

    assert 0 == good.pid
    assert state((tmp_path / "good/child").read_text("ascii").strip()) in {"", "Z"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_server_ends_with_a_process_that_is_killed(tmp_path, number):
    """Nobody has to look for servers that a dead test or demo left."""
    told = subprocess.run(
        [sys.executable, "-c", ORPHAN, ROOT, tmp_path, str(int(number))],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )

    assert told.returncode
    assert until(lambda: state(int(told.stdout)) in {"", "Z"})


def test_second_server_in_a_folder_is_refused(family, monkeypatch):
    """Two demos in one folder: the second ends with the reason, and the first goes on."""
    one, _ = family
    monkeypatch.setattr("app.demo.process._KILL_SECS", 0.2)
    said = one.log.read_bytes()

    with pytest.raises(HaidangError, match="another run is using this folder"):
        server(one.folder, FAMILY).start()
    assert state(one.pid) == "S"
    assert said == one.log.read_bytes() != b""


def test_server_that_is_just_ending_is_awaited(tmp_path):
    """Who starts again at once after a kill need not know about it."""
    one, two = server(tmp_path, "touch ready; exec sleep 1"), server(tmp_path, FAMILY)

    with running(one), running(two):
        assert "" != state(two.pid)


def test_server_hears_no_ctrl_c(family):
    """A Ctrl-C at the terminal goes to our group of processes; the server has its own."""
    one, _ = family

    assert os.getpgid(one.pid) != os.getpgid(0)
