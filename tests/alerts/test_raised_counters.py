"""The alert stage counts what it raised and revised, by level, in its own transaction."""

from dataclasses import replace

import pytest

from alerts.raising import raise_alerts
from haidang import durable
from haidang.model.detection import Episode
from haidang.store.state import counters

NOW = 10**15


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
def stage(database, make, world):
    """The stage over both scenes' events."""
    store = make.store([*world.a1.events, *world.f1.events])
    return lambda: raise_alerts(database, store, world.names, NOW, 50)


def counted(database):
    """All counters."""
    with database.reading() as connection:
        return dict(counters.read(connection))


def test_alerts_are_counted_by_level_once(stage, put, database, world):
    """Raised and revised apart; a detection that changes nothing counts nothing."""
    detection = world.a1.detection
    put(detection, world.f1.detection)
    stage()
    put(detection)
    stage()
    episode = detection.episode
    put(replace(detection, episode=Episode(episode.start, episode.end, episode.events + 1)))
    stage()

    expected = {("alerts_raised", "critical"): 2, ("alerts_revised", "critical"): 1}
    assert expected == counted(database)


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
def test_crash_counts_no_alert_twice(stage, put, database, world, moment):
    """The counter goes with the alert itself."""
    put(world.a1.detection)

    def die(name):
        if name == f"alerts.{moment}":
            raise Crash

    token = durable.HOOK.set(die)
    with pytest.raises(Crash):
        stage()
    durable.HOOK.reset(token)
    stage()

    assert {("alerts_raised", "critical"): 1} == counted(database)
