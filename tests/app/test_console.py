"""`haidang console`: as a process, beside the stores that others fill."""

import signal
import socket
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from app import console
from app.settings import ConsoleSettings


@pytest.fixture
def listen():
    """An address that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def status(listen, path, host=None):
    """The status of a page, once the console answers."""
    asked = Request(f"http://{listen}{path}", headers={"Host": host or listen})
    for _ in range(400):
        try:
            with urlopen(asked, timeout=10) as answer:  # noqa: S310 - our own
                return answer.status
        except HTTPError as error:
            error.close()
            return error.code
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the console does not answer")


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_answers_until_a_signal_and_says_one_line(start, site, tmp_path, listen, sent, code):
    """SIGTERM is how services are stopped: no error; Ctrl-C as for every command."""
    file = site(tmp_path / "site", console={"listen": listen})
    process = start("console", "--config", file)
    assert (200, 421) == (status(listen, "/login"), status(listen, "/login", "evil.example"))
    ended = process.end(sent)

    assert (code, f"console: http://{listen}\n", "") == (ended.code, ended.out, ended.err)


@pytest.mark.slow
def test_an_address_in_use_is_told(start, site, tmp_path, listen):
    """In one line, with what to do."""
    host, port = listen.split(":")
    file = site(tmp_path / "site", console={"listen": listen})
    with socket.socket() as taken:
        taken.bind((host, int(port)))
        taken.listen()
        process = start("console", "--config", file)
        code = process.process.wait(60)

    assert (1, True) == (code, "Traceback" not in process.said())
    assert f"{listen}: " in process.said()


@pytest.mark.slow
def test_it_waits_for_its_servers_and_says_so_once(start, site, tmp_path, listen):
    """They may start later."""
    file = site(
        tmp_path / "site",
        profile="cluster",
        console={"listen": listen},
        elasticsearch={"hosts": ["http://127.0.0.1:1"]},
        postgresql={"url": "postgresql://lan@127.0.0.1:1/haidang"},
    )
    process = start("console", "--config", file)
    process.wait_for("waiting: the state store cannot be used now")
    time.sleep(6)  # another try has failed meanwhile
    ended = process.end(signal.SIGTERM)

    assert 1 == ended.err.count("waiting: ")


def test_hosts_are_its_own_names_and_the_proxys():
    """Whatever else a request says it came for is not answered."""
    behind = ConsoleSettings(listen="10.0.0.5:8740", address="https://Soc.example")

    assert {
        "10.0.0.5:8740", "127.0.0.1:8740", "localhost:8740", "[::1]:8740", "soc.example"
    } == console.hosts(behind)  # fmt: skip
    assert "0.0.0.0:80" not in console.hosts(ConsoleSettings())
