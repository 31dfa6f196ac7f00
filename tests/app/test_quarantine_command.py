"""`haidang quarantine` on both profiles: listed, shown, retried, once, whatever happens."""

import json
import re
import shutil
import signal

import pytest

from app import config, wiring
from collectors import dataset
from tests.support.site import ATTACK, INPUT, NOW, counts

BROKEN = b"khong phai dong truy cap \x1b[31m password=Zq9matkhau\n"
CP1258 = b"Trang ch\xf9\xd2\n"


@pytest.fixture
def web(tmp_path, site, profile):
    """A web server with one attack, a line that is no access line, and one in another code page."""
    file = site(tmp_path, INPUT, **profile)
    (tmp_path / "logs/a.log").write_bytes(ATTACK + BROKEN + CP1258)
    return file


@pytest.fixture
def run(haidang, web):
    """Runs a command on the site."""
    return lambda *words, at=NOW: haidang(*words, "--config", web, at=at)


@pytest.fixture
def mended(tmp_path, monkeypatch):
    """A data set that takes any line is put in the place of nginx.access."""

    def mend():
        folder = tmp_path / "datasets"
        shutil.copytree(dataset._FOLDER, folder)
        file = folder / "nginx.access.yml"
        text = file.read_text("utf-8")
        part = "patterns:\n  - {name: any, parts: ['(?P<any>khong.*+)']}\n"
        text = text.replace("patterns:\n", part, 1)
        text = re.sub(r"(?m)^fields:\n", "fields:\n  any: error.message\n", text)
        file.write_text(text.replace("complete: nginx.complete\n", ""), "utf-8")
        monkeypatch.setattr(dataset, "_FOLDER", folder)

    return mend


def groups(run):
    """What waits, as JSON."""
    return [json.loads(line) for line in run("quarantine", "list", "--json").out.splitlines()]


def test_nothing_in_quarantine_is_said(run):
    """Before the first pass, and for a retry, too."""
    listed = run("quarantine", "list")
    retried = run("quarantine", "retry", "--all")
    assert (0, "nothing is in quarantine\n", "") == (listed.code, listed.out, listed.err)
    assert (0, 0) == (retried.code, counts(retried.out)["indexed"])


def test_what_waits_is_counted_shown_and_retried(run, web, mended):
    """By reason, data set and source; the record masked and safe to show; then it is an event."""
    assert 0 == run("collect", "--once").code
    (group,) = groups(run)
    listed = run("quarantine", "list").out
    shown = [run("quarantine", "show", one).out for one in _ids(web)]
    mended()
    retried = run("quarantine", "retry", "--dataset", "nginx.access")
    ledger = counts(run("coverage").out)
    again = run("quarantine", "retry", "--all")

    assert ("no pattern of the dataset fits the line", 2) == (group["reason"], group["count"])
    assert f"nginx.access: {group['reason']} ({group['path']})" in listed
    assert r"khong phai dong truy cap \x1b[31m password=<secret:" in shown[0]
    assert r"\x" in shown[1]
    assert "\x1b" not in listed + "".join(shown)
    assert "Zq9matkhau" not in listed + "".join(shown)
    assert {"indexed": 1, "dropped": 0, "still_refused": 1, "impossible": 0} == counts(
        retried.out.splitlines()[0]
    )
    assert (3, 2, 1) == tuple(ledger[name] for name in ("events", "indexed", "quarantined"))
    assert 0 == counts(again.out)["indexed"]
    assert 1 == groups(run)[0]["count"]


def _ids(web):
    """The ids of all records, in the order of the file."""
    lines = (web.parent / "data/quarantine.ndjson").read_text("utf-8").splitlines()
    return [json.loads(line)["id"] for line in lines]


def test_a_retried_event_is_matched_like_any_other(run, web, mended):
    """The feed brings it, once."""
    run("collect", "--once")
    run("correlate", "--once")
    mended()
    run("quarantine", "retry", "--all", at=NOW + 5_000_000)
    found = run("correlate", "--once", at=NOW + 6_000_000)
    assert 1 == counts(found.out)["events"]


def test_wrong_use_is_told(run):
    """What to name, and what there is not."""
    run("collect", "--once")
    nothing = run("quarantine", "retry")
    unknown = run("quarantine", "show", "ffffffff\x1b")
    many = run("quarantine", "show", "")
    assert (2, True) == (nothing.code, "--reason, --dataset, or --all" in nothing.err)
    assert (1, r"ffffffff\x1b: there is no such id in the quarantine") == (
        unknown.code, unknown.err.strip()
    )  # fmt: skip
    assert "2 ids begin so; give more digits" in many.err


@pytest.mark.slow
def test_while_a_collector_runs_one_may_look_and_is_told_how_to_retry(run, start, web):
    """The list and a record at any time; a retry needs the collector's place."""
    process = start("collect", "--config", web)
    process.wait_for("in all:")
    assert 2 == groups(run)[0]["count"]
    refused = run("quarantine", "retry", "--all")
    process.end(signal.SIGTERM)

    assert (1, True) == (refused.code, "stop it first, it goes on later" in refused.err)
    assert 0 == run("quarantine", "retry", "--all").code


@pytest.mark.slow
@pytest.mark.parametrize("collected", [False, True], ids=["at once", "after a collector's pass"])
def test_a_retry_killed_between_store_and_mark_doubles_nothing(
    run, start, web, tmp_path, mended, monkeypatch, collected
):
    """A kill -9 with the event stored and not marked, a pass of the collector, a second retry."""
    run("collect", "--once")
    settings = config.load(web)
    mended()
    killed = _retry_in_a_child(web)
    if collected:
        with (tmp_path / "logs/a.log").open("ab") as log:
            log.write(ATTACK)
        assert 0 == run("collect", "--once", at=NOW + 9_000_000).code
    again = run("quarantine", "retry", "--all")
    with wiring.open_soc(settings) as soc:
        events = list(soc.store.read(soc.scope, "", 1000).events)

    assert -signal.SIGKILL == killed
    assert 1 == counts(again.out)["indexed"]
    assert 2 + collected == len(events) == len({one.id for one in events})
    assert counts(run("coverage").out)["indexed"] == len(events)


def _retry_in_a_child(web):
    """A process that retries everything and is killed before its first mark; its exit."""
    import os  # noqa: PLC0415 - only here does a test become two processes

    from haidang import durable  # noqa: PLC0415

    child = os.fork()
    if child == 0:

        def hook(name):
            if name == "quarantine.before_sync":
                os.kill(os.getpid(), signal.SIGKILL)

        durable.HOOK.set(hook)
        wiring.retry(config.load(web), lambda _: True, NOW)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
