"""The whole thread dies at every durable act in turn; what stands afterwards is always the same."""

import ast
import shutil
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import pytest

from app import config
from tests.support.acts import ACTS
from tests.support.proxy import proxied
from tests.support.site import ATTACK, INPUT
from tests.support.thread import EMBEDDED, Outcome, Profile, cluster_profile, outcome, run

ROOT = Path(__file__).parents[2]
PACKAGES = ("haidang", "collectors", "rules", "correlator", "alerts", "dashboards", "app")
# What no log line leads to: acts of people (tests/haidang/store/test_acts.py), the grouping of an
# older store's alerts (tests/alerts/test_grouping.py), and lone rows of the audit trail.
ELSEWHERE = {*ACTS, "alerts.group", "access.refused", "login.failed", "metrics.refused"}
DURABLE = {"write", "write_folder", "sync", "rename", "commit", "transaction", "point"}
PARTS = 8


@dataclass(frozen=True)
class Whole:
    """A profile's story without a crash; `again` is the one that died after a quarantine's write.

    `passed` and `again` name the points by their places.
    """

    profile: Profile
    outcome: Outcome
    passed: dict
    torn: tuple
    again: dict

    @property
    def names(self):
        """Every point that was passed, with and without what follows its last dot."""
        found = {*self.passed.values(), *self.again.values()}
        return found | {name.rpartition(".")[0] for name in found}

    @property
    def recovering(self):
        """The first and last passages of points that only the way back from a crash passes."""
        known = set(self.passed.values())
        return [place for place in first_and_last(self.again) if self.again[place] not in known]


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


def first_and_last(passed):
    """The places of each point's first and last passage."""
    first = {name: place for place, name in reversed(passed.items())}
    last = {name: place for place, name in passed.items()}
    return sorted({*first.values(), *last.values()})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One path for all runs: ids of events depend on where a file was first seen."""
    return tmp_path_factory.mktemp("story") / "run"


def whole(folder, profile):
    """The story of a profile, and the same with a torn quarantine."""
    found, passed = run(folder, profile)
    torn = next(place for place, name in passed.items() if name == "quarantine.after_sync")
    same, again = run(folder, profile, {torn})
    assert found == same
    return Whole(profile, found, passed, torn, again)


@pytest.fixture(scope="module")
def embedded(folder):
    """The story on files."""
    return whole(folder, EMBEDDED)


@pytest.fixture(scope="module")
def clustered_story(folder, elastic_connection, cluster):
    """The story on servers."""
    return whole(folder, cluster_profile(elastic_connection, cluster))


@pytest.mark.slow
def test_both_profiles_tell_the_same_story(embedded, clustered_story):
    """Alerts, evidence, events byte by byte, ledger, quarantine, coverage, holds."""
    assert embedded.outcome == clustered_story.outcome
    assert embedded.outcome.alerts
    assert embedded.outcome.held


@pytest.mark.slow
def test_every_durable_act_in_the_source_is_a_crash_point_that_was_hit(embedded, clustered_story):
    """Nothing in the product is made durable under a name that this test does not reach."""
    names = names_in_the_source()

    assert len(names) > 20
    assert set() == names - ELSEWHERE - embedded.names - clustered_story.names
    assert names >= ELSEWHERE


def alone(story):
    """First and last passage of each point, each in a run of its own."""
    crashes = [{place} for place in first_and_last(story.passed)]
    return crashes + [{story.torn, place} for place in story.recovering]


def one_in_every_step(story):
    """Each passage of each point; a run dies once in every step that has so many."""
    numbers = range(1 + max(number for _, _, number in story.passed))
    crashes = [{one for one in story.passed if one[2] == number} for number in numbers]
    return crashes + [{story.torn, place} for place in story.recovering]


def survives(story, folder, crashes):
    """Each of these runs dies where it should, and what stands afterwards is the same."""
    for places in crashes:
        found, names = run(folder, story.profile, places)
        assert story.outcome == found, [names[place] for place in places]
        assert places <= names.keys()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_crash_at_any_durable_act_loses_and_doubles_nothing(embedded, folder, part):
    """Same alerts, evidence, events, ledger, coverage, hold, on files."""
    survives(embedded, folder, alone(embedded)[part::PARTS])


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_crashes_beside_a_cluster_lose_and_double_nothing(clustered_story, folder, part):
    """The same on servers, where a run takes seconds, and somebody rolls over after each crash."""
    survives(clustered_story, folder, one_in_every_step(clustered_story)[part::PARTS])


@pytest.mark.full
@pytest.mark.parametrize("part", range(PARTS))
def test_a_crash_alone_beside_a_cluster_loses_and_doubles_nothing(clustered_story, folder, part):
    """No crash is healed by the next one."""
    survives(clustered_story, folder, alone(clustered_story)[part::PARTS])


# Long ago, so that no clock of a machine finds these times to come.
READER = ATTACK.replace(b"/tai-ve?tep=../../../../etc/passwd", b"/")
LOG = (READER + ATTACK).replace(b"2026", b"2020") + b"this is no access line\n"


@pytest.fixture
def seal(elastic_connection, cluster):
    """Rolls all streams over."""
    return cluster_profile(elastic_connection, cluster).meanwhile


@pytest.fixture
def attacked(tmp_path, site):
    """Writes the configuration of an attacked web server, whose masks are always the same."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.log").write_bytes(LOG)

    def configured(**settings):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data/mask.key").write_bytes(b"m" * 32)
        return site(tmp_path, INPUT, **settings)

    return configured


def finished(haidang, file):
    """What stands after ordinary runs, whenever they were."""
    for word in ("collect", "correlate"):
        ran = haidang(word, "--once", "--config", file)
        assert (0, "") == (ran.code, ran.err)
    found = outcome(config.load(file))
    # How late events were evaluated depends on when the killed process was followed by another.
    timeless = {key: n for key, n in found.counters.items() if "evaluation_lag" not in key[0]}
    events = {one.id: one.ecs for one in found.events.values()}
    return replace(found, events=events, counters=timeless)


@pytest.fixture
def undisturbed(haidang, attacked, tmp_path):
    """What stands where nothing happens, on files."""
    found = finished(haidang, attacked())
    shutil.rmtree(tmp_path / "data")
    assert (1, 2) == (len(found.alerts), len(found.events))
    return found


def killed_at(halt, process):
    """A kill -9 of the process where it halts."""
    process.wait_for(f"halted at {halt}")
    assert -signal.SIGKILL == process.end(signal.SIGKILL).code


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "halt"),
    [
        pytest.param("collect", "manifest.after_rename", id="accepted, offset not moved"),
        pytest.param("collect", "quarantine.after_sync", id="quarantined, offset not moved"),
        pytest.param("correlate", "match.after_commit", id="matched, not correlated"),
        pytest.param("correlate", "correlate.before_commit", id="correlating"),
        pytest.param("correlate", "alerts.before_commit", id="raising"),
    ],
)
def test_a_killed_process_loses_and_doubles_nothing(
    haidang, start, attacked, undisturbed, word, halt
):
    """A kill -9 of a real process between two named points, then ordinary runs."""
    file = attacked()
    if word == "correlate":
        assert 0 == haidang("collect", "--once", "--config", file).code
    killed_at(halt, start(word, "--once", "--config", file, HAIDANG_HALT_AT=halt))

    assert undisturbed == finished(haidang, file)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "halt"),
    [
        pytest.param("collect", "bulk.sent", id="accepted by the store, offset not moved"),
        pytest.param("collect", "quarantine.after_sync", id="quarantined, offset not moved"),
        pytest.param("correlate", "match.after_commit", id="matched, not correlated"),
        pytest.param("correlate", "correlate.before_commit", id="correlating"),
        pytest.param("correlate", "alerts.before_commit", id="raising"),
    ],
)
def test_a_process_killed_beside_a_cluster_loses_and_doubles_nothing(
    haidang, start, attacked, undisturbed, clustered, seal, word, halt
):
    """A kill -9 between two named points, then a rollover, then ordinary runs."""
    file = attacked(**clustered)
    if word == "correlate":
        assert 0 == haidang("collect", "--once", "--config", file).code
    killed_at(halt, start(word, "--once", "--config", file, HAIDANG_HALT_AT=halt))
    seal()

    assert undisturbed == finished(haidang, file)


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True], ids=["answer unread", "request still under way"])
def test_a_collector_killed_within_a_bulk_request_loses_and_doubles_nothing(
    haidang, start, attacked, undisturbed, clustered, late
):
    """The server did it and nobody heard, or it hears of it only after the successor's run."""
    sent, go_on, done = Event(), Event(), Event()
    elasticsearch = clustered["elasticsearch"]

    def treat(line, ask):
        if "/_bulk" not in line:
            return ask()
        if not late:
            ask()
        sent.set()
        go_on.wait()
        if late:
            ask()
        done.set()
        return None

    with proxied(elasticsearch["hosts"][0]) as proxy:
        proxy.treat = treat
        through = {**elasticsearch, "hosts": [proxy.url]}
        file = attacked(**{**clustered, "elasticsearch": through})
        process = start("collect", "--once", "--config", file)
        assert sent.wait(40)
        ended = process.end(signal.SIGKILL)
        found = finished(haidang, attacked(**clustered))
        go_on.set()
        assert done.wait(40)

    assert -signal.SIGKILL == ended.code
    assert undisturbed == found
    assert undisturbed == finished(haidang, file)
