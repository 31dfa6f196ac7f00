"""haidang up: one command runs everything, survives every death, and ends cleanly."""

import os
import re
import shutil
import signal
import socket
import time
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from sqlalchemy import func, select

from alerts.listing import list_alerts, list_evidence
from app import config, stores, wiring
from app.commands.up import PARTS
from haidang.store.events.protocol import START
from haidang.store.state import tables
from tests.support.site import ATTACK, INPUT

# Long ago, so that no clock of a machine finds these times to come.
PATIENCE_SECS = 120  # of a busy machine
ATTACK_OF_OLD = ATTACK.replace(b"2026", b"2020")


def attack(number):
    """A line of its own address and minute: an alert of its own."""
    line = ATTACK_OF_OLD.replace(b"203.0.113.9", f"203.0.113.{number + 1}".encode())
    return line.replace(b"08:01:00", f"{8 + number // 60:02}:{number % 60:02}:00".encode())


def free_address():
    """A loopback address with a port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def quick(tmp_path, site):
    """Writes a site that correlates every second, with a console on a free port."""

    def write(**settings):
        console = {"listen": free_address()}
        return site(tmp_path, INPUT, interval_secs=1, console=console, **settings)

    return write


def pid_of(process, name):
    """The process id under which a part was started last."""
    return int(re.findall(rf"{name} started, process (\d+)", process.said())[-1])


def starts(process, name):
    """How often a part was started."""
    return len(re.findall(rf"{name} started, process", process.said()))


def until(what, process):
    """Waits for a condition; fails with what was said if it never comes."""
    end = time.monotonic() + PATIENCE_SECS
    while not what():
        assert time.monotonic() < end, process.said()
        assert process.process.poll() is None, process.said()
        time.sleep(0.2)


def stands(file):
    """What stands in the stores, whenever it came there: alerts, evidence, events, the ledger."""
    settings = config.load(file)
    with wiring.open_stores(settings) as one:
        alerts = list_alerts(one.database, one.scope)
        copies = [list_evidence(one.database, one.scope, alert.id) for alert in alerts]
        events = one.store.read(one.scope, START, 10_000).events
    told = sorted((one.id, one.episode, tuple(one.sentences.items())) for one in alerts)
    evidence = sorted((copy.event, copy.sha256) for found in copies for copy in found)
    ledger = {one.path: one.counts.to_json() for one in wiring.ledger(settings)}
    return told, evidence, sorted((one.id, one.ecs) for one in events), ledger


def raised(file):
    """How many alerts there are."""
    settings = config.load(file)
    with closing(stores.open_database(settings)) as one, one.reading() as connection:
        return connection.execute(select(func.count()).select_from(tables.alert)).scalar_one()


def runs(pid):
    """Whether a process is there."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_one_command_runs_everything_and_ends_in_order(start, quick, number):
    """Each line has the name of its part; the address is said; all children are gone afterwards."""
    file = quick()
    (file.parent / "logs/a.log").write_bytes(attack(0))
    process = start("up", "--config", file)
    process.wait_for("ready: http://127.0.0.1:", PATIENCE_SECS)
    process.wait_for("alerts=1", PATIENCE_SECS)
    pids = [pid_of(process, name) for name in PARTS]
    ended = process.end(number)
    names = {line.partition("|")[0].strip() for line in ended.out.splitlines() if " | " in line}

    assert {signal.SIGINT: 130, signal.SIGTERM: 0}[number] == ended.code
    assert ended.clean
    assert [] == [pid for pid in pids if runs(pid)]
    assert {"up", "collect", "correlate"} <= names <= {"up", *PARTS}
    assert len(PARTS) == ended.out.count(" ended with 0")


@pytest.mark.slow
def test_no_death_loses_or_doubles_anything(start, haidang, quick, profile):
    """Kill -9 of each part in turn and of the whole, while lines are written; both profiles."""
    file = quick(**profile)
    if profile:
        assert 0 == haidang("store", "init", "--config", file).code
    log, number = file.parent / "logs/a.log", 0

    def write(count):
        nonlocal number
        for _ in range(count):
            with log.open("ab") as opened:
                line = attack(number)
                opened.write(line[:40])
                opened.flush()
                opened.write(line[40:])
            number += 1
            time.sleep(0.02)

    write(5)
    process = start("up", "--config", file)
    process.wait_for("ready: ", PATIENCE_SECS)
    for name in PARTS:
        write(5)
        os.kill(pid_of(process, name), signal.SIGKILL)
        write(5)
        until(lambda name=name: starts(process, name) == 2, process)
    pids = [pid_of(process, name) for name in PARTS]
    write(5)
    process.end(signal.SIGKILL)
    until_gone(pids)
    process = start("up", "--config", file)
    process.wait_for("ready: ", PATIENCE_SECS)
    write(5)
    until(lambda: raised(file) == number, process)
    assert 0 == process.end(signal.SIGTERM).code
    found = stands(file)

    undisturbed = replace_stores(haidang, file, profile)
    assert [number, number] == [len(found[0]), len(found[2])]
    assert undisturbed == found


def until_gone(pids):
    """Nobody outlives the supervisor."""
    end = time.monotonic() + 20
    while any(map(runs, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert [] == [pid for pid in pids if runs(pid)]


def replace_stores(haidang, file, profile):
    """What an undisturbed run makes of the same files, on files."""
    data = file.parent / "data"
    key = (data / "mask.key").read_bytes()
    shutil.rmtree(data)
    data.mkdir()
    (data / "mask.key").write_bytes(key)
    content = yaml.safe_load(file.read_text("utf-8"))
    for name in profile:
        del content[name]
    file.write_text(yaml.safe_dump(content), "utf-8")
    for word in ("collect", "correlate"):
        assert 0 == haidang(word, "--once", "--config", file).code
    return stands(file)


@pytest.mark.slow
def test_wrong_configuration_is_said_once_and_nothing_is_started(start, quick):
    """As `haidang config check` says it."""
    file = quick(rules=["gone"])
    process = start("up", "--config", file)
    code = process.process.wait(PATIENCE_SECS)

    assert 1 == code
    assert 1 == process.said().count("gone: no such file or folder of rules")
    assert "started" not in process.said()
    assert "Traceback" not in process.said()


@pytest.mark.slow
def test_part_that_cannot_start_ends_everything(start, quick):
    """The port is somebody else's: the console says so once, and the rest ends in order."""
    file = quick()
    listen = config.load(file).console.listen
    host, _, port = listen.partition(":")
    with socket.create_server((host, int(port))):
        process = start("up", "--config", file)
        code = process.process.wait(PATIENCE_SECS)

    assert 1 == code
    assert f"{listen}: cannot be listened on: Address already in use" in process.said()
    assert 1 == starts(process, "console") == starts(process, "collect")
    assert "ready: " not in process.said()
    assert "Traceback" not in process.said()


@pytest.mark.slow
def test_second_one_on_the_same_folder_is_refused(start, quick):
    """The first is not disturbed."""
    file = quick()
    first = start("up", "--config", file)
    first.wait_for("correlate started", PATIENCE_SECS)
    second = start("up", "--config", file)
    code = second.process.wait(PATIENCE_SECS)

    assert 1 == code
    assert f"{file.parent}/data: another `haidang up` runs on this data_dir" in second.said()
    assert first.process.poll() is None
    assert 0 == first.end(signal.SIGTERM).code
