"""The third transaction: raised once, revised when something changed, absorbed, never torn."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from sqlalchemy import insert, select

from alerts.raising import raise_alerts
from haidang import durable
from haidang.errors import Superseded, Unavailable
from haidang.model.detection import KEPT, Episode
from haidang.model.packing import pack_detection
from haidang.model.scope import Scope
from haidang.store.state import tables
from haidang.store.state.database import move_cursor
from haidang.store.state.sqlite import open_sqlite

NOW, LATER = 10**15, 10**15 + 1
RESULT = (tables.alert, tables.alert_unit, tables.evidence, tables.audit, tables.cursor)


@pytest.fixture
def stage(database, make, world):
    """The stage over both scenes' events: `stage(now)` runs it, `stage.store` is its store."""

    def run(now=NOW, limit=50):
        return raise_alerts(database, run.store, world.names, now, limit)

    run.store = make.store([*world.a1.events, *world.f1.events])
    return run


def grown(detection, **changes):
    """The detection with one more event in its episode."""
    episode = detection.episode
    grown_episode = Episode(episode.start, episode.end, episode.events + 1)
    return replace(detection, episode=grown_episode, **changes)


def audited(rows):
    """(action, subject) of every audit row."""
    return [(row["action"], row["subject"][:1]) for row in rows(tables.audit)]


def test_nothing_waiting_is_nothing_done(stage, rows):
    """Without detections nothing is written."""
    assert () == stage()
    assert [] == rows(tables.cursor)


def test_detection_becomes_an_alert(stage, put, rows, world):
    """The alert holds what the detection, its rule and its sentence say."""
    put(world.a1.detection)
    (alert,) = stage()
    detection = world.a1.detection
    assert (detection.alert, "r-1", "h-1", "critical") == (
        alert.id,
        alert.rule,
        alert.rule_hash,
        alert.level,
    )
    assert (NOW, NOW, 1, "") == (alert.raised, alert.revised, alert.revision, alert.superseded_by)
    assert detection.episode == alert.episode
    assert {"host.name": "web-snn"} == alert.group
    assert "01:52" in alert.sentences["vi"]
    assert [("alert.raised", "a")] == audited(rows)
    assert [] == rows(tables.detection)


def test_evidence_is_the_stored_bytes_with_their_hash(stage, put, rows, world):
    """Every member is copied byte for byte, with its rule and units."""
    put(world.a1.detection)
    stage()
    copies = {row["event"]: row for row in rows(tables.evidence)}
    assert {event.id: event.ecs for event in world.a1.events} == {
        id_: row["ecs"] for id_, row in copies.items()
    }
    assert all(sha256(row["ecs"]).hexdigest() == row["sha256"] for row in copies.values())
    assert "web_user_shell" == copies["shell"]["rule"]
    assert '["so-a","ttdl"]' == copies["shell"]["units"]


def test_evidence_is_sought_as_the_detections_own_units_see(stage, put, make, world):
    """A member that is another unit's event is not copied."""
    foreign = replace(world.a1.events[-1], operator="so-b", affected=("so-c",))
    stage.store = make.store([*world.a1.events[:-1], foreign])
    put(world.a1.detection)
    stage()
    scope, wanted, between, limit = stage.store.searches[0]
    assert Scope.of({"so-a", "ttdl"}) == scope
    assert {event.id for event in world.a1.events} == wanted.ids
    assert (world.a1.events[0].time, foreign.time + 1) == (between.start, between.end)
    assert len(world.a1.events) == limit


def test_gone_event_is_said_not_hidden(stage, put, make, rows, world):
    """The alert is raised without the event; details and audit count the gap."""
    stage.store = make.store(world.a1.events[:-2])
    put(world.a1.detection)
    (alert,) = stage()
    assert 1 == alert.revision
    assert 2 == json.loads(rows(tables.alert)[0]["details"])["evidence_missing"]
    assert 2 == json.loads(rows(tables.audit)[0]["detail"])["evidence_missing"]


def test_same_detection_again_changes_nothing(stage, put, rows, world):
    """A repeated detection is consumed without a revision."""
    put(world.a1.detection)
    stage()
    before = {table.name: rows(table) for table in (tables.alert, tables.evidence, tables.audit)}
    put(world.a1.detection)
    assert () == stage(LATER)
    assert before == {
        table.name: rows(table) for table in (tables.alert, tables.evidence, tables.audit)
    }
    assert [] == rows(tables.detection)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(grown, id="episode"),
        pytest.param(lambda d: replace(d, counts={**d.counts, "web_user_shell": 2}), id="counts"),
        pytest.param(lambda d: replace(d, card=replace(d.card, level="high")), id="level"),
        pytest.param(lambda d: replace(d, card=replace(d.card, hash="h-2")), id="rule"),
        pytest.param(lambda d: replace(d, card=replace(d.card, sentences={})), id="sentence"),
        pytest.param(lambda d: replace(d, affected=("so-a", "so-b")), id="units"),
        pytest.param(lambda d: replace(d, system_level=4), id="system level"),
    ],
)
def test_change_is_a_revision(stage, put, rows, world, change):
    """Any change is revision 2; when it was raised stays."""
    put(world.a1.detection)
    stage()
    put(change(world.a1.detection))
    (alert,) = stage(LATER)
    assert (NOW, LATER, 2) == (alert.raised, alert.revised, alert.revision)
    assert [("alert.raised", "a"), ("alert.revised", "a")] == audited(rows)


def test_late_copy_is_a_revision(stage, put, make, rows, world):
    """An event that was not found at first is copied when it is there."""
    full, stage.store = stage.store, make.store(world.a1.events[:-1])
    put(world.a1.detection)
    stage()
    stage.store = full
    put(world.a1.detection)
    (alert,) = stage(LATER)
    assert 2 == alert.revision
    assert 0 == json.loads(rows(tables.alert)[0]["details"])["evidence_missing"]


def test_new_copy_alone_is_a_revision(stage, put, world):
    """Another member, all else alike, adds evidence: the alert says so."""
    put(replace(world.a1.detection, members=world.a1.detection.members[:-1]))
    stage()
    put(world.a1.detection)
    assert [2] == [alert.revision for alert in stage(LATER)]


def test_copies_stay_and_are_not_read_again(stage, put, make, rows, world):
    """Copies stay that members name no more, or whose originals are gone."""
    put(world.a1.detection)
    stage()
    stage.store = make.store([])
    put(grown(world.a1.detection, members=world.a1.detection.members[2:]))
    (alert,) = stage(LATER)
    assert [] == stage.store.searches
    assert len(world.a1.events) == len(rows(tables.evidence))
    assert "3 lần" in alert.sentences["vi"]


def test_units_follow_the_detection(stage, put, rows, world):
    """Who sees the alert is exactly who operates or is affected now."""
    put(world.a1.detection)
    stage()
    put(replace(world.a1.detection, affected=("so-b",)))
    stage(LATER)
    assert ["so-b", "ttdl"] == [row["unit"] for row in rows(tables.alert_unit)]


def test_two_revisions_in_one_batch_are_two_revisions(stage, put, rows, world):
    """Revisions do not depend on how detections were batched."""
    put(world.a1.detection, grown(world.a1.detection))
    (alert,) = stage()
    assert 2 == alert.revision
    assert [("alert.raised", "a"), ("alert.revised", "a")] == audited(rows)
    assert 1 == len(stage.store.searches)


def test_absorbed_alert_is_superseded(stage, put, rows, world):
    """A late event joins two alerts: the younger points at the older and is revised no more."""
    put(world.f1.detection)
    stage()
    put(replace(world.a1.detection, absorbed=(world.f1.detection.alert, "never raised")))
    raised, superseded = stage(LATER)
    assert (world.f1.detection.alert, raised.id, 1) == (
        superseded.id,
        superseded.superseded_by,
        superseded.revision,
    )
    put(grown(world.f1.detection))
    assert () == stage(LATER)
    assert ("alert.superseded", "f") == audited(rows)[-1]
    assert 3 == len(audited(rows))


def test_chain_of_superseded_alerts_leads_to_the_last(stage, put, rows, world):
    """`superseded_by` always names an alert that stands."""
    first, second = world.f1.detection, world.a1.detection
    third = replace(second, alert="c" * 32, absorbed=(second.alert,))
    put(first, replace(second, absorbed=(first.alert,)), third)
    stage()
    assert {"f": "c", "a": "c", "c": ""} == {
        row["id"][:1]: row["superseded_by"][:1] for row in rows(tables.alert)
    }


def test_superseded_alert_hands_on_what_it_absorbs(stage, put, rows, world):
    """Absorbing into a superseded alert, or into itself, ends at the one that stands."""
    first, second = world.f1.detection, world.a1.detection
    third = replace(first, alert="c" * 32)
    put(third, second, replace(first, absorbed=(second.alert,)))
    put(replace(second, absorbed=(third.alert, second.alert, first.alert)))
    stage()
    assert {"f": "", "a": "f", "c": "f"} == {
        row["id"][:1]: row["superseded_by"][:1] for row in rows(tables.alert)
    }


def test_absorbed_alerts_copies_serve_when_originals_are_gone(stage, put, make, rows, world):
    """The older alert takes copies from the younger one; nothing is missing."""
    put(world.a1.detection)
    stage()
    stage.store = make.store([])
    put(replace(world.a1.detection, alert="0" * 32, absorbed=(world.a1.detection.alert,)))
    stage(LATER)
    assert 2 * len(world.a1.events) == len(rows(tables.evidence))


def test_absorbed_alerts_copies_serve_in_the_same_batch(stage, put, rows, world):
    """Events are read once where both detections come together."""
    put(world.a1.detection)
    put(replace(world.a1.detection, alert="0" * 32, absorbed=(world.a1.detection.alert,)))
    stage()
    assert 1 == len(stage.store.searches)
    assert 2 * len(world.a1.events) == len(rows(tables.evidence))


class DiedError(BaseException):
    """The process is gone."""


def die_at(wanted):
    """A hook that ends the process at one point."""

    def hook(name):
        if name == wanted:
            raise DiedError

    return hook


@pytest.fixture
def hook():
    """Set the hook of durable points for this test."""
    token = durable.HOOK.set(None)
    yield durable.HOOK.set
    durable.HOOK.reset(token)


@pytest.fixture
def expected(stage, tmp_path, world):
    """The result's rows of a run without crash, over both scenes."""
    calm = open_sqlite(tmp_path / "calm.db")
    packed = [{"payload": pack_detection(detection)} for detection in joined(world)]
    with calm.transaction("test") as connection:
        connection.execute(insert(tables.detection), packed)
    raise_alerts(calm, stage.store, world.names, NOW)
    with calm.reading() as connection:
        found = {table: connection.execute(select(table)).mappings().all() for table in RESULT}
    calm.close()
    return {table.name: comparable(found[table]) for table in RESULT}


def comparable(rows):
    """Rows in one order, without the numbers they got: a crash may leave a gap in those."""
    return sorted(
        repr({k: v for k, v in row.items() if (k, type(v)) != ("id", int)}) for row in rows
    )


def joined(world):
    """Two detections, the second of which absorbs the first."""
    return [world.f1.detection, replace(world.a1.detection, absorbed=("f" * 32,))]


@pytest.fixture
def waiting(stage, put, world):
    """The stage with both detections waiting."""
    put(*joined(world))
    return stage


@pytest.mark.parametrize("point", ["alerts.before_commit", "alerts.after_commit"])
def test_crash_changes_nothing_in_the_end(waiting, rows, hook, expected, point):
    """Dying at any durable point and starting again gives the rows of a run without crash."""
    hook(die_at(point))
    with pytest.raises(DiedError):
        waiting()
    hook(None)
    waiting()
    assert () == waiting(LATER)
    by_key = {table.name: comparable(rows(table)) for table in RESULT}
    assert expected == by_key
    assert 3 == len(by_key["audit"])


def test_every_durable_point_is_known(stage, put, hook, world):
    """A new durable point must be added to the crash test."""
    put(world.a1.detection)
    points = []
    hook(points.append)
    stage()
    assert ["alerts.before_commit", "alerts.after_commit"] == points


def test_second_worker_is_fenced(database, waiting, rows):
    """Where another worker moved the cursor meanwhile, this one's work is dropped whole."""
    search = waiting.store.search

    def slow_search(*arguments, **options):
        if not waiting.store.searches:
            with database.transaction("other") as connection:
                move_cursor(connection, "alert", "", "1")
        return search(*arguments, **options)

    waiting.store.search = slow_search
    with pytest.raises(Superseded):
        waiting()
    assert [] == rows(tables.alert)
    assert [] == rows(tables.audit)


def test_unavailable_store_leaves_the_detection_waiting(stage, put, rows, world):
    """Nothing is raised half; a later try raises it."""
    put(world.a1.detection)
    stage.store.up = False
    with pytest.raises(Unavailable):
        stage()
    assert [] == rows(tables.alert)
    stage.store.up = True
    assert 1 == len(stage())


def test_detection_after_all_were_consumed_is_not_skipped(stage, put, world):
    """Ids of consumed rows never come back, else the cursor would be ahead of them."""
    put(world.a1.detection, world.f1.detection)
    assert 2 == len(stage())
    put(grown(world.a1.detection))
    assert [2] == [alert.revision for alert in stage(LATER)]


def test_limit_bounds_one_transaction(stage, put, rows, world):
    """At most `limit` detections are taken, the oldest first; the rest wait."""
    put(world.a1.detection, world.f1.detection)
    assert ["a" * 32] == [alert.id for alert in stage(limit=1)]
    assert 1 == len(rows(tables.detection))
    assert ["f" * 32] == [alert.id for alert in stage(limit=1)]


def test_detection_of_nobody_is_raised_without_units(stage, put, rows, world):
    """Unresolved ownership costs the copies (nobody may read them), not the alert."""
    put(replace(world.a1.detection, operators=(), affected=()))
    (alert,) = stage()
    assert "đơn vị chưa xác định" in alert.sentences["vi"]
    assert [] == rows(tables.alert_unit)
    assert [] == rows(tables.evidence)


def test_a_flood_that_goes_on_keeps_the_first_and_the_last_copies(stage, make, put, rows):
    """Each revision brings new last events; those that are last no more are let go."""
    flood = [make.event(f"e{number:04}", number, {"n": number}) for number in range(5 * KEPT)]
    stage.store = make.store(flood)
    for end in range(2 * KEPT, 5 * KEPT + 1, KEPT):
        seen = [(event, "r") for event in (*flood[:KEPT], *flood[end - KEPT : end])]
        put(make.detection(seen, {}, {}, episode=Episode(0, end, end)))
        stage()

    kept = [row["event"] for row in rows(tables.evidence)]
    assert [event.id for event in (*flood[:KEPT], *flood[-KEPT:])] == sorted(kept)
