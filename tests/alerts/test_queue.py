"""The queue: own groups only, most urgent first, every row once, found without accents."""

import unicodedata
from dataclasses import replace
from itertools import product

import pytest

from alerts.queue import ORDERS, News, Wanted, get_group, read_news, read_page
from alerts.raising import raise_alerts
from haidang.model.scope import Scope

SOC = Scope(None)


@pytest.fixture
def raising(database, put, make, world):
    """Raise detections, each as the alert that a letter names: `raising(now, letter=changes)`."""
    store = make.store([*world.a1.events, *world.f1.events])

    def run(now, **detections):
        for letter, changes in detections.items():
            detection = world.a1.detection
            card = replace(detection.card, **changes.pop("card", {}))
            put(replace(detection, alert=letter * 32, card=card, **changes))
        raise_alerts(database, store, world.names, now)

    return run


@pytest.fixture
def queue(raising, database):
    """Four groups of four machines: so-a's a and b, so-b's c, and d, which spans both.

    Returns the newest alerts' letters of a page.
    """
    high = {"card": {"level": "high"}}
    raising(10, a={"group": {"host.name": "m1"}, "system_level": 2})
    raising(20, b={"group": {"host.name": "m2"}} | high)
    raising(30, c={"group": {"host.name": "m3"}, "affected": ("so-b",), "operators": ()})
    both = {"affected": ("so-a", "so-b"), "operators": ()}
    raising(40, d={"group": {"host.name": "m4"}, "card": {"level": "low", "id": "r-2"}} | both)

    def read(wanted=Wanted(), scope=SOC, **options):  # noqa: B008 - frozen
        return letters(read_page(database, scope, wanted, **options))

    return read


def letters(page):
    """The newest alerts of a page, by letter."""
    return "".join(group.newest[0] for group in page.groups)


@pytest.mark.parametrize(
    ("order", "expected"), [("severity", "cabd"), ("waiting", "abcd"), ("newest", "dcba")]
)
def test_order(queue, order, expected):
    """By severity, then system level, then activity; or the longest waiting; or the newest."""
    assert expected == queue(order=order)


@pytest.mark.parametrize(("order", "limit"), list(product(ORDERS, (1, 2, 3, 4))))
def test_pages_hold_every_group_once(queue, database, order, limit):
    """Page after page gives what one page would; the last leads nowhere."""
    found, after = "", ""
    for _ in range(5):
        page = read_page(database, SOC, Wanted(), order, after, limit)
        found, after = found + letters(page), page.after
        if not after:
            break
    assert queue(order=order) == found


def test_page_stays_whole_while_alerts_arrive(queue, database, raising):
    """A new group before the place moves nothing behind it."""
    first = read_page(database, SOC, Wanted(), limit=2)
    raising(50, e={"group": {"host.name": "m5"}})
    assert "bd" == letters(read_page(database, SOC, Wanted(), after=first.after))


@pytest.mark.parametrize("after", ["x", "1.2", "1.2.3.4.5", "a.2.3.id", f"{2**64}.1.1.id", "...."])
def test_place_that_is_none_is_refused(queue, database, after):
    """An address that somebody edited is a mistake of the reader, not of the database."""
    with pytest.raises(ValueError):
        read_page(database, SOC, Wanted(), after=after)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        pytest.param(SOC, "cabd", id="centre"),
        pytest.param(Scope.of(["so-a"]), "ab", id="affected unit"),
        pytest.param(Scope.of(["so-b"]), "c", id="other unit"),
        pytest.param(Scope.of(["ttdl"]), "ab", id="operator"),
        pytest.param(Scope.of(["so-a", "so-b"]), "cab", id="what spans units is the centre's"),
        pytest.param(Scope.of([]), "", id="no unit"),
    ],
)
def test_scope_sees_its_units_groups(queue, database, scope, expected):
    """Rows, counts, single groups and news follow the same rule."""
    assert expected == queue(scope=scope)
    page = read_page(database, scope, Wanted())
    assert len(expected) == sum(page.levels.values())
    assert len(expected) == len(read_news(database, scope, Wanted(), 0).new)
    everything = read_page(database, SOC, Wanted()).groups
    seen = [group.newest[0] for group in everything if get_group(database, scope, group.id)]
    assert expected == "".join(seen)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(Wanted(levels=frozenset({"high", "low"})), "bd", id="levels"),
        pytest.param(Wanted(levels=frozenset({"other"})), "", id="no such level"),
        pytest.param(Wanted(unit="so-b"), "cd", id="unit, also among others"),
        pytest.param(Wanted(rule="r-2"), "d", id="rule"),
        pytest.param(Wanted(text="cua hau"), "cabd", id="without accents"),
        pytest.param(Wanted(text="CỬA HẬU"), "cabd", id="capitals"),
        pytest.param(Wanted(text=unicodedata.normalize("NFD", "cửa hậu")), "cabd", id="NFD"),
        pytest.param(Wanted(text="hau m3"), "c", id="each word somewhere"),
        pytest.param(Wanted(text="so nong nghiep m2"), "b", id="unit by name"),
        pytest.param(Wanted(text="m_"), "", id="underscore is itself"),
        pytest.param(Wanted(text="%"), "", id="per cent is itself"),
        pytest.param(Wanted(text="'; DROP TABLE alert; --"), "", id="quote is itself"),
        pytest.param(Wanted(text=" "), "cabd", id="blank"),
    ],
)
def test_filter(queue, wanted, expected):
    """Each filter leaves what it names."""
    assert expected == queue(wanted)


@pytest.mark.parametrize(
    ("attack", "expected"),
    [("T1505", "a"), ("t1505.003", "a"), ("TA0003", "a"), ("T1505.00", "a"), ("T1059", "b")],
)
def test_filter_by_attack(raising, database, attack, expected):
    """A technique finds its sub-techniques, a tactic its techniques' rules."""
    shell = ("attack.persistence", "attack.t1505.003")
    raising(10, a={"group": {"host.name": "m1"}, "card": {"tags": shell}})
    raising(20, b={"group": {"host.name": "m2"}, "card": {"tags": ("attack.t1059",)}})
    assert expected == letters(read_page(database, SOC, Wanted(attack=attack)))


def test_filter_by_time(raising, database, world):
    """A group is found by any time between its first and last event."""
    raising(10, a={})
    start, end = world.a1.detection.episode.start, world.a1.detection.episode.end
    for since, until, expected in [
        (end, None, "a"),
        (end + 1, None, ""),
        (None, start, ""),
        (None, start + 1, "a"),
        (start + 1, end, "a"),
    ]:
        wanted = Wanted(since=since, until=until)
        assert expected == letters(read_page(database, SOC, wanted))


def test_levels_are_counted_whichever_are_asked_for(queue, database):
    """Highest first; the other filters apply."""
    wanted = Wanted(levels=frozenset({"low"}), unit="so-a")
    assert {"critical": 1, "high": 1, "medium": 0, "low": 1, "informational": 0} == (
        read_page(database, SOC, wanted).levels
    )


def test_news_are_what_a_page_does_not_show(queue, database, raising):
    """After a page: new groups, changed groups, and nothing twice."""
    position = read_page(database, SOC, Wanted()).position
    assert News(position) == read_news(database, SOC, Wanted(), position)
    raising(50, e={"group": {"host.name": "m5"}}, f={"group": {"host.name": "m1"}})
    news = read_news(database, SOC, Wanted(), position)
    ids = {group.newest[0]: group.id for group in read_page(database, SOC, Wanted()).groups}
    assert ((ids["e"],), (ids["f"],)) == (news.new, news.changed)
    assert position < news.position
    assert News(news.position) == read_news(database, SOC, Wanted(), news.position)


def test_news_follow_the_readers_filter(queue, database, raising):
    """Who looks at one unit's rows is told of that unit's."""
    position = read_page(database, SOC, Wanted()).position
    raising(50, e={"group": {"host.name": "m5"}})
    assert () == read_news(database, SOC, Wanted(unit="so-b"), position).new
    assert 1 == len(read_news(database, SOC, Wanted(unit="so-a"), position).new)


def test_lists_carry_no_raw_event(queue, database):
    """No field of a group is an event's document or line."""
    for group in read_page(database, SOC, Wanted()).groups:
        assert "event.original" not in repr(group)
        assert "ecs" not in repr(group)
