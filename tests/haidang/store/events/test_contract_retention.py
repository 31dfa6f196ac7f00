"""What every event store promises of retention, holds and housekeeping; see `test_contract`."""

import pytest

from haidang.errors import HaidangError
from haidang.model.instant import DAY, HOUR, SECOND
from haidang.model.scope import Scope
from haidang.store.events.protocol import START, Filter, Range

ALL = Scope.system()
BAD_NAMES = ["", "A", "-a", "a/b", "..", "a b", "a_b", "án", "a" * 65, "*", "a\n"]


@pytest.fixture
def old(make_event):
    """Four events, two each of the levels 1 and 2."""
    return [make_event(n, level=1 + n % 2) for n in range(4)]


def test_drop_spares_newer_events_and_other_levels(event_store, seal, make_event, feed_of, old):
    """Retention by level removes nothing that is young, and nothing of another level."""
    event_store.append(old)
    seal(event_store)
    young = [make_event(n, level=1, received=old[-1].received + HOUR) for n in (5, 6)]
    head = event_store.append(young).position
    seal(event_store)
    assert 2 == event_store.drop(old[-1].received + SECOND, 1, head)
    left = {event.id for event in feed_of(event_store)}
    assert {event.id for event in [*young, old[1], old[3]]} == left
    found = event_store.search(ALL, Filter(), Range())
    assert left == {event.id for event in found}


def test_drop_takes_nothing_of_the_second_that_it_was_told(event_store, seal, old):
    """`before` is exclusive: an event received at that instant stays, and its segment with it."""
    head = event_store.append(old).position
    seal(event_store)
    assert 0 == event_store.drop(old[2].received, 1, head)
    assert 2 == event_store.drop(old[2].received + 1, 1, head)


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_drop_spares_what_a_reader_has_not_read(event_store, seal, feed_of, old, limit):
    """A reader in the middle keeps every segment that holds something for it."""
    event_store.append(old)
    seal(event_store)
    position = event_store.read(ALL, START, limit).position
    left = feed_of(event_store, position)
    dropped = sum(event_store.drop(old[-1].received + DAY, level, position) for level in (1, 2))
    assert dropped <= len(old) - len(left)
    assert left == feed_of(event_store, position)
    head = event_store.head()
    dropped += sum(event_store.drop(old[-1].received + DAY, level, head) for level in (1, 2))
    assert len(old) == dropped


def test_feed_goes_on_after_a_drop(event_store, seal, make_event, feed_of, old):
    """Positions from before a drop stay positions; what comes later is read once."""
    head = event_store.append(old).position
    seal(event_store)
    for level in (1, 2):
        event_store.drop(old[-1].received + DAY, level, head)
    late = [make_event(n) for n in (10, 11)]
    event_store.append(late)
    assert late == feed_of(event_store, head)
    assert late == feed_of(event_store, START)
    assert {event.id for event in late} == event_store.ids_after(head)


def test_hold_outlives_retention(event_store, seal, old):
    """Copies stay when the events themselves are dropped."""
    head = event_store.append(old).position
    assert 2 == event_store.hold("vu-1", old[:2])
    seal(event_store)
    for level in (1, 2):
        event_store.drop(old[-1].received + DAY, level, head)
    assert [] == list(event_store.search(ALL, Filter(), Range()))
    assert old[:2] == list(event_store.held(ALL, "vu-1"))


def test_hold_takes_an_event_once(event_store, old):
    """Holding again adds what is new; two cases may hold the same event."""
    event_store.append(old)
    assert 3 == event_store.hold("vu-1", old[1:])
    assert 0 == event_store.hold("vu-1", old[1:])
    assert 1 == event_store.hold("vu-1", old)
    assert 1 == event_store.hold("vu-2", old[:1])
    assert old == list(event_store.held(ALL, "vu-1"))
    assert old[:1] == list(event_store.held(ALL, "vu-2"))


def test_hold_is_neither_in_the_feed_nor_in_search(event_store, make_event, feed_of, old):
    """Copies are seen in their hold only."""
    event_store.append(old[:1])
    head = event_store.head()
    event_store.hold("vu-1", [*old, make_event(9)])
    assert head == event_store.head()
    assert old[:1] == feed_of(event_store)
    assert frozenset() == event_store.ids_after(head)
    assert old[:1] == list(event_store.search(ALL, Filter(), Range()))


def test_held_events_come_by_time_and_id(event_store, make_event):
    """The order of a search, not that of holding."""
    events = [make_event(n, time=1000 - n // 2, id=f"e{9 - n}") for n in range(6)]
    event_store.hold("vu-1", events)
    expected = sorted(events, key=lambda event: (event.time, event.id))
    assert expected == list(event_store.held(ALL, "vu-1"))


def test_held_shows_what_the_scope_sees(event_store, make_event):
    """A hold tells no unit about another's events."""
    mine = make_event(1, operator="a", affected=())
    event_store.hold("vu-1", [mine, make_event(2, operator="b", affected=("c",))])
    assert [mine] == list(event_store.held(Scope.of(["a"]), "vu-1"))
    assert [] == list(event_store.held(Scope.of(["x"]), "vu-1"))


def test_a_case_without_a_hold_holds_nothing(event_store):
    """An unknown case is empty."""
    assert [] == list(event_store.held(ALL, "vu-9"))


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_of_cases_are_refused(event_store, old, name):
    """A name that is no plain word could reach another file or index."""
    with pytest.raises(HaidangError, match="case"):
        event_store.hold(name, old)
    with pytest.raises(HaidangError, match="case"):
        list(event_store.held(ALL, name))


def test_maintaining_changes_nothing_that_is_read(event_store, feed_of, old):
    """Housekeeping, however often, leaves feed, positions and search as they were."""
    event_store.append(old[:2])
    middle = event_store.head()
    event_store.append(old[2:])
    for step in range(3):
        event_store.maintain(old[-1].received + step * DAY)
    assert old[2:] == sorted(feed_of(event_store, middle), key=lambda event: event.time)
    assert old == list(event_store.search(ALL, Filter(), Range()))
    assert 4 == len(feed_of(event_store))


def test_closing_twice_is_harmless(event_store, old):
    """A store may be closed by whoever opened it and by whoever used it."""
    event_store.append(old)
    event_store.close()
    event_store.close()
