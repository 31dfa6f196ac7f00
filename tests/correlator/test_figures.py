"""What the correlator counts of its own work: each thing once, whatever dies between."""

from dataclasses import replace

import pytest

from correlator import figures
from correlator.tick import Correlator
from haidang import durable
from haidang.model.detection import Match
from haidang.model.instant import HOUR, MINUTE, SECOND
from haidang.model.scope import Scope
from haidang.store.state import counters
from tests.support.feed import NOON, MemoryStore, count, engine_of, event, leaf

NOW = NOON + HOUR
EVENTS = [
    event(0, received=NOW - HOUR),
    event(1, received=NOW - MINUTE),
    event(2, received=NOW - MINUTE - 1),
    event(3, word="nothing", received=NOW + SECOND),
]
COUNTED = {
    ("events", ""): 4,
    ("matches", ""): 3,
    ("rule_matches", "probe"): 3,
    ("evaluation_lag", "1"): 1,  # received after the tick's time counts as no delay
    ("evaluation_lag", "60"): 1,
    ("evaluation_lag", "120"): 1,
    ("evaluation_lag", "3600"): 1,
    ("evaluation_lag_sum", ""): HOUR + 2 * MINUTE + 1,
    ("ticks", ""): 1,
    ("detections", ""): 1,
}


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
def correlator(tmp_path, database):
    """One rule and a burst of it over four events."""
    engine = engine_of(tmp_path / "rules", leaf("probe"), count("burst", "probe"))
    return Correlator(database, MemoryStore(EVENTS), engine, Scope.system(), 0)


def counted(database):
    """All counters."""
    with database.reading() as connection:
        return dict(counters.read(connection))


def test_tick_counts_what_it_did(correlator, database):
    """Events, matches by rule, delays by bucket; the next tick adds only itself."""
    correlator.run(NOW)
    assert COUNTED == counted(database)

    correlator.run(NOW + MINUTE)
    assert {**COUNTED, ("ticks", ""): 2} == counted(database)


def test_excluded_matches_are_counted_apart(database):
    """They belong to no rule's own count."""
    free = Match("probe", "h", "e1", 0, 0, "s", "o", (), "z", 2, {})
    kept = replace(free, event="e2", excluded="LT-03")
    with database.transaction("test") as connection:
        figures.matched(connection, (), [free, kept], 0, NOW)

    found = {("matches", ""): 2, ("matches_excluded", ""): 1, ("rule_matches", "probe"): 1}
    assert found == counted(database)


@pytest.mark.parametrize("stage", ["match", "correlate"])
@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
def test_crash_counts_nothing_twice(correlator, database, stage, moment):
    """A tick that died is finished later, with the delays of its own time."""

    def die(name):
        if name == f"{stage}.{moment}":
            raise Crash

    token = durable.HOOK.set(die)
    with pytest.raises(Crash):
        correlator.run(NOW)
    durable.HOOK.reset(token)
    correlator.run(NOW)

    # Only where the tick had ended is the second run one of its own.
    ticks = 2 if (stage, moment) == ("correlate", "after_commit") else 1
    assert {**COUNTED, ("ticks", ""): ticks} == counted(database)


@pytest.mark.parametrize(
    ("lag", "expected"),
    [(0, "1"), (SECOND, "1"), (SECOND + 1, "5"), (4 * HOUR, "14400"), (4 * HOUR + 1, "+Inf")],
)
def test_delay_falls_into_the_first_bound_that_holds_it(lag, expected):
    """Bounds belong to their bucket, as Prometheus' `le` says."""
    assert expected == figures.bucket(lag)
