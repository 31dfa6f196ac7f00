"""Legal holds of the embedded store: copies beyond retention, once each, also after a crash."""

import itertools

import pytest

from haidang import durable
from haidang.errors import HaidangError, Unavailable
from haidang.model.instant import DAY
from haidang.model.scope import Scope
from haidang.store.events.parquet import hold as hold_module
from haidang.store.events.parquet.store import ParquetStore
from haidang.store.events.protocol import Filter, Range

ALL = Scope.system()


class Halt(BaseException):
    """The process died here."""


@pytest.fixture
def small_flushes(monkeypatch):
    """Holds are written three events at a time."""
    monkeypatch.setattr(hold_module, "_FLUSH_EVENTS", 3)


def held(store, case="vu-1"):
    """The events of a hold."""
    return list(store.held(ALL, case))


def test_a_hold_outlives_retention_and_merging(parquet_store, make_event, feed_of):
    """The copies are of the case alone: neither in the feed nor in a search, nor dropped."""
    events = [make_event(n, level=1 + n % 2) for n in range(6)]
    parquet_store.append(events)
    assert 4 == parquet_store.hold("vu-1", events[:4])
    assert events == feed_of(parquet_store)
    assert events == list(parquet_store.search(ALL, Filter(), Range()))
    for level in (1, 2):
        assert 3 == parquet_store.drop(events[-1].received + 1, level, parquet_store.head())
    parquet_store.merge(events[-1].received + 2 * DAY)
    assert [] == feed_of(parquet_store)
    assert (events[:4], []) == (held(parquet_store), held(parquet_store, "vu-2"))


@pytest.mark.usefixtures("small_flushes")
def test_held_events_come_by_time_and_id(parquet_store, make_event):
    """Whatever the order and the levels in which they were added."""
    events = [make_event(n, time=n // 3, level=1 + n % 2) for n in range(20)]
    for some in (events[13::-1], events[:13:-1]):
        parquet_store.hold("vu-1", iter(some))
    assert events == held(parquet_store)


@pytest.mark.usefixtures("small_flushes")
def test_an_event_is_held_once(parquet_store, make_event):
    """Also if it comes twice in one call, or from another process's store object."""
    events = [make_event(n) for n in range(8)]
    assert 5 == parquet_store.hold("vu-1", [*events[:5], *events[:5]])
    other = ParquetStore.open(parquet_store._folder.path)
    assert 3 == other.hold("vu-1", events)
    assert 0 == parquet_store.hold("vu-1", events)
    assert 0 == parquet_store.hold("vu-1", [])
    assert events == held(parquet_store) == held(other)


@pytest.mark.usefixtures("small_flushes")
def test_a_crash_anywhere_is_made_good_by_holding_again(tmp_path, make_event):
    """What was held before the crash is there, whole flushes of it, and is not added again."""
    events = [make_event(n) for n in range(8)]
    for number in itertools.count(1):
        store = ParquetStore.open(tmp_path / str(number))
        points = itertools.count(1)

        def hook(name, points=points, number=number):
            if next(points) == number:
                raise Halt(name)

        token = durable.HOOK.set(hook)
        try:
            store.hold("vu-1", events)
            break
        except Halt:
            pass
        finally:
            durable.HOOK.reset(token)
        before = held(store)
        assert before == events[: len(before)]
        assert 8 - len(before) == store.hold("vu-1", events)
        assert events == held(store)
    assert number > 20


def test_only_visible_events_of_a_hold_are_shown(parquet_store, make_event):
    """A hold has the scope of its events."""
    mine, other = make_event(1, operator="a", affected=("b",)), make_event(2)
    parquet_store.hold("vu-1", [mine, other])
    assert [mine] == list(parquet_store.held(Scope.of(["b"]), "vu-1"))
    assert [] == list(parquet_store.held(Scope.of([]), "vu-1"))


@pytest.mark.parametrize("case", ["", "..", "a/b", "Vu-1", "-a", "a" * 65, "a\n", "vụ"])
def test_a_name_that_is_no_case_is_refused(parquet_store, case):
    """Before anything is written or read: it would be a path."""
    with pytest.raises(HaidangError, match="cannot name a case"):
        parquet_store.hold(case, [])
    with pytest.raises(HaidangError, match="cannot name a case"):
        parquet_store.held(ALL, case)
    assert not (parquet_store._folder.path / "holds").exists()


def test_a_missing_or_damaged_file_of_a_hold_is_named(parquet_store, make_event):
    """Evidence that is gone is not silently left out."""
    parquet_store.hold("vu-1", [make_event(n) for n in range(50)])
    (file,) = (parquet_store._folder.path / "holds/vu-1/l3").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-100])
    with pytest.raises(Unavailable, match=f"{file.name}.*restore"):
        held(parquet_store)
    file.unlink()
    with pytest.raises(Unavailable, match=f"{file.name}.*missing"):
        held(parquet_store)


def test_long_events_are_held_in_bounded_flushes(parquet_store, make_event, monkeypatch):
    """A flush is bounded in bytes too: all of it is in memory."""
    monkeypatch.setattr(hold_module, "_FLUSH_BYTES", 1000)
    events = [make_event(n, {"noise": "x" * 400}) for n in range(7)]
    assert 7 == parquet_store.hold("vu-1", events)
    assert 3 == len(list((parquet_store._folder.path / "holds/vu-1/l3").iterdir()))
    assert events == held(parquet_store)
