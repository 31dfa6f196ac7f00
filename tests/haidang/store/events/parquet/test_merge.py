"""Merging: what is due, and that no reader notices."""

import pyarrow.parquet as pq
import pytest

from haidang.errors import Unavailable
from haidang.model.instant import DAY, HOUR, MINUTE
from haidang.model.scope import Scope
from haidang.store.events.parquet.manifest import Extent, Manifest, Segment
from haidang.store.events.parquet.merge import plan
from haidang.store.events.protocol import START, Filter, Range

MIDNIGHT = 20_000 * DAY


def segment(number, received, rows=10, level=3):
    """A flush that was received at an instant of the day that begins at MIDNIGHT."""
    at = MIDNIGHT + received
    extent = Extent(rows, at, at, at, at)
    return Segment(level, f"l{level}/{number}", number, number, "flush", 1, extent)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(HOUR - 1, [], id="the hour is not over"),
        pytest.param(HOUR, [("hour", [1, 2])], id="the hour is over"),
        pytest.param(DAY - 1, [("hour", [1, 2]), ("hour", [3, 4])], id="two hours are over"),
        pytest.param(DAY, [("day", [1, 2, 3, 4])], id="the day is over"),
    ],
)
def test_plan(now, expected):
    """Only what is over is merged, days instead of hours where possible."""
    received = [5 * MINUTE, 10 * MINUTE, HOUR, HOUR + MINUTE]
    live = tuple(segment(n, at) for n, at in enumerate(received, 1))
    groups = plan(Manifest(segments=live), MIDNIGHT + now)
    assert expected == [(span, [one.first for one in group]) for span, group in groups]


def test_levels_are_merged_apart():
    """Retention is by level, so no file holds two."""
    live = (segment(1, 0), segment(1, 0, level=4), segment(2, 0), segment(2, 0, level=4))
    groups = plan(Manifest(segments=live), MIDNIGHT + DAY)
    assert [{3}, {4}] == [{one.level for one in group} for _, group in groups]


def test_merged_files_are_bounded():
    """A day of many events becomes several files."""
    live = tuple(segment(n, n) for n in range(1, 8))
    groups = plan(Manifest(segments=live), MIDNIGHT + DAY, max_rows=30)
    assert [[1, 2, 3], [4, 5, 6]] == [[one.first for one in group] for _, group in groups]


def test_stragglers_do_not_rewrite_a_day():
    """A few late events wait until there are many."""
    live = (segment(1, 0, rows=1000), segment(2, 1, rows=5))
    assert [] == plan(Manifest(segments=live), MIDNIGHT + DAY)


def filled(store, make_event, flushes=6, size=10):
    """Events of several levels, two flushes an hour, received out of order now and then."""
    events = []
    for flush in range(flushes):
        at = MIDNIGHT + (flush // 2 + (2 if flush % 5 == 0 else 0)) * HOUR
        batch = [
            make_event(flush * size + n, level=1 + n % 3, received=at + n, time=at - n)
            for n in range(size)
        ]
        store.append(batch)
        events.extend(batch)
    return events


def test_feed_and_search_are_the_same_before_and_after(parquet_store, make_event, feed_of):
    """Hours, then a day: the same sequence, from every position."""
    events = filled(parquet_store, make_event)
    positions = [START]
    while (page := parquet_store.read(Scope.system(), positions[-1], 5)).events:
        positions.append(page.position)
    expected = sorted(events, key=lambda event: (event.time, event.id))
    merged = []
    for now in (0, 5 * HOUR, DAY, DAY):
        merged.append(parquet_store.merge(MIDNIGHT + now))
        for number in range(0, len(positions), 6):
            assert events[number * 5 :] == feed_of(parquet_store, positions[number], 29)
        assert expected == list(parquet_store.search(Scope.system(), Filter(), Range()))
        assert {event.id for event in events[5:]} == parquet_store.ids_after(positions[1])
    assert [False, True, True, False] == [count > 0 for count in merged]


def test_a_day_becomes_one_file_a_level(parquet_store, make_event, tmp_path):
    """Files merged away are deleted by the merge after."""
    filled(parquet_store, make_event)
    parquet_store.merge(MIDNIGHT + DAY)
    files = tmp_path / "events"
    assert 18 + 3 == len(list(files.glob("l*/*")))
    parquet_store.merge(MIDNIGHT + DAY)
    assert [1, 2, 3] == sorted(int(file.parent.name[1:]) for file in files.glob("l*/*"))
    assert [] == list((files / "merging").iterdir())


def test_small_flushes_become_large_row_groups(parquet_store, make_event, tmp_path):
    """A day of tiny flushes is not a file of tiny row groups."""
    for n in range(20):
        parquet_store.append([make_event(n, received=MIDNIGHT + n)])
    parquet_store.merge(MIDNIGHT + DAY)
    (file,) = (tmp_path / "events/l3").glob("1-20-*")
    assert (1, 20) == (pq.read_metadata(file).num_row_groups, pq.read_metadata(file).num_rows)


def test_large_events_make_small_row_groups(parquet_store, make_event, tmp_path):
    """A page never needs more than some MiB at once."""
    large = [make_event(n, {"a": "x" * 3_000_000}, received=MIDNIGHT) for n in range(6)]
    parquet_store.append(large)
    (file,) = (tmp_path / "events/l3").glob("*")
    assert 3 == pq.read_metadata(file).num_row_groups


def test_retention_drops_merged_segments(parquet_store, make_event, feed_of, tmp_path):
    """Only files whose every event is older go, and they go at once."""
    events = filled(parquet_store, make_event)
    parquet_store.merge(MIDNIGHT + DAY)
    last = max(event.received for event in events if event.level == 2)
    head = parquet_store.head()
    assert 0 == parquet_store.drop(last, 2, head)
    assert sum(event.level == 2 for event in events) == parquet_store.drop(last + 1, 2, head)
    assert [event for event in events if event.level != 2] == feed_of(parquet_store)
    parquet_store.merge(MIDNIGHT + DAY)
    assert [] == list((tmp_path / "events/l2").iterdir())
    assert 0 == parquet_store.drop(last + 1, 2, head)


def test_positions_stay_valid_when_everything_is_dropped(parquet_store, make_event, feed_of):
    """The head never goes back, so no reader misses what comes next."""
    head = parquet_store.append([make_event(1)]).position
    assert 1 == parquet_store.drop(make_event(2).received, 3, head)
    assert head == parquet_store.head()
    parquet_store.append([make_event(2)])
    assert [make_event(2)] == feed_of(parquet_store, head)
    assert [make_event(2)] == feed_of(parquet_store)


@pytest.mark.parametrize("merged", [False, True])
def test_retention_waits_for_the_reader(parquet_store, make_event, feed_of, merged):
    """A file goes once the reader has passed its last event, to the row."""
    for start in (0, 4):
        events = [make_event(start + n, received=MIDNIGHT, level=1 + n % 2) for n in range(4)]
        parquet_store.append(events)
    if merged:
        parquet_store.merge(MIDNIGHT + DAY)
    last_of_level_1 = "2:2"
    dropped = {}
    for passed in (START, "1:1", "1:2", "1:3", "2:0", "2:1", last_of_level_1):
        dropped[passed] = parquet_store.drop(MIDNIGHT + 1, 1, passed)
    expected = {last_of_level_1: 4} if merged else {"1:2": 2, last_of_level_1: 2}
    assert expected == {passed: count for passed, count in dropped.items() if count}
    assert {2} == {event.level for event in feed_of(parquet_store)}


def test_retention_refuses_a_reader_ahead_of_the_store(parquet_store, make_event, feed_of):
    """A position from before a restore says nothing of what was read."""
    parquet_store.append([make_event(1)])
    with pytest.raises(Unavailable, match="older backup"):
        parquet_store.drop(make_event(2).received, 3, "9:0")
    assert [make_event(1)] == feed_of(parquet_store)


def test_maintenance_merges_what_is_over_once_a_minute(parquet_store, make_event, tmp_path):
    """At the first call, then not within a minute of the last, except when the clock goes back."""
    left = []
    for n, at in enumerate([0, 1, MINUTE - 1, MINUTE, MINUTE - 1, HOUR]):
        for m in range(2):
            parquet_store.append([make_event(2 * n + m, received=MIDNIGHT)])
        parquet_store.maintain(MIDNIGHT + DAY + at)
        left.append(len(parquet_store._manifest.read().segments))
    assert [1, 3, 5, 1, 1, 1] == left


def test_maintenance_that_failed_tries_again_a_minute_later(parquet_store, make_event, monkeypatch):
    """A disk that is full is not filled anew each second."""
    tried = []

    def fail(now):
        tried.append(now)
        raise Unavailable("the disk is full")

    monkeypatch.setattr(parquet_store, "merge", fail)
    for now in (0, MINUTE):
        with pytest.raises(Unavailable):
            parquet_store.maintain(now)
        parquet_store.maintain(now + 1)
    assert [0, MINUTE] == tried
