"""Merging: what is due, and that no reader notices."""

import pyarrow.parquet as pq
import pytest

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
    assert 0 == parquet_store.drop(last, 2)
    assert sum(event.level == 2 for event in events) == parquet_store.drop(last + 1, 2)
    assert [event for event in events if event.level != 2] == feed_of(parquet_store)
    parquet_store.merge(MIDNIGHT + DAY)
    assert [] == list((tmp_path / "events/l2").iterdir())
    assert 0 == parquet_store.drop(last + 1, 2)


def test_positions_stay_valid_when_everything_is_dropped(parquet_store, make_event, feed_of):
    """The head never goes back, so no reader misses what comes next."""
    head = parquet_store.append([make_event(1)])
    assert 1 == parquet_store.drop(make_event(2).received, 3)
    assert head == parquet_store.head()
    parquet_store.append([make_event(2)])
    assert [make_event(2)] == feed_of(parquet_store, head)
    assert [make_event(2)] == feed_of(parquet_store)
