"""The timeline: the reader's own events around an alert, the sealed ones among them, bounded."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from alerts.evidence import copy_event
from dashboards import timeline
from dashboards.timeline import MOST, asset_of, find_event, read_timeline
from haidang.errors import Unavailable
from haidang.model.alert import Alert
from haidang.model.detection import Episode
from haidang.model.event import Event, encode
from haidang.model.instant import MINUTE, SECOND
from haidang.model.scope import Scope
from haidang.store.events.filter import check_of

SOC = Scope(None)
START, END = 100 * MINUTE, 110 * MINUTE


@dataclass
class Store:
    """An event store's `search` over a list, as the protocol says; not `up`: no answer."""

    events: list[Event] = field(default_factory=list)
    up: bool = True

    def search(self, scope, wanted, between, limit=1000):
        """Visible wanted events by (time, id)."""
        if not self.up:
            raise Unavailable("down")
        check = check_of(wanted.clauses)
        found = [
            event
            for event in self.events
            if scope.sees(event.operator, event.affected)
            and (wanted.ids is None or event.id in wanted.ids)
            and between.start <= event.time < between.end
            and check(event.document())
        ]
        return sorted(found, key=lambda event: (event.time, event.id))[:limit]


def event(id, time, host="WEB01", unit="so-a", zone="mang-1"):  # noqa: A002 - a field
    """A request that a web server logged."""
    document = {"host": {"name": host}, "source": {"ip": "203.0.113.9"}, "event": {"action": id}}
    return Event(id, time, time, "s", "d", "", (unit,), zone, 3, encode(document))


def alert(group=None):
    """An alert of ten minutes."""
    empty = dict.fromkeys(("rule_hash", "title", "author", "superseded_by"), "")
    counted = dict.fromkeys(("raised", "revised", "revision", "evidence_missing"), 0)
    lists = dict.fromkeys(("tags", "operators", "affected"), ())
    maps = {name: {} for name in ("sentences", "first_steps", "falsepositives", "counts")}
    return Alert(
        id="a" * 32,
        rule="r-1",
        level="high",
        episode=Episode(START, END, 2),
        group={"host.name": "web01"} if group is None else group,
        zone="mang-1",
        system_level=3,
        **empty,
        **counted,
        **lists,
        **maps,
    )


@pytest.fixture
def scene():
    """A store with two matched events, one neighbour, and what does not belong."""
    matched = [event("m1", START), event("m2", END)]
    others = [
        event("before", START - 15 * MINUTE),
        event("too-early", START - 15 * MINUTE - 1),
        event("other-host", START, host="WEB02"),
        event("other-zone", START, zone="mang-2"),
        event("other-unit", START + 1, unit="so-b"),
    ]
    copies = [copy_event(one, "rule_1") for one in matched]
    return SimpleNamespace(store=Store([*matched, *others]), copies=copies)


def ids(found):
    """The moments of a timeline, by id."""
    return [moment.event for moment in found.moments]


def test_moments_are_those_of_the_machine_in_its_zone(scene):
    """A quarter of an hour before and after, in time; the matched ones are marked and sealed."""
    found = read_timeline(scene.store, SOC, alert(), scene.copies)
    assert ["before", "m1", "other-unit", "m2"] == ids(found)
    assert ["", "rule_1", "", "rule_1"] == [moment.rule for moment in found.moments]
    assert scene.copies[0].sha256 == found.moments[1].seal
    assert (15 * MINUTE, False, False) == (found.window, found.cut, found.away)
    assert "203.0.113.9 before" == found.moments[0].said


def test_what_did_not_work_is_marked(scene):
    """A logon that was refused does not look like one that was not."""
    refused = event("refused", START + 2)
    document = {**refused.document(), "event": {"action": "Logon", "outcome": "failure"}}
    scene.store.events.append(replace(refused, ecs=encode(document)))
    copies = [*scene.copies, copy_event(scene.store.events[-1], "rule_2")]

    for given in (scene.copies, copies):
        found = read_timeline(scene.store, SOC, alert(), given)
        assert ["refused"] == [one.event for one in found.moments if one.failed]


def audited(id, number, source="s", **more):  # noqa: A002 - a field
    """An audit record of the audit event of that number."""
    record = event(id, START + 3)
    own = {"auditd": {"log": {"sequence": number}}, "haidang": more}
    return replace(record, source=source, ecs=encode({**record.document(), **own}))


def test_audit_records_are_parts_of_what_was_put_together_from_them(scene):
    """They stand under it; matched ones, and those without a whole, stand for themselves."""
    records = [audited("a-path", 7), audited("cwd", 7), audited("matched", 7)]
    others = [audited("lonely", 8), audited("other-log", 7, source="t")]
    scene.store.events += [*records, audited("whole", 7, derived=True), *others]
    copies = [*scene.copies, copy_event(records[-1], "rule_2")]
    moments = read_timeline(scene.store, SOC, alert(), copies).moments

    assert ["lonely", "matched", "other-log", "whole"] == [
        one.event for one in moments if one.time == START + 3
    ]
    assert {"whole": ["a-path", "cwd"]} == {
        one.event: [part.event for part in one.parts] for one in moments if one.parts
    }


def test_reader_sees_own_events_alone(scene):
    """The store's answer is the reader's, whatever the alert holds."""
    assert "other-unit" not in ids(
        read_timeline(scene.store, Scope.of(["so-a"]), alert(), scene.copies)
    )


def test_copies_are_there_after_retention(scene):
    """Events that the store has let go of are shown from their copies."""
    assert ["m1", "m2"] == ids(read_timeline(Store(), SOC, alert(), scene.copies))


def test_store_that_is_away_leaves_the_copies(scene):
    """The page says so instead of failing."""
    scene.store.up = False
    found = read_timeline(scene.store, SOC, alert(), scene.copies)
    assert (["m1", "m2"], True) == (ids(found), found.away)


def test_changed_copy_is_told(scene):
    """One changed byte and the seal does not hold."""
    first = scene.copies[0]
    broken = [replace(first, ecs=first.ecs.replace(b"WEB01", b"WEB02")), scene.copies[1]]
    moments = read_timeline(Store(), SOC, alert(), broken).moments
    assert [False, True] == [moment.intact for moment in moments]


@pytest.mark.parametrize(
    ("every", "window", "cut"),
    [
        pytest.param(10 * SECOND, 5 * MINUTE, False, id="fits in five minutes"),
        pytest.param(SECOND, MINUTE, True, id="fits nowhere"),
    ],
)
def test_busy_machine_is_read_in_a_narrower_window(scene, every, window, cut):
    """Too many lines narrow the window; where even that is too much, the rest is admitted."""
    times = range(START - 15 * MINUTE, END + 15 * MINUTE, every)
    scene.store.events += [event(f"n{time}", time) for time in times]
    found = read_timeline(scene.store, SOC, alert(), scene.copies)
    assert (window, cut) == (found.window, found.cut)
    assert len(found.moments) <= MOST + len(scene.copies)
    assert {"m1", "m2"} <= set(ids(found))


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        pytest.param({"source.ip": "10.1.1.1"}, ("source.ip", "10.1.1.1"), id="grouped address"),
        pytest.param({"Computer": "WEB01"}, ("host.name", "WEB01"), id="host of the copies"),
        pytest.param({}, ("host.name", "WEB01"), id="no group"),
    ],
)
def test_asset(scene, group, expected):
    """What the alert was grouped by, else what its events name."""
    assert expected == asset_of(alert(group), scene.copies)


def test_alert_without_asset_shows_its_copies(scene):
    """Where nothing names a machine there is nothing to look for."""
    assert ("", "") == asset_of(alert({}), [])
    assert [] == ids(read_timeline(scene.store, SOC, alert({}), []))


def test_event_is_found_where_the_reader_may_see_it(scene):
    """From its copy, else from the store; another unit's is not found."""
    mine = Scope.of(["so-a"])
    copies = scene.copies

    def found(name):
        return find_event(scene.store, mine, alert(), copies, name)

    assert (copies[0].ecs, copies[0]) == found("m1")
    assert scene.store.events[2].ecs == found("before")[0]
    assert [None, None] == [found("other-unit"), found("unknown")]


def test_windows_grow_smaller():
    """The first window that fits is the widest."""
    assert sorted(timeline.WINDOWS, reverse=True) == list(timeline.WINDOWS)
