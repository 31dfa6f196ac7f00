"""Groups: alerts of one rule, one entity and the same units, always equal to their alerts."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, func, select

from alerts.grouping import entity_of, group_older
from alerts.queue import Wanted, read_page
from alerts.raising import raise_alerts
from haidang import durable
from haidang.model.scope import Scope
from haidang.store.state import tables

SOC = Scope(None)
GROUPS = (tables.alert_group, tables.alert_group_unit, tables.alert_group_member)


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
def raising(database, put, make, world):
    """Hand detections to the alert stage and raise them: `raising(now, *detections)`."""
    store = make.store([*world.a1.events, *world.f1.events])

    def run(now, *detections):
        if detections:
            put(*detections)
        return raise_alerts(database, store, world.names, now)

    return run


@pytest.fixture
def groups(database):
    """The queue as the centre sees it."""
    return lambda: read_page(database, SOC, Wanted()).groups


def again(detection, letter, **changes):
    """The same detection as another alert."""
    return replace(detection, alert=letter * 32, **changes)


@pytest.mark.parametrize(
    ("expected", "group"),
    [
        pytest.param(
            {"host.name": "a"}, {"host.name": "a", "source.ip": "192.0.2.1"}, id="machine"
        ),
        pytest.param({"Computer": "A"}, {"Computer": "A", "User": "u"}, id="machine of Windows"),
        pytest.param(
            {"source.ip": "192.0.2.1", "user.name": "u"},
            {"source.ip": "192.0.2.1", "user.name": "u"},
            id="no machine",
        ),
        pytest.param({}, {}, id="nothing named"),
    ],
)
def test_entity_is_the_machine_where_one_is_named(expected, group):
    """A scan from many addresses at one machine is about the machine."""
    assert expected == entity_of(group)


def test_group_measures_its_alerts(raising, groups, world):
    """Counts, first and last times and the newest alert are those of all alerts together."""
    first = world.a1.detection
    later = replace(first.episode, start=first.episode.start + 5, end=first.episode.end + 7)
    raising(10, first)
    raising(20, again(first, "b", episode=later))
    (group,) = groups()
    assert (2, 2 * first.episode.events) == (group.alerts, group.events)
    assert (first.episode.start, later.end) == (group.first, group.last)
    assert (10, 20, "b" * 32) == (group.raised, group.activity, group.newest)
    assert "01:52" in group.sentences["vi"]
    assert {"host.name": "web-snn"} == group.entity


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"group": {"host.name": "web-2"}}, id="machine"),
        pytest.param({"zone": "mang-2"}, id="zone"),
        pytest.param({"affected": ("so-b",)}, id="affected unit"),
        pytest.param({"operators": ("so-a",), "affected": ()}, id="role of the unit"),
    ],
)
def test_what_differs_is_another_group(raising, groups, world, changes):
    """Another machine, zone or unit is read apart."""
    raising(10, world.a1.detection, again(world.a1.detection, "b", **changes))
    assert [1, 1] == [group.alerts for group in groups()]


@pytest.mark.parametrize(
    "group",
    [
        pytest.param({"host.name": "WEB-SNN"}, id="case"),
        pytest.param({"host.name": "web-snn", "source.ip": "192.0.2.9"}, id="other address"),
    ],
)
def test_what_means_the_same_is_one_group(raising, groups, world, group):
    """The spelling of a machine, and who attacks it, make no second group."""
    raising(10, world.a1.detection, again(world.a1.detection, "b", group=group))
    assert [2] == [one.alerts for one in groups()]


def test_superseded_alert_leaves_its_group(raising, groups, rows, world):
    """What was absorbed is counted no more; a group without alerts is gone."""
    raising(10, world.a1.detection, again(world.a1.detection, "b"))
    other = again(world.a1.detection, "c", group={"host.name": "web-2"})
    raising(20, other)
    raising(30, replace(world.a1.detection, absorbed=("b" * 32, "c" * 32)))
    (group,) = groups()
    assert (1, "a" * 32, 10) == (group.alerts, group.newest, group.raised)
    assert [group.id] == [row["group"] for row in rows(tables.alert_group_member)]


def test_revision_that_concerns_more_units_moves_the_alert(raising, groups, rows, world):
    """What spans several units leaves the row that one of them reads."""
    raising(10, world.a1.detection)
    raising(20, replace(world.a1.detection, affected=("so-a", "so-b"), operators=()))
    (group,) = groups()
    assert ("so-a", "so-b") == group.affected
    assert [("so-a", 0), ("so-b", 0)] == [
        (row["unit"], row["reads"]) for row in rows(tables.alert_group_unit)
    ]


def test_nothing_changed_is_no_news(raising, rows, world):
    """The same detection again leaves the groups and their numbers as they were."""
    raising(10, world.a1.detection)
    before = [rows(table) for table in (*GROUPS, tables.cursor)][:3]
    raising(20, world.a1.detection)
    assert before == [rows(table) for table in GROUPS]


def test_long_and_hostile_values_are_bounded(raising, groups, world):
    """A machine's name from a log is shown harmless and short."""
    name = "\x1b[2J\u202e\x00" + "x" * 5000
    raising(10, again(world.a1.detection, "b", group={"host.name": name}))
    (group,) = groups()
    assert group.entity["host.name"].startswith(r"\x1b[2J\u202e\x00xxx")
    assert 200 == len(group.entity["host.name"])


@pytest.mark.parametrize("name", ["alerts.before_commit", "alerts.after_commit"])
def test_crash_leaves_groups_equal_to_their_alerts(raising, database, rows, world, name):
    """Alert and group are one commit: after any crash both are there or neither."""
    raising(10, world.f1.detection)

    def die(point):
        if point == name:
            raise Crash

    token = durable.HOOK.set(die)
    try:
        with pytest.raises(Crash):
            raising(20, world.a1.detection)
    finally:
        durable.HOOK.reset(token)
    assert len(rows(tables.alert)) == len(rows(tables.alert_group_member))
    raising(20)
    assert 2 == len(rows(tables.alert)) == len(rows(tables.alert_group))


@pytest.fixture
def ungrouped(raising, database, world, rows):
    """Four alerts, one of them superseded, as a version without groups left them; what it had."""
    detections = [again(world.a1.detection, letter) for letter in "abc"]
    raising(10, *detections, world.f1.detection)
    raising(20, replace(detections[0], absorbed=("b" * 32,)))
    before = [rows(table) for table in GROUPS]
    with database.transaction("test") as connection:
        for table in reversed(GROUPS):
            connection.execute(delete(table))
    return before


def without_numbers(groups):
    """Rows of groups without the number of their transaction."""
    return [{**row, "born": 0, "change": 0} for row in groups]


def test_older_alerts_are_grouped_as_new_ones_are(ungrouped, database, world, rows):
    """An existing store gets the groups that it would have had."""
    group_older(database, world.names, batch=2)
    groups, units, members = (rows(table) for table in GROUPS)
    assert [without_numbers(ungrouped[0]), *ungrouped[1:]] == [
        without_numbers(groups),
        units,
        members,
    ]


def test_grouping_older_alerts_goes_on_after_a_crash(ungrouped, database, world, rows):
    """What was grouped stays, the rest follows; doing it again changes nothing."""

    def die(point):
        if point == "alerts.group.after_commit":
            raise Crash

    token = durable.HOOK.set(die)
    try:
        with pytest.raises(Crash):
            group_older(database, world.names, batch=1)
    finally:
        durable.HOOK.reset(token)
    assert 1 == len(rows(tables.alert_group_member))
    group_older(database, world.names, batch=1)
    done = [rows(table) for table in GROUPS]
    group_older(database, world.names)
    assert done == [rows(table) for table in GROUPS]
    assert ungrouped[2] == done[2]


def test_new_alert_joins_older_ones_that_are_not_grouped_yet(ungrouped, raising, database, world):
    """Raising before the older alerts have groups, and grouping them then, gives the whole."""
    raising(30, again(world.a1.detection, "d"))
    group_older(database, world.names)
    with database.reading() as connection:
        table = tables.alert_group
        counts = connection.scalars(select(table.c.alerts).order_by(table.c.alerts)).all()
        assert 4 == connection.scalar(select(func.sum(table.c.alerts)))
    assert [1, 3] == counts
