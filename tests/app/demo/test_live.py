"""The demo's clock, its console and its Ctrl-C; the folder of attacks, through the command."""

import re
import signal
import urllib.request
from pathlib import Path

import pytest

from app.demo import attack_folder, live
from app.demo.clock import MIDNIGHT
from app.demo.world import make_world
from collectors.dataset import dataset_names
from haidang.model.instant import HOUR, SECOND

WORLD = make_world(1)
PATIENCE_SECS = 120  # of a busy machine


def test_clock_stands_until_it_goes_on(monkeypatch):
    """During the day it is the step's time, afterwards it runs with the real seconds."""
    passed = 5
    monkeypatch.setattr(live.time, "monotonic_ns", lambda: passed * 1_000_000_000)
    clock = live.SimulatedClock(MIDNIGHT)
    clock.stand(MIDNIGHT + HOUR)
    stood = clock()
    passed = 7
    clock.go_on(stood)
    passed = 10

    assert MIDNIGHT + HOUR == stood
    assert stood + 3 * SECOND == clock()


def test_first_ctrl_c_is_heard_and_the_second_interrupts():
    """A step is finished, unless one insists; afterwards Ctrl-C is Python's again."""
    before = signal.getsignal(signal.SIGINT)
    with live.interruptible() as ended:
        assert not ended.is_set()
        signal.raise_signal(signal.SIGINT)
        assert ended.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    assert before == signal.getsignal(signal.SIGINT)


def test_files_of_the_folder_are_those_of_four_formats(tmp_path):
    """Each with a data set that exists, a host and a unit of the world."""
    inputs = attack_folder.inputs(WORLD, tmp_path)
    units = {one.id for one in WORLD.units}

    assert ["nginx.access.log", "auditd.log", "winlogbeat.ndjson", "dns.log"] == [
        one.path.rpartition("/")[2] for one in inputs
    ]
    assert {one.dataset for one in inputs} <= set(dataset_names())
    assert {one.operator for one in inputs} <= units
    assert {one.host for one in inputs} <= {one.name for one in WORLD.hosts}


def test_sample_can_be_copied_from_a_screen():
    """Whole lines without a control character, other ones at another time."""
    for early, late in zip(
        attack_folder.samples(WORLD, MIDNIGHT),
        attack_folder.samples(WORLD, MIDNIGHT + HOUR),
        strict=True,
    ):
        text = early.lines(MIDNIGHT).decode()
        assert text.endswith("\n")
        assert [] == [line for line in text.splitlines() if not line.isprintable()]
        assert text != late.lines(MIDNIGHT + HOUR).decode()


def asked(process):
    """The page that the demo's console answers first."""
    address = re.search(r"console: (http://127\.0\.0\.1:\d+)", process.said())[1]
    with urllib.request.urlopen(address, timeout=PATIENCE_SECS) as answer:  # noqa: S310 - our own
        return answer.read().decode()


@pytest.mark.slow
def test_pasted_attacks_are_told_and_a_second_run_goes_on(start, tmp_path):
    """Each printed line raises an alert; the console shows where the data come from."""
    words = ("demo", "--attack", "--dir", tmp_path / "demo")
    process = start(*words)
    process.wait_for("Ctrl-C ends", PATIENCE_SECS)
    page = asked(process)
    blocks = re.findall(r"^(/\S+)  \(.*\)\n((?:.+\n)+)", process.said(), re.MULTILINE)
    for path, lines in blocks:
        with Path(path).open("a", encoding="utf-8") as log:
            log.write(lines)
    for words_of_it in ("vượt thư mục", "/etc/shadow", "PowerShell ẩn", "du-lieu.example"):
        process.wait_for(words_of_it, PATIENCE_SECS)
    ended = process.end(signal.SIGINT)
    again = start(*words)
    again.wait_for("Ctrl-C ends", PATIENCE_SECS)
    second = again.end(signal.SIGINT)

    assert 4 == len(blocks)
    assert "DỮ LIỆU MÔ PHỎNG" in page
    assert [(0, ""), (0, "")] == [(one.code, one.err) for one in (ended, second)]
    assert " quarantined=0 dropped=0 alerts=4 " in ended.out.splitlines()[-1]
    assert ended.out.splitlines()[-1] == second.out.splitlines()[-1]


@pytest.mark.slow
def test_ctrl_c_within_the_day_ends_cleanly_and_the_next_run_goes_on(start, tmp_path):
    """The step is finished, the last line counts; the console was open from the beginning."""
    process = start("demo", "--dir", tmp_path / "demo")
    process.wait_for("01:00 ", PATIENCE_SECS)
    page = asked(process)
    ended = process.end(signal.SIGINT)
    password = re.search(r"one-time password: (\S+)", ended.out)[1]
    again = start("demo", "--dir", tmp_path / "demo")
    again.wait_for("01:00 ", PATIENCE_SECS)

    assert "DỮ LIỆU MÔ PHỎNG" in page
    assert (0, "") == (ended.code, ended.err)
    assert re.fullmatch(r"events=\d+ indexed=.* acknowledged=0", ended.out.splitlines()[-1])
    assert password not in again.said()
    assert (0, "") == ((other := again.end(signal.SIGINT)).code, other.err)


def test_attack_without_an_end_and_once_exclude_each_other(haidang, tmp_path):
    """A wrong use is said before anything is made."""
    ran = haidang("demo", "--once", "--attack", "--dir", tmp_path / "demo")

    assert 2 == ran.code
    assert "leave --once out" in ran.err
    assert not (tmp_path / "demo").exists()
