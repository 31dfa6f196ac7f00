"""Groups: which match belongs to which, and what is remembered of them for how long."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from correlator import groups
from correlator.groups import Key, key_of
from correlator.points import Owner, Point
from haidang.model.instant import DAY
from haidang.store.state import tables
from tests.support.correlation import empty_database, memory_database, rule

RULE = rule("burst", span=10)
KEY = Key("g", {"host.name": "web"})
OWNER = Owner("op", ("unit",), "zone", 3)


def point(time, name=None, steps=1, owner=OWNER):
    """One point, named by its time."""
    return Point(time, name or f"e{time}", steps, owner)


def keys(values, zones=("z1", "z2"), by=None):
    """How many groups the same values make in these zones."""
    own = rule("r", by=by or tuple(values))
    return len({key_of(own, values, zone).id for zone in zones})


@pytest.mark.parametrize(
    ("expected", "values"),
    [
        pytest.param(1, {"source.ip": "203.0.113.7"}, id="public-address"),
        pytest.param(2, {"source.ip": "10.0.0.1"}, id="private-address"),
        pytest.param(2, {"source.ip": "fd00::1"}, id="private-ipv6"),
        pytest.param(2, {"host.name": "web"}, id="host-name"),
        pytest.param(2, {"Computer": "web"}, id="host-name-of-windows"),
        pytest.param(1, {"user.name": "an"}, id="account"),
        pytest.param(2, {"user.name": "an", "source.ip": "10.0.0.1"}, id="mixed"),
    ],
)
def test_what_repeats_in_every_network_counts_with_its_zone(expected, values):
    """Private addresses and host names are groups of their zone, public ones of the world."""
    assert expected == keys(values)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("ADMIN", "admin", id="case"),
        pytest.param("::ffff:203.0.113.7", "203.0.113.7", id="mapped-address"),
        pytest.param("Điện-Biên", "ĐIỆN-BIÊN", id="vietnamese"),
        pytest.param("Hà Nội", "Ha\u0300 No\u0323\u0302i", id="nfd"),
    ],
)
def test_values_are_compared_folded_and_shown_as_written(one, other):
    """ADMIN and admin are one account."""
    own = rule("r", by=("user.name",))
    first, second = (key_of(own, {"user.name": value}, "z") for value in (one, other))

    assert first.id == second.id
    assert (one, other) == (first.values["user.name"], second.values["user.name"])


@pytest.mark.parametrize("values", [{}, {"host.name": "web"}, {"host.name": "w", "user.name": ""}])
def test_without_every_group_field_there_is_no_group(values):
    """An unknown user is not a user."""
    assert key_of(rule("r", by=("host.name", "user.name")), values, "z") is None


def test_without_group_by_there_is_one_group():
    """A correlation may count everywhere."""
    assert key_of(rule("r", by=()), {}, "z1") == key_of(rule("r", by=()), {"a": "b"}, "z2")


def test_values_cannot_run_into_each_other():
    """a+bc is another group than ab+c."""
    own = rule("r", by=("user.name", "url.path"))
    one = key_of(own, {"user.name": "a", "url.path": "bc"}, "z")
    other = key_of(own, {"user.name": "ab", "url.path": "c"}, "z")

    assert one.id != other.id


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 3)), max_size=30))
def test_points_come_back_as_they_were_stored(pairs):
    """Over any number of chunks, with their owners and steps."""
    opened = empty_database()
    points = [point(time, f"e{n}", steps) for n, (time, steps) in enumerate(pairs)]
    with opened.transaction("test") as connection:
        groups.add(connection, RULE, KEY, points, 1)
    with opened.reading() as connection:
        loaded = groups.load(connection, RULE, "g")

    assert [(p, p.steps, p.owner) for p in sorted(points)] == [
        (p, p.steps, p.owner) for p in loaded.sorted_points()
    ]


def test_values_and_what_is_carried_come_back_as_they_were_stored():
    """Numbers stay whole or not, text stays text."""
    opened = memory_database()
    more = [
        Point(1, "e1", 1, OWNER, (2, 2.5, 2**62)),
        Point(2, "e2", 1, OWNER, ("id",), (("an", ""), ("bình", "x"))),
    ]
    with opened.transaction("test") as connection:
        groups.add(connection, RULE, KEY, more, 1)
    with opened.reading() as connection:
        loaded = groups.load(connection, RULE, "g").sorted_points()

    assert [(p.values, p.carried) for p in more] == [(p.values, p.carried) for p in loaded]


def test_a_point_that_gains_a_value_is_fresh():
    """It came by another rule, by which an alias means another field."""
    opened = memory_database()
    first, again = (Point(1, "e1", 1, OWNER, (value,)) for value in (2, 3))
    with opened.transaction("test") as connection:
        groups.add(connection, RULE, KEY, [first], 1)
        _group, before, fresh = groups.add(connection, RULE, KEY, [again], 2)

    assert ([], [(2, 3)]) == (before, [one.values for one in fresh])


def test_adding_tells_old_from_fresh():
    """A point again is not fresh; a point with another step is."""
    opened = memory_database()
    with opened.transaction("test") as connection:
        groups.add(connection, RULE, KEY, [point(1), point(2)], 1)
        group, before, fresh = groups.add(
            connection, RULE, KEY, [point(1), point(2, steps=2), point(3)], 2
        )

    assert [1] == [one.time for one in before]
    assert [(2, 3), (3, 1)] == [(one.time, one.steps) for one in fresh]
    assert [1, 2, 3] == [one.time for one in group.sorted_points()]


def test_a_group_keeps_the_spelling_it_was_first_seen_by():
    """The name on an alert does not change with each event."""
    opened = memory_database()
    with opened.transaction("test") as connection:
        groups.add(connection, RULE, Key("g", {"user.name": "ADMIN"}), [point(1)], 1)
        group, _before, _fresh = groups.add(
            connection, RULE, Key("g", {"user.name": "admin"}), [point(99)], 1
        )

    assert {"user.name": "ADMIN"} == group.values


def test_an_unknown_group_is_empty():
    """No row, no points."""
    opened = memory_database()
    with opened.reading() as connection:
        assert [] == groups.load(connection, RULE, "nobody").sorted_points()


@pytest.mark.parametrize(
    ("late", "forgotten"),
    [pytest.param(0, 0, id="just-not"), pytest.param(1, 1, id="just-over")],
)
def test_a_chunk_is_kept_a_day_and_a_timespan_after_it_was_touched(late, forgotten):
    """By the receive clock, whatever the events' own time is."""
    opened = memory_database()
    with opened.transaction("test") as connection:
        groups.add(connection, RULE, KEY, [point(5)], 100)
        gone = groups.expire(connection, [RULE], 100 + DAY + RULE.timespan + late)

    assert forgotten == len(gone)
    assert forgotten == sum(len(points) for _rule, _group, points in gone)


def test_only_untouched_chunks_of_a_group_are_forgotten():
    """A running group loses its old part and keeps its new one."""
    opened = memory_database()
    with opened.transaction("test") as connection:
        groups.add(connection, RULE, KEY, [point(5)], 0)
        groups.add(connection, RULE, KEY, [point(55)], DAY)
        gone = groups.expire(connection, [RULE], DAY + RULE.timespan + 1)
        left = groups.load(connection, RULE, "g").sorted_points()

    assert [[5]] == [[one.time for one in points] for _rule, _group, points in gone]
    assert [55] == [one.time for one in left]


def test_state_of_rules_that_are_gone_is_forgotten_without_a_word():
    """Their chunks and their waiting windows disappear after a day."""
    opened = memory_database()
    with opened.transaction("test") as connection:
        groups.add(connection, RULE, KEY, [point(5)], 0)
        row = {"rule_hash": RULE.card.hash, "group_id": "g", "at": 0}
        connection.execute(insert(tables.due).values(row))
        gone = groups.expire(connection, [rule("another")], DAY + 1)
        counts = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (tables.group_chunk, tables.due)
        ]

    assert ([], [0, 0]) == (gone, counts)
