"""The change feed where only a server can put it: lost shards, deletions, rollovers, threads."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haidang.errors import HaidangError
from haidang.model.scope import Scope
from haidang.store.events.elastic import feed
from haidang.store.events.protocol import START

ALL = Scope.system()


def roll_over(store):
    """Begin the next index of the stream linux-l3."""
    store._client.ask("POST", f"/{store._client.prefix}-linux-l3/_rollover")


def ids(events):
    """The ids of events."""
    return [event.id for event in events]


@pytest.fixture
def two(elastic_store, make_event):
    """Sixty events each in two streams."""
    events = [make_event(n, dataset=("linux.auth", "nginx.access")[n % 2]) for n in range(120)]
    elastic_store.append(events)
    return events


@given(st.integers(0, 100), st.lists(st.integers(0, 60), max_size=8))
def test_sharing_is_fair_and_whole(room, wanted):
    """Nobody gets more than it wants, room is used up, and who gets less got the biggest part."""
    granted = feed.share(room, wanted)
    assert min(room, sum(wanted)) == sum(granted)
    assert all(got <= want for got, want in zip(granted, wanted, strict=True))
    less = [got for got, want in zip(granted, wanted, strict=True) if got < want]
    assert not less or max(granted) - min(less) <= 1


def test_page_is_shared_by_all_streams(elastic_store, make_event):
    """A flood in one stream does not keep back the few events of another."""
    few = [make_event(n, dataset="nginx.access") for n in range(3)]
    elastic_store.append([make_event(n) for n in range(100, 200)] + few)
    page = elastic_store.read(ALL, START, 10)
    assert 10 == len(page.events)
    assert set(ids(few)) <= set(ids(page.events))


def test_pages_come_again_after_a_crash(elastic_store, two, make_event):
    """A page depends on where it begins and ends, not on what was appended meanwhile."""
    until = elastic_store.head()
    pages = []
    position = START
    while position != until:
        pages.append((position, elastic_store.read(ALL, position, 7, until)))
        position = pages[-1][1].position
    elastic_store.append([make_event(n, dataset="nginx.access") for n in range(500, 540)])
    roll_over(elastic_store)
    elastic_store.append([make_event(n) for n in range(600, 620)])
    for position, page in pages:
        assert page == elastic_store.read(ALL, position, 7, until)


def test_pages_are_bounded_in_bytes(elastic_store, make_event, feed_of, monkeypatch):
    """A page holds as many events as fit, one that is too large for any page alone."""
    monkeypatch.setattr(feed, "PAGE_BYTES", 4000)
    sizes = [100, 3000, 500, 9000, 10, 10, 3960, 1900, 1900, 2000]
    events = [make_event(n, {"event": {"original": "x" * size}}) for n, size in enumerate(sizes)]
    elastic_store.append(events)
    position, pages = START, []
    while (page := elastic_store.read(ALL, position, 100)).position != position:
        pages.append(page.events)
        position = page.position
    assert events == [event for page in pages for event in page]
    for page in pages:
        assert len(page) == 1 or sum(len(event.ecs) for event in page) <= 4000
    assert 6 == len(pages)


def test_rollover_between_pages(elastic_store, make_event, feed_of):
    """Reading goes from an index into the next one of its stream, in order."""
    events = [make_event(n) for n in range(30)]
    for start in (0, 10, 20):
        elastic_store.append(events[start : start + 10])
        roll_over(elastic_store)
    assert events == feed_of(elastic_store, limit=4)
    assert set(ids(events[15:])) == elastic_store.ids_after(
        elastic_store.read(ALL, elastic_store.read(ALL, START, 10).position, 5).position
    )


def test_position_of_another_store(elastic_store):
    """The embedded store's positions mean nothing here."""
    for use in (
        lambda: elastic_store.read(ALL, "3:17", 10),
        lambda: elastic_store.ids_after("3:17"),
    ):
        with pytest.raises(HaidangError, match="not a position"):
            use()


@pytest.mark.slow
def test_reading_and_appending_by_threads(elastic_store, make_event):
    """Two readers beside two writers and rollovers get every event once."""
    batches = [
        [
            make_event(w * 1000 + b * 20 + n, dataset=("linux.auth", "nginx.access")[n % 2])
            for n in range(20)
        ]
        for w in (1, 2)
        for b in range(10)
    ]
    done = threading.Event()
    found = [[], []]

    def write(mine):
        for number, batch in enumerate(mine):
            elastic_store.append(batch)
            if number == 4:
                roll_over(elastic_store)

    def follow(mine, limit):
        position = START
        while True:
            last = done.is_set()
            page = elastic_store.read(ALL, position, limit)
            if last and page.position == position:
                return
            mine.extend(ids(page.events))
            position = page.position

    writers = [threading.Thread(target=write, args=(batches[w::2],)) for w in (0, 1)]
    readers = [threading.Thread(target=follow, args=(found[r], 7 + 50 * r)) for r in (0, 1)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    expected = sorted(event.id for batch in batches for event in batch)
    assert [expected, expected] == [sorted(mine) for mine in found]


def test_limit_of_nothing_gives_nothing(elastic_store, make_event):
    """A limit of 0 or less is an empty page where one stands."""
    elastic_store.append([make_event(1)])
    for limit in (0, -1):
        page = elastic_store.read(ALL, START, limit)
        assert ((), START) == (tuple(page.events), page.position)


def test_pages_beyond_what_one_search_gives(elastic_store, make_event, feed_of):
    """Elasticsearch gives 10,000 hits at most; more events come in more pages."""
    events = [make_event(n) for n in range(10_020)]
    elastic_store.append(events)
    page = elastic_store.read(ALL, START, 20_000)
    assert 10_000 == len(page.events)
    assert 10_020 == len(elastic_store.ids_after(START))
    assert events[10_000:] == feed_of(elastic_store, page.position)
