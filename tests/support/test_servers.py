"""The servers of a run: shared, handed over by the environment, and gone at the end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.servers import ELASTICSEARCH, POSTGRESQL, need, scratch, software

ROOT = Path(__file__).parents[2]
CHILD = f"""
import os, sys, time
print(os.environ["{POSTGRESQL}"], os.environ["{ELASTICSEARCH}"], flush=True)
time.sleep(float(sys.argv[1]))
sys.exit(7)
"""


@pytest.fixture
def launched():
    """The launcher with PostgreSQL of its own and somebody else's Elasticsearch."""
    software("postgresql")
    processes = []

    def start(secs):
        environment = {name: value for name, value in os.environ.items() if name != POSTGRESQL}
        environment |= {ELASTICSEARCH: "http://somewhere", "TMPDIR": str(folder)}
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "tests.support.servers", "-c", CHILD, str(secs)],
                cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        return processes[-1]

    with scratch() as folder:
        yield start
        for process in processes:
            process.kill()
            process.wait()
            process.stdout.close()


def processes_at(address):
    """Servers that were told to listen at the port of this address."""
    port = f"port={address.rpartition(':')[2].partition('/')[0]}"
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [file] if port in file.read_text("utf-8", "replace").split("\0") else []
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_child_has_the_servers_and_its_exit_code_comes_back(launched):
    """Named servers are used as they are; the others are started, and stopped."""
    process = launched(0.5)
    own, others = process.stdout.readline().split()

    assert "http://somewhere" == others
    assert len(processes_at(own)) == 1
    assert 7 == process.wait(60)
    assert [] == processes_at(own)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_killed_run_leaves_no_server(launched, number):
    """However a run ends, its servers end too."""
    process = launched(60)
    own = process.stdout.readline().split()[0]

    process.send_signal(number)

    assert process.wait(60) in {128 + number, -signal.SIGKILL}
    end = time.monotonic() + 10
    while processes_at(own) and time.monotonic() < end:
        time.sleep(0.05)
    assert [] == processes_at(own)


def test_needed_server_is_its_address(monkeypatch):
    """A fixture asks for the variable and gets the address."""
    monkeypatch.setenv("HAIDANG_TEST_X", "http://here")

    assert "http://here" == need("HAIDANG_TEST_X")


def test_absent_server_skips_and_fails_in_ci(monkeypatch):
    """Nobody believes that a store was tested when it was not."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="HAIDANG_TEST_X is not set"):
        need("HAIDANG_TEST_X")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="HAIDANG_TEST_X is not set"):
        need("HAIDANG_TEST_X")
