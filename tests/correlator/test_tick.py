"""Ticks: finished exactly once, through crashes, rivals, clocks and edited rules."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from correlator import tick as module
from correlator.coverage import ranges
from correlator.tick import Correlator, Report, Tick
from haidang import durable
from haidang.errors import Superseded, Unavailable
from haidang.model.instant import DAY, HOUR, MINUTE, SECOND
from haidang.model.packing import unpack_detection
from haidang.model.scope import Scope
from haidang.store.state import tables
from haidang.store.state.database import move_cursor, read_cursor
from tests.support.feed import NOON, MemoryStore, count, engine_of, event, leaf, order

NOW = NOON + HOUR
PROBE, BURST = leaf("probe"), count("burst", "probe")


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
def build(tmp_path, database):
    """Give a function that makes a correlator over some rules and events."""

    def make(events=(), rules=(PROBE, BURST), allowance=0, on=None, store=None):
        engine = engine_of(tmp_path / "rules", *rules)
        store = store or MemoryStore(events)
        return Correlator(on or database, store, engine, Scope.system(), allowance)

    return make


def probes(total):
    """Events that match the rule `probe`, a second apart."""
    return [event(number) for number in range(total)]


def detections(database):
    """Every detection that was handed on, oldest first."""
    with database.reading() as connection:
        rows = connection.execute(select(tables.detection).order_by(tables.detection.c.id)).all()
    return [unpack_detection(row.payload) for row in rows]


def stored_tick(database):
    """The tick as the cursor has it."""
    with database.reading() as connection:
        return module._unpack(read_cursor(connection, "tick"))


def dying_at(name):
    """Make the process die at a durable act."""

    def hook(passed):
        if passed == name:
            raise Crash

    return durable.HOOK.set(hook)


def test_a_tick_reads_matches_and_correlates(build, database):
    """Three events make one burst, and the tick is closed."""
    report = build(probes(3)).run(NOW)

    assert Report(ticks=1, events=3, matches=3, detections=1) == report
    assert [3] == [one.episode.events for one in detections(database)]
    assert stored_tick(database).done


def test_an_empty_store_is_one_empty_tick(build, database):
    """Nothing there is nothing wrong."""
    assert Report(ticks=1) == build().run(NOW)
    with database.reading() as connection:
        assert [] == ranges(connection)


@pytest.mark.parametrize(
    "point",
    [
        "tick.before_commit",
        "tick.after_commit",
        "replay.before_commit",
        "replay.after_commit",
        "match.before_commit",
        "match.after_commit",
        "correlate.before_commit",
        "correlate.after_commit",
    ],
)
def test_after_a_crash_nothing_is_lost_or_doubled(point, build, database):
    """The next run ends as if nothing had happened."""
    correlator = build(probes(5))
    token = dying_at(point)
    with pytest.raises(Crash):
        correlator.run(NOW)
    durable.HOOK.reset(token)

    correlator.run(NOW + MINUTE)

    assert [5] == [one.episode.events for one in detections(database)]


def test_an_open_tick_is_finished_with_its_own_time_and_head(build, database):
    """Events that came after the crash belong to the next tick."""
    store = MemoryStore(probes(3))
    correlator = build(store=store)
    token = dying_at("match.after_commit")
    with pytest.raises(Crash):
        correlator.run(NOW)
    durable.HOOK.reset(token)
    store.append([event(9)])
    opened = stored_tick(database)

    report = correlator.run(NOW + MINUTE)

    assert (NOW, "3", False) == (opened.closing, opened.head, opened.done)
    assert 2 == report.ticks
    assert [3, 4] == [one.episode.events for one in detections(database)]


def test_a_backlog_takes_several_bounded_ticks(build, database, monkeypatch):
    """More pages than a tick may read are read by the ticks that follow in the same run."""
    monkeypatch.setattr(module, "PAGE", 2)
    monkeypatch.setattr(module, "PAGES_A_TICK", 3)

    report = build(probes(20)).run(NOW)

    assert (4, 20, 20) == (report.ticks, report.events, report.matches)
    assert 1 == len({one.alert for one in detections(database)})
    assert 20 == detections(database)[-1].episode.events


def test_nothing_is_final_while_a_backlog_waits(build, database, monkeypatch):
    """A count that must stay low is judged when everything received has been read."""
    monkeypatch.setattr(module, "PAGE", 2)
    monkeypatch.setattr(module, "PAGES_A_TICK", 1)
    few = count("few", "probe", condition="lte: 2")
    late_in_feed = [event(20), event(21), event(2), event(1), event(0)]

    build(late_in_feed, rules=(PROBE, few)).run(NOW)

    assert [(NOON, NOON + SECOND)] == [
        (one.episode.start, one.episode.end) for one in detections(database)
    ]


def test_a_clock_that_goes_back_does_not_reopen_time(build, database):
    """The closing time of a tick is never before the one of the tick before it."""
    store = MemoryStore(probes(3))
    correlator = build(store=store)
    correlator.run(NOW)
    store.append([event(4)])

    correlator.run(NOW - HOUR)

    assert NOW == stored_tick(database).closing
    assert [3, 4] == [one.episode.events for one in detections(database)]


def test_a_feed_whose_newest_events_were_dropped_comes_to_an_end(build, database):
    """The head stands, the events before it are gone: that must not turn for ever."""
    store = MemoryStore(probes(5))
    store.dropped = 2

    report = build(store=store).run(NOW)

    assert (1, 3) == (report.ticks, report.events)
    assert stored_tick(database).complete


def test_an_unavailable_store_is_tried_again_by_the_next_run(build, database, monkeypatch):
    """What was matched before the failure is not matched again."""
    monkeypatch.setattr(module, "PAGE", 2)
    store = MemoryStore(probes(5))
    store.fail_at = 2
    correlator = build(store=store)

    with pytest.raises(Unavailable):
        correlator.run(NOW)
    report = correlator.run(NOW + MINUTE)

    assert 3 == report.events
    assert [5] == [one.episode.events for one in detections(database)]


def test_a_paused_correlator_fails_by_itself_when_it_wakes(build, database):
    """It holds a tick that another one finished: it must neither close nor fill a newer tick."""
    store = MemoryStore(probes(3))
    paused, other = build(store=store), build(store=store)
    tick = paused._open(NOW)
    other.run(NOW)
    store.append([event(4)])
    newer = other._open(NOW + MINUTE)

    matched = paused._match(tick, Report())
    with pytest.raises(Superseded):
        paused._correlate(*matched)

    assert newer == stored_tick(database)
    other.run(NOW + MINUTE)
    assert [3, 4] == [one.episode.events for one in detections(database)]


def test_rivals_on_one_store_double_nothing(build, state, monkeypatch):
    """Two correlators at once: each page is taken once, whoever loses is told so."""
    monkeypatch.setattr(module, "PAGE", 5)
    rivals = [state.open() for _ in range(2)]
    store = MemoryStore(probes(60))
    start = threading.Barrier(2)
    superseded = []

    def work(correlator):
        start.wait()
        for _ in range(100):
            try:
                return correlator.run(NOW)
            except Superseded as error:
                superseded.append(error)
        return None

    correlators = [build(store=store, on=one) for one in rivals]
    threads = [threading.Thread(target=work, args=(one,)) for one in correlators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = detections(rivals[0])
    with rivals[0].reading() as connection:
        covered = ranges(connection)

    assert 60 == found[-1].episode.events
    assert 1 == len({one.alert for one in found})
    assert [60] == [one.events for one in covered]


@pytest.mark.parametrize("point", ["replay.before_commit", "correlate.before_commit"])
def test_who_inserts_detections_holds_the_tick(build, database, state, point):
    """So their ids become visible in order: the alert stage reads on from the last one it saw."""
    rival = state.open(patience_secs=1)
    held = []

    def hook(name):
        if name == point:
            with rival.reading() as connection:
                here = read_cursor(connection, "tick")
            with pytest.raises(Unavailable, match="lock"), rival.transaction("rival") as connection:
                move_cursor(connection, "tick", here, here)
            held.append(name)

    token = durable.HOOK.set(hook)
    build(probes(3)).run(NOW)
    durable.HOOK.reset(token)

    assert [point] == held


def test_a_new_correlation_is_replayed_over_its_timespan(build, database):
    """Events that came before the rule did are found, and only those of its timespan."""
    store = MemoryStore([event(0, at=NOW - HOUR), *(event(n, at=NOW - n) for n in (1, 2, 3))])
    build(store=store, rules=(PROBE,)).run(NOW)
    before = len(detections(database))

    build(store=store).run(NOW + SECOND)

    found = detections(database)[before:]
    assert [("burst", 3)] == [(one.card.id, one.episode.events) for one in found]
    assert NOW + SECOND - MINUTE == store.searched[0].start


def test_unchanged_correlations_are_not_replayed(build, database):
    """The same rules again search nothing."""
    store = MemoryStore(probes(3))
    build(store=store).run(NOW)
    build(store=store).run(NOW + SECOND)

    assert [] == store.searched
    assert 1 == len(detections(database))


def test_the_replay_of_one_correlation_leaves_the_others_alone(build, database):
    """No detection of an old rule comes again, nor of a single event."""
    other = count("other", "probe", condition="gte: 2") + "generate: true\n"
    events = [event(n, at=NOW - n * SECOND) for n in (1, 2, 3)]
    store = MemoryStore(events)
    build(store=store, rules=(PROBE, leaf("alone", "probe"), BURST)).run(NOW)
    before = len(detections(database))

    build(store=store, rules=(PROBE, leaf("alone", "probe"), BURST, other)).run(NOW + SECOND)

    assert ["other"] == [one.card.id for one in detections(database)[before:]]


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param((leaf("probe", "prob"), BURST), id="leaf"),
        pytest.param((PROBE, count("burst", "probe", condition="gte: 2")), id="correlation"),
    ],
)
def test_an_edited_rule_restarts_the_correlation_above_it(edited, build, database):
    """State under the old content is not used; the timespan is matched again."""
    store = MemoryStore([event(n, at=NOW - n * SECOND) for n in (1, 2)])
    build(store=store).run(NOW)
    rules = build(store=store, rules=edited)
    store.append([event(3, at=NOW)])

    rules.run(NOW + SECOND)

    assert 3 == detections(database)[-1].episode.events
    with database.reading() as connection:
        hashes = select(func.count(tables.group_chunk.c.rule_hash.distinct()))
        assert 2 == connection.execute(hashes).scalar_one()


def test_an_edited_outer_correlation_is_fed_by_unchanged_inner_ones(build, database):
    """The inner group knows its events; the outer one starts empty and needs its windows."""
    rules = (PROBE, leaf("shell"), BURST)
    events = [event(n, at=NOW - (9 - n) * SECOND) for n in (1, 2, 3)]
    store = MemoryStore(events)
    build(store=store, rules=(*rules, order("story", "burst", "shell", span="1m"))).run(NOW)
    store.append([event(5, word="shell", at=NOW + SECOND)])

    build(store=store, rules=(*rules, order("story", "burst", "shell", span="2m"))).run(
        NOW + 2 * SECOND
    )

    found = detections(database)[-1]
    assert ("story", 4) == (found.card.id, found.episode.events)


def test_a_replay_of_more_events_than_fit_takes_them_in_parts(build, database, monkeypatch):
    """No event is cut off by the limit of a search."""
    monkeypatch.setattr(module, "REPLAYED", 4)
    store = MemoryStore([event(n, at=NOW - n * SECOND) for n in range(30)])
    build(store=store, rules=(PROBE,)).run(NOW)

    build(store=store).run(NOW)

    assert 30 == detections(database)[-1].episode.events


def test_a_replayed_count_waits_for_the_events_of_its_first_tick(build, database):
    """`lte` over a time whose newest events are still in the feed must not fire on half of them."""
    few = count("few", "probe", condition="lte: 2")
    store = MemoryStore([event(n, at=NOW - n * SECOND) for n in (1, 2)])
    build(store=store, rules=(PROBE,)).run(NOW - MINUTE)
    arrived = [event(n, at=NOW - n * SECOND - 1) for n in (10, 11, 12)]
    store.append(arrived)

    build(store=store, rules=(PROBE, few)).run(NOW + DAY)

    found = [one for one in detections(database) if one.card.id == "few"]
    assert all(one.episode.end < NOW - 9 * SECOND for one in found)


def test_coverage_follows_the_ticks_and_the_silence(build, database):
    """One range a source, up to the newest tick, with its events."""
    store = MemoryStore(probes(3))
    correlator = build(store=store)
    correlator.run(NOW)
    correlator.run(NOW + MINUTE)

    with database.reading() as connection:
        (only,) = ranges(connection)
    assert (NOON, NOW + MINUTE, 3) == (only.start, only.end, only.events)


def test_coverage_of_an_unread_backlog_is_not_claimed(build, database, monkeypatch):
    """Between two ticks of a backlog the range ends at the newest event that was read."""
    monkeypatch.setattr(module, "PAGE", 1)
    monkeypatch.setattr(module, "PAGES_A_TICK", 2)
    correlator = build(probes(5))
    tick = correlator._open(NOW)
    tick, complete, report = correlator._match(tick, Report())
    correlator._correlate(tick, complete, report)

    with database.reading() as connection:
        (unread,) = ranges(connection)
    correlator.run(NOW)
    with database.reading() as connection:
        (read,) = ranges(connection)

    assert (False, NOON + SECOND) == (complete, unread.end)
    assert (NOON, NOW, 5) == (read.start, read.end, read.events)


def test_a_tick_survives_being_written_and_read():
    """The cursor holds every field; one of an older version is read with defaults."""
    tick = replace(Tick(), number=7, head="3:4", done=False)

    assert tick == module._unpack(module._pack(tick))
    assert Tick() == module._unpack("")
