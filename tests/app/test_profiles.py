"""Both profiles give the same answers; a cluster that is away stops nothing for good."""

import shutil
import signal
import socket

import pytest
import yaml

from tests.support.forward import Forward
from tests.support.site import ATTACK, INPUT, NOW, counts

READ = b'10.9.0.4 - - [18/Nov/2026:08:00:00 +0700] "GET / HTTP/1.1" 200 5 "-" "-"\n'
JUNK = b"this is no access line\n"
THREAD = [
    ["collect", "--once"],
    ["correlate", "--once"],
    ["alerts"],
    ["alerts", "--format", "json", "--evidence"],
    ["alerts", "--format", "json", "--unit", "xu"],
    ["coverage"],
    ["collect", "--once"],
    ["correlate", "--once"],
]


@pytest.fixture
def build(tmp_path, site):
    """Makes a site with two web servers of two units, both attacked; returns its configuration."""

    def make(name, **settings):
        inputs = [
            {**INPUT, "name": one, "host": host, "path": f"logs/{host}.log"}
            for one, host in (("ha", "HA-WEB01"), ("xu", "XU-WEB01"))
        ]
        file = site(tmp_path / name, *inputs, interval_secs=1, **settings)
        (file.parent / "logs/HA-WEB01.log").write_bytes(READ + ATTACK + JUNK + b"\n")
        (file.parent / "logs/XU-WEB01.log").write_bytes(READ + ATTACK)
        return file

    return make


def moved(clustered, elasticsearch=1, postgresql=1):
    """The same settings with the servers on other ports (1: nobody listens there)."""
    url = clustered["postgresql"]["url"]
    head, _, database = url.rpartition("/")
    return {
        **clustered,
        "elasticsearch": {
            **clustered["elasticsearch"],
            "hosts": [f"http://127.0.0.1:{elasticsearch}"],
        },
        "postgresql": {
            **clustered["postgresql"],
            "url": f"{head.rpartition(':')[0]}:{postgresql}/{database}",
        },
    }


def ports(clustered):
    """The ports of the two test servers."""
    host = clustered["elasticsearch"]["hosts"][0]
    database = clustered["postgresql"]["url"].rpartition("/")[0]
    return int(host.rpartition(":")[2]), int(database.rpartition(":")[2])


def said(haidang, file, words):
    """What a command says, without the folder of its site."""
    ran = haidang(*words, "--config", file, at=NOW)
    return ran.code, ran.out.replace(str(file.parent), ""), ran.err.replace(str(file.parent), "")


@pytest.mark.slow
def test_the_whole_thread_says_the_same_on_both(haidang, build, clustered):
    """From collecting to the ledger: every word, every id, every hash."""
    answers = []
    for settings in ({}, clustered):
        # In one place, since an event's id tells where its file was first seen.
        file = build("site", **settings)
        answers.append([said(haidang, file, words) for words in THREAD])
        shutil.rmtree(file.parent / "data")
    embedded, cluster = answers

    assert embedded == cluster
    assert [0] * len(THREAD) == [code for code, _, _ in cluster]
    assert 2 == cluster[3][1].count('"sha256"')
    assert "alerts=2" in cluster[1][1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(
            ["collect", "--once"],
            "stopped: the event store is unavailable: Elasticsearch cannot be reached: ",
            id="collect",
        ),
        pytest.param(["correlate", "--once"], "the state store cannot be used now: ", id="correl"),
        pytest.param(["alerts"], "the state store cannot be used now: ", id="alerts"),
        pytest.param(["coverage"], "the state store cannot be used now: ", id="coverage"),
        pytest.param(["store", "init"], "Elasticsearch cannot be reached: ", id="store init"),
        pytest.param(["store", "held", "x"], "Elasticsearch cannot be reached: ", id="store held"),
    ],
)
def test_servers_that_are_away_are_one_clear_line(haidang, build, clustered, words, expected):
    """Exit code 1, the reason, and no traceback."""
    ran = haidang(*words, "--config", build("away", **moved(clustered)), at=NOW)

    assert ran.err.startswith(expected)
    assert (1, 1) == (ran.code, ran.err.count("\n"))
    assert ran.clean


def test_nothing_is_lost_while_elasticsearch_is_away(haidang, build, clustered):
    """A pass without it reads nothing for good; the next one takes every record."""
    file = build("site", **moved(clustered))
    before = haidang("collect", "--once", "--config", file, at=NOW)
    content = yaml.safe_load(file.read_text("utf-8"))
    file.write_text(yaml.safe_dump({**content, **clustered}), "utf-8")
    after = haidang("collect", "--once", "--config", file, at=NOW + 1)

    assert "nothing is lost, the next pass goes on from here" in before.err
    assert (1, 0, "") == (before.code, after.code, after.err)
    expected = {"events": 6, "indexed": 4, "quarantined": 1, "dropped": 1, "derived": 0}
    assert expected == counts(after.out.splitlines()[1])


def test_collecting_needs_no_postgresql(haidang, build, clustered):
    """The collecting side of a cluster runs where the state store cannot be reached."""
    file = build("site", **moved(clustered, elasticsearch=ports(clustered)[0]))
    ran = haidang("collect", "--once", "--config", file, at=NOW)

    assert (0, "") == (ran.code, ran.err)
    assert 4 == counts(ran.out.splitlines()[0])["indexed"]


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


@pytest.mark.slow
def test_commands_that_were_started_first_wait_for_their_servers(start, build, clustered):
    """Collector and correlator say once that the servers are away, and go on once they are not."""
    here = free_port(), free_port()
    file = build("site", **moved(clustered, *here))
    processes = [start(name, "--config", file) for name in ("collect", "correlate")]
    for process in processes:
        process.wait_for("stopped: ")
    before = [process.said().count("stopped: ") for process in processes]
    with Forward(here[0], ports(clustered)[0]), Forward(here[1], ports(clustered)[1]):
        processes[0].wait_for("in all:    events=6 indexed=4 ")
        processes[1].wait_for("alerts=2")
        ended = [process.end(signal.SIGTERM) for process in processes]

    assert [1, 1] == before
    assert [0, 0] == [ran.code for ran in ended]
    assert all(ran.clean for ran in ended)
    assert 1 == ended[0].err.count("stopped: ")


@pytest.mark.parametrize("variable", ["HAIDANG_ELASTICSEARCH_PASSWORD"])
def test_password_said_twice_is_refused_without_a_word_of_it(
    haidang, build, clustered, monkeypatch, tmp_path, variable
):
    """A file and the environment: nobody could say which one holds."""
    (tmp_path / "secret").write_text("mat-khau-1\n", "utf-8")
    more = {"user": "u", "password_file": str(tmp_path / "secret")}
    settings = {**clustered, "elasticsearch": {**clustered["elasticsearch"], **more}}
    monkeypatch.setenv(variable, "mat-khau-2")
    ran = haidang("collect", "--once", "--config", build("site", **settings))

    assert f"{variable}: is set although {tmp_path}/secret is configured, too; choose one\n" == (
        ran.err
    )
    assert (1, "") == (ran.code, ran.out)
