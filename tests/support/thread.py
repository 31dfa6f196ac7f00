"""The whole thread as a story that may die at any durable act and goes on where it was.

The same on both profiles: collecting, correlating, an edited rule, a legal hold, retention.
"""

import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import func, select

from alerts.listing import list_alerts, list_evidence
from app import backtest, config, rulesets, stores, wiring
from app.commands import store as store_command
from app.demo.announced import calendar_yaml
from app.demo.clock import STEPS, clock, instant
from app.demo.configuration import config_yaml, inventory_yaml
from app.demo.day import files_until
from app.demo.lines import Execution, Request
from app.demo.logs import log_path
from app.demo.story import append_missing
from app.demo.world import make_world
from haidang import durable
from haidang.model.instant import DAY, HOUR, to_local
from haidang.model.scope import Scope
from haidang.store.events.elastic.client import Client
from haidang.store.events.protocol import START
from haidang.store.state import counters, tables
from rules import sets
from rules.load import load
from tests.support import elasticsearch
from tests.support.postgresql import EMPTY
from tests.support.profiles import settings_of

# The backdoor's half-hour, and passes far enough apart that hours and days are merged and dropped.
WORLD = make_world(1)
QUIET, *BACKDOOR = [step for step in STEPS if step <= instant(clock(2, 0))][-4:]
LATER = [BACKDOOR[-1] + hours * HOUR for hours in (2, 30, 54)]
OVER = LATER[-1] + DAY
CASE = "vu-1"

# Where a story may die: step, attempt at it, how many points were passed in that attempt.
Place: TypeAlias = tuple[int, int, int]

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

SET = {
    "other.yml": b"""\
title: Nothing Ever
id: 7d1b9a52-35c1-4a4e-9a2c-5b9f1c0e0003
status: test
level: high
logsource: {category: webserver}
detection: {selection: {cs-method: NOTHING}, condition: selection}
"""
}


_LOADED: dict = {}


class Crash(BaseException):
    """The process dies here."""


@dataclass(frozen=True)
class Outcome:
    """What must not depend on crashes, nor on the profile."""

    alerts: list
    evidence: list
    events: dict
    ledger: dict
    quarantine: int
    covered: dict
    raised: int
    counters: dict
    held: list


@dataclass(frozen=True)
class Profile:
    """`empty()` gives a run the settings of empty stores; `meanwhile` befalls a dead process."""

    empty: Callable[[], AbstractContextManager[dict]]
    meanwhile: Callable[[], None]


EMBEDDED = Profile(partial(nullcontext, {}), lambda: None)


def cluster_profile(connection, cluster):
    """The test servers; whenever the process dies, somebody rolls all streams over."""

    def seal():
        with closing(Client.open(connection)) as client:
            elasticsearch.seal(client)

    @contextmanager
    def empty():
        with closing(Client.open(connection)) as client:
            elasticsearch.empty(client)
        with cluster.database(template=EMPTY) as name:
            yield settings_of(connection, cluster, name)

    return Profile(empty, seal)


@cache
def lines_until(until):
    """The attacked server's two logs in the attack's steps, with one line that is no record."""
    before, content = files_until(WORLD, QUIET), files_until(WORLD, until)
    web, audit = log_path(WORLD.web.name, Request), log_path(WORLD.web.name, Execution)
    return {
        web: b"this is no access line\n" + content[web][len(before[web]) :],
        audit: content[audit][len(before[audit]) :],
    }


class Story:
    """The steps of the product over the half-hour; each may be repeated after a crash."""

    def __init__(self, folder, profile_settings):
        self._folder = folder
        self._file = folder / "haidang.yml"
        self._prepare(profile_settings)
        self.settings = config.load(self._file)
        self._open = ExitStack()
        self._collecting = self._soc = None
        self.steps = [self._init, self._import, self._reopen]
        for at in (*BACKDOOR, LATER[0]):
            self.steps += self._turn(at)
        self.steps += [self._edit, *self._turn(LATER[0] + 1)]
        for at in LATER[1:]:
            self.steps += self._turn(at)
        self.steps += [self._backtest, self._hold]

    def _prepare(self, profile_settings):
        """The demo's world; a folder of rules of our own that is empty at first."""
        (self._folder / "more").mkdir(parents=True, exist_ok=True)
        (self._folder / "inventory.yml").write_text(inventory_yaml(WORLD), encoding="utf-8")
        (self._folder / "calendar.yml").write_text(calendar_yaml(WORLD), encoding="utf-8")
        text = config_yaml(WORLD, profile_settings) + "rules: [more]\n"
        self._file.write_text(text, encoding="utf-8")

    def close(self):
        """What the operating system does for a process that died."""
        self._open.close()
        self._collecting = self._soc = None

    def _init(self):
        for _line in stores.init(self.settings):
            pass

    def _import(self):
        """`haidang rules import` of a set with one rule."""
        found, _new = sets.add(rulesets.sets_folder(self.settings), "other", "r1", SET)
        with closing(stores.open_database(self.settings)) as database:
            rulesets.use(database, found, QUIET)

    def _reopen(self):
        if self._collecting is None:
            opened = wiring.open_collecting(self.settings)
            self._collecting = self._open.enter_context(opened)
            self._soc = self._open.enter_context(wiring.open_soc(self.settings))

    def _turn(self, at):
        return [partial(self._collect, at), partial(self._correlate, at)]

    def _collect(self, at):
        for path, content in lines_until(min(at, BACKDOOR[-1])).items():
            append_missing(self._folder / path, content)
        self._reopen()
        report = self._collecting.run_once(at)
        assert not report.stopped
        assert not [one for one in report.warnings if "housekeeping" in one]

    def _correlate(self, at):
        self._reopen()
        self._soc.correlate(at)

    def _edit(self):
        """A correlation is added: it is replayed over its timespan."""
        (self._folder / "more" / "many.yml").write_text(EXTRA_RULE, encoding="utf-8")
        self.close()

    def _backtest(self):
        """`haidang rules backtest`: the set's rule is tried on everything that is stored."""
        self.close()
        with wiring.open_modes(self.settings, LATER[-1]) as modes:
            done = backtest.run(modes, backtest.candidates(modes), 0, LATER[-1])
            assert done.events
            backtest.keep(modes, done, LATER[-1])

    def _hold(self):
        """`haidang store hold` of every alert's evidence."""
        self.close()
        with wiring.open_soc(self.settings) as soc:
            alerts = tuple(sorted(one.id for one in list_alerts(soc.database, soc.scope)))
        store_command.hold.callback(self._file, case=CASE, alerts=alerts, events=())

    def drop(self, levels):
        """`haidang store drop` of everything; a stream's youngest index goes the second time."""
        before = to_local(OVER).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        for level in (*levels, *levels):
            store_command.drop.callback(self._file, level=level, before=before)


def outcome(settings):
    """Everything that a person or the next stage could see."""
    with wiring.open_soc(settings) as soc:
        found = list_alerts(soc.database, soc.scope)
        evidence = [
            (alert.id, copy.event, copy.sha256)
            for alert in found
            for copy in list_evidence(soc.database, soc.scope, alert.id)
        ]
        events = list(_feed(soc.store))
        held = list(soc.store.held(soc.scope, CASE))
        covered, raised = _covered(soc.database), _raised(soc.database)
        with soc.database.reading() as connection:
            counted = dict(counters.read(connection))
    counted.pop(("ticks", ""), None)  # who dies after a tick takes another one when back
    ledger = {
        one.path: (one.counts.to_json(), one.counts.balanced) for one in wiring.ledger(settings)
    }
    quarantine = (settings.data_dir / "quarantine.ndjson").read_bytes().count(b"\n")
    by_id = {event.id: event for event in events}
    assert len(by_id) == len(events)
    alerts = sorted((one.id, one.episode, tuple(one.sentences.items())) for one in found)
    return Outcome(
        alerts, sorted(evidence), by_id, ledger, quarantine, covered, raised, counted, held
    )


def _feed(store) -> Iterator:
    position = START
    while (page := store.read(Scope.system(), position, 10_000)).position != position:
        yield from page.events
        position = page.position


def _covered(database):
    """Events that were matched, by source."""
    table = tables.coverage
    query = select(table.c.source, func.sum(table.c.events)).group_by(table.c.source)
    with database.reading() as connection:
        return {source: int(count) for source, count in connection.execute(query)}


def _raised(database):
    query = select(func.count()).where(tables.audit.c.action == "alert.raised")
    with database.reading() as connection:
        return connection.execute(query).scalar_one()


def _load(paths):
    """`rules.load`, parsed again only when a file says something else: many stories start."""
    files = [file for path in paths for file in (sorted(path.rglob("*.yml")) or [path])]
    key = tuple((file, file.is_file() and file.read_bytes()) for file in files)
    if key not in _LOADED:
        _LOADED[key] = load(paths)
    return _LOADED[key]


def run(
    folder: Path, profile: Profile, crashes: Collection[Place] = ()
) -> tuple[Outcome, dict[Place, str]]:
    """The whole story; dies at these places and each time goes on with the step it was at.

    Returns what stands before retention, and the names of all points in the order they were
    passed. After retention nothing has changed but that the events are gone.
    """
    shutil.rmtree(folder, ignore_errors=True)
    passed: dict[Place, str] = {}
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(wiring.secrets, "token_bytes", lambda size: b"m" * size)
        patch.setattr(store_command, "receive_clock", lambda: OVER)
        patch.setattr(rulesets, "load", _load)
        story = Story(folder, stack.enter_context(profile.empty()))
        stack.callback(story.close)
        survive = partial(_survive, story, profile, crashes, passed)
        for number, step in enumerate(story.steps):
            survive(number, step)
        found = outcome(story.settings)
        levels = sorted({event.level for event in found.events.values()})
        survive(len(story.steps), partial(story.drop, levels))
        assert replace(found, events={}) == outcome(story.settings)
    return found, passed


def _survive(story, profile, crashes, passed, number, step):
    """Repeat a step until it lives to its end."""
    for attempt in count():
        points = count()

        def hook(name, attempt=attempt, points=points):
            place = (number, attempt, next(points))
            passed[place] = name
            if place in crashes:
                raise Crash

        token = durable.HOOK.set(hook)
        try:
            return step()
        except Crash:
            story.close()
        finally:
            durable.HOOK.reset(token)
        profile.meanwhile()
    return None
