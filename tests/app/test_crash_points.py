"""The whole thread dies at every durable act in turn; what stands afterwards is always the same."""

import ast
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from alerts.listing import list_alerts, list_evidence
from app import config, wiring
from app.demo.day import STEPS, access_log, audit_log, config_yaml, files_until, inventory_yaml
from app.demo.story import append_missing
from app.demo.world import make_world
from haidang import durable
from haidang.model.instant import HOUR
from haidang.model.scope import Scope
from haidang.store.state import tables

ROOT = Path(__file__).parents[2]
PACKAGES = ("haidang", "collectors", "rules", "correlator", "alerts", "app")
DURABLE = {"write", "sync", "rename", "commit", "transaction", "point"}
PARTS = 8

# The backdoor's half-hour, and passes far enough apart that hours and days are merged and dropped.
WORLD = make_world(1)
QUIET, *BACKDOOR = [step for step in STEPS if step < STEPS[0] + HOUR][-4:]
LATER = [BACKDOOR[-1] + hours * HOUR for hours in (2, 30, 54)]

EXTRA_RULE = """\
title: Many Requests
id: 7d1b9a52-35c1-4a4e-9a2c-5b9f1c0e0001
status: test
level: low
correlation:
  type: event_count
  rules: [web_script_in_upload]
  group-by: [source.ip]
  timespan: 1h
  condition: {gte: 2}
"""


class Crash(BaseException):
    """The process dies here."""


@dataclass(frozen=True)
class Outcome:
    """What must not depend on crashes."""

    alerts: list
    evidence: list
    events: frozenset
    ledger: dict
    quarantine: int
    covered: dict
    raised: int


def names_in_the_source():
    """Every name under which the product fsyncs, renames or commits."""
    found = set()
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and file.name != "durable.py":
                    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    names = [one.value for one in node.args if isinstance(one, ast.Constant)]
                    found |= {name for name in names if called in DURABLE and _is_name(name)}
    return found


def _is_name(value):
    return isinstance(value, str) and value.replace(".", "").replace("_", "").isalpha()


@cache
def lines_until(until):
    """The attacked server's two logs in the attack's steps, with one line that is no record."""
    before, content = files_until(WORLD, QUIET), files_until(WORLD, until)
    web, audit = access_log(WORLD.web), audit_log(WORLD.web)
    return {
        web: b"this is no access line\n" + content[web][len(before[web]) :],
        audit: content[audit][len(before[audit]) :],
    }


def prepare(folder):
    """The demo's world; a folder of rules of our own that is empty at first."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "inventory.yml").write_text(inventory_yaml(WORLD), encoding="utf-8")
    (folder / "haidang.yml").write_text(config_yaml(WORLD) + "rules: [more]\n", encoding="utf-8")
    (folder / "more").mkdir(exist_ok=True)


class Story:
    """The passes of the product over the half-hour; each may be repeated after a crash."""

    def __init__(self, folder):
        self._folder = folder
        prepare(folder)
        self.settings = config.load(folder / "haidang.yml")
        self._open = ExitStack()
        self._collecting = self._soc = None
        self.steps = [partial(self._turn, at) for at in (*BACKDOOR, LATER[0])]
        self.steps += [self._edit, *(partial(self._turn, at) for at in LATER)]

    def close(self):
        """What the operating system does for a process that died."""
        self._open.close()
        self._collecting = self._soc = None

    def _turn(self, at):
        for path, content in lines_until(min(at, BACKDOOR[-1])).items():
            append_missing(self._folder / path, content)
        if self._collecting is None:
            opened = wiring.open_collecting(self.settings)
            self._collecting = self._open.enter_context(opened)
            self._soc = self._open.enter_context(wiring.open_soc(self.settings))
        assert not self._collecting.run_once(at).stopped
        self._soc.correlate(at)

    def _edit(self):
        """A correlation is added: it is replayed over its timespan."""
        (self._folder / "more" / "many.yml").write_text(EXTRA_RULE, encoding="utf-8")
        self.close()
        self._turn(LATER[0] + 1)

    def drop(self):
        """Retention: everything that is over."""
        store = wiring.open_store(self.settings)
        for level in range(6):
            store.drop(LATER[-1] + HOUR, level)
        store.close()


def outcome(settings):
    """Everything that a person or the next stage could see."""
    with wiring.open_soc(settings) as soc:
        found = list_alerts(soc.database, soc.scope)
        evidence = [
            (alert.id, copy.event, copy.sha256)
            for alert in found
            for copy in list_evidence(soc.database, soc.scope, alert.id)
        ]
        events = soc.store.read(Scope.system(), "", 10**6).events
        assert len({event.id for event in events}) == len(events)
        with soc.database.reading() as connection:
            table = tables.coverage
            rows = connection.execute(
                select(table.c.source, func.sum(table.c.events)).group_by(table.c.source)
            )
            covered = {row[0]: row[1] for row in rows}
            raised = connection.execute(
                select(func.count()).where(tables.audit.c.action == "alert.raised")
            ).scalar_one()
    ledger = {
        one.path: (one.counts.to_json(), one.counts.balanced) for one in wiring.ledger(settings)
    }
    lines = (settings.data_dir / "quarantine.ndjson").read_bytes().count(b"\n")
    return Outcome(
        alerts=sorted((one.id, one.episode, tuple(one.sentences.items())) for one in found),
        evidence=sorted(evidence),
        events=frozenset(event.id for event in events),
        ledger=ledger,
        quarantine=lines,
        covered=covered,
        raised=raised,
    )


def run(folder, *crashes):
    """The whole story; dies at these passages of durable acts and goes on with the step it was at.

    Returns what stands at the end, and the names of the points in the order they were passed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    passed = []

    def hook(name):
        passed.append(name)
        if len(passed) - 1 in crashes:
            raise Crash

    patch = pytest.MonkeyPatch()
    patch.setattr(wiring.secrets, "token_bytes", lambda size: b"m" * size)
    story = Story(folder)
    token = durable.HOOK.set(hook)
    try:
        for step in story.steps:
            _repeat(story, step)
        story.close()
        kept = durable.HOOK.set(None)
        found = outcome(story.settings)
        durable.HOOK.reset(kept)
        _repeat(story, story.drop)
    finally:
        durable.HOOK.reset(token)
        story.close()
        patch.undo()
    left = wiring.open_store(story.settings).read(Scope.system(), "", 10)
    assert not left.events
    return found, passed


def _repeat(story, step):
    """Do a step until it survives."""
    while True:
        try:
            return step()
        except Crash:
            story.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One path for all runs: ids of events depend on where a file was first seen."""
    return tmp_path_factory.mktemp("story") / "run"


@pytest.fixture(scope="module")
def whole(folder):
    """The story without a crash, its points, and those that only the way back from one passes."""
    found, passed = run(folder)
    torn = passed.index("quarantine.after_sync")
    same, twice = run(folder, torn)
    assert found == same
    return found, passed, torn, twice


@pytest.mark.slow
def test_every_durable_act_in_the_source_is_a_crash_point_that_was_hit(whole):
    """Nothing in the product is made durable under a name that this test does not reach."""
    _found, passed, _torn, twice = whole
    names = names_in_the_source()

    assert len(names) > 10
    hit = {name.rpartition(".")[0] for name in (*passed, *twice)}
    assert set() == names - hit


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_crash_at_any_durable_act_loses_and_doubles_nothing(whole, folder, part):
    """First and last passage of each point: same alerts, evidence, events, ledger, coverage."""
    expected, passed, torn, twice = whole
    crashes = [(number,) for number in _first_and_last(passed)]
    crashes += [(torn, n) for n in _first_and_last(twice) if twice[n] not in passed]

    for at in crashes[part::PARTS]:
        found, names = run(folder, *at)
        assert expected == found, [names[number] for number in at]


def _first_and_last(passed):
    first = {name: number for number, name in reversed(list(enumerate(passed)))}
    last = {name: number for number, name in enumerate(passed)}
    return sorted({*first.values(), *last.values()})


@pytest.mark.slow
@pytest.mark.parametrize(
    "halt",
    [
        pytest.param("offsets.before_sync", id="accepted by the store, offset not moved"),
        pytest.param("correlate.before_commit", id="matched, not correlated"),
    ],
)
def test_a_killed_process_loses_and_doubles_nothing(halt, tmp_path):
    """A kill -9 of a real process between two named points, then an ordinary run."""
    command = [sys.executable, "-m", "haidang", "demo", "--once", "--dir"]
    undisturbed = subprocess.run([*command, tmp_path / "a"], cwd=ROOT, check=True, **_PIPES)
    environment = {**os.environ, "HAIDANG_HALT_AT": halt}
    with subprocess.Popen([*command, tmp_path / "b"], cwd=ROOT, env=environment, **_PIPED) as dying:
        while f"halted at {halt}" not in (line := dying.stderr.readline()):
            assert line, "the process ended before it reached the point"
        dying.send_signal(signal.SIGKILL)

    again = subprocess.run([*command, tmp_path / "b"], cwd=ROOT, check=True, **_PIPES)

    assert -signal.SIGKILL == dying.returncode
    assert _last_line(undisturbed) == _last_line(again)
    assert _ids(tmp_path / "a") == _ids(tmp_path / "b")


_PIPED = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
_PIPES = {"stdout": subprocess.PIPE, "text": True}


def _last_line(finished):
    return finished.stdout.splitlines()[-1]


def _ids(folder):
    settings = config.load(folder / "seed-1" / "haidang.yml")
    with ExitStack() as stack:
        soc = stack.enter_context(wiring.open_soc(settings))
        return sorted(alert.id for alert in list_alerts(soc.database, soc.scope))
