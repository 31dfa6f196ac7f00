"""The figures are those of the stores: alerts, rules, delays, records, the disk."""

import os
import threading
from functools import partial

import pytest
from sqlalchemy import insert

from alerts.grouping import OPEN
from collectors import lock
from collectors.ledger import Counts
from collectors.offsets import Offsets, save
from correlator.health import Finding, Health, SourceHealth
from correlator.tick import Correlator
from dashboards import figures
from dashboards.health import site_health
from dashboards.metrics import FAMILIES, MOST, exposition
from haidang.errors import Unavailable
from haidang.model.instant import HOUR, MINUTE, SECOND
from haidang.model.scope import Scope
from haidang.store.calendar import Calendar
from haidang.store.inventory import Inventory
from haidang.store.state import counters, tables
from haidang.yamldoc import parse
from tests.support import state as stores
from tests.support.console import EMPTY
from tests.support.feed import NOON, MemoryStore, count, engine_of, event, leaf
from tests.support.heard import heard

cluster, state, database = stores.cluster, stores.state, stores.database
NOW = NOON + HOUR


def by_name(samples):
    """Value by name and label values; each comes once."""
    found = [((name, *labels), value) for name, labels, value in samples]
    assert len(dict(found)) == len(found)
    return dict(found)


def read(database, now=NOW):
    """The figures of the state store."""
    return by_name(figures.state(database, now))


def put(database, table, *rows):
    """Write rows, as the stage does to which they belong."""
    with database.transaction("test") as connection:
        connection.execute(insert(table), list(rows))


def passed(folder, at):
    """A collector's whole pass ended then."""
    handle = lock.take_lock(folder)
    lock.note_pass(handle, at)
    os.close(handle)


def test_correlator_tells_what_it_did_and_how_far_it_is(database, tmp_path):
    """Counters of its ticks; delays from receipt; the time since the feed was read to its end."""
    engine = engine_of(tmp_path, leaf("probe"), count("burst", "probe"))
    events = [event(n, received=NOW - n * MINUTE) for n in range(3)]
    assert ("haidang_feed_lag_seconds",) not in read(database)
    Correlator(database, MemoryStore(events), engine, Scope.system(), 0).run(NOW)

    found = read(database, NOW + 90 * SECOND)
    assert 90 == found["haidang_feed_lag_seconds",]
    assert NOW / SECOND == found["haidang_last_evaluation_timestamp_seconds",]
    totals = ("ticks", "events_evaluated", "matches", "detections", "evaluations_failed")
    assert [1, 3, 3, 1, 0] == [found[f"haidang_{name}_total",] for name in totals]
    buckets = [found["haidang_evaluation_lag_seconds_bucket", le] for le in ("1", "60", "+Inf")]
    assert [1, 2, 3] == buckets
    assert 180 == found["haidang_evaluation_lag_seconds_sum",]
    assert 3 == found["haidang_evaluation_lag_seconds_count",]


def test_rules_are_counted_by_mode_and_matches_named_only_for_those_on(database):
    """Of many rules only so many are named; the matches of all others are added up."""
    ids = [f"rule-{number:04}" for number in range(MOST + 5)]
    modes = [{"rule": id_, "mode": "on", "reason": "", "since": 0} for id_ in ids]
    put(database, tables.rule_mode, *modes, {**modes[0], "rule": "aa", "mode": "trial"})
    with database.transaction("test") as connection:
        counters.add(connection, {("rule_matches", id_): 1 for id_ in [*ids, "aa", "gone"]})
    poison = {"rule": "aa", "at": 0, "reason": ""}
    put(database, tables.poison, {**poison, "event": "1"}, {**poison, "event": "2"})

    samples = list(figures.state(database, NOW))
    named = {
        labels[0]: value for name, labels, value in samples if name.endswith("rule_matches_total")
    }
    assert {*ids[:MOST], ""} == named.keys()
    modes = {labels[0]: value for name, labels, value in samples if name == "haidang_rules"}
    assert {"on": MOST + 5, "trial": 1, "off": 0} | modes == modes
    assert ("haidang_rules_failing", (), 1) in samples


def group(number, level, raised, alerts=1, state=OPEN):
    """A row of the queue."""
    zeros = dict.fromkeys(("rank", "system_level", "first", "last", "activity", "events"), 0)
    texts = dict.fromkeys(("rule", "title", "zone", "newest", "attack", "search"), "")
    own = {"id": str(number), "level": level, "raised": raised, "alerts": alerts, "state": state}
    return {**zeros, **texts, **own, "born": 0, "change": 0, "details": b"{}"}


def test_alerts_are_counted_by_severity(database):
    """Raised since ever, open now, and how long the oldest has been open; 0 where there is none."""
    rows = [group(1, "critical", NOW - HOUR, 2), group(2, "critical", NOW - MINUTE, 3)]
    put(database, tables.alert_group, *rows, group(3, "low", NOW), group(4, "high", 0, 9, "closed"))
    with database.transaction("test") as connection:
        counters.add(connection, {("alerts_raised", "critical"): 5, ("alerts_revised", "low"): 2})

    found = read(database)
    assert (5, 2, 3600) == tuple(
        found[name, "critical"]
        for name in (
            "haidang_alerts_open",
            "haidang_alert_groups_open",
            "haidang_alert_open_oldest_seconds",
        )
    )
    assert 0 == found["haidang_alert_groups_open", "high"]
    assert (5, 0) == tuple(found["haidang_alerts_raised_total", one] for one in ("critical", "low"))
    assert 2 == found["haidang_alerts_revised_total", "low"]


def finding(kind, end=0, explained=""):
    """A silence; it goes on unless it has an end."""
    return Finding(kind, "xa-a", None, 1, end, ("a",), recovered=False, explained=explained)


def test_silence_that_goes_on_unexplained_is_what_counts():
    """What ended, and what the calendar explains, needs nobody."""
    sources = (
        SourceHealth(heard("a", [NOON]), "xa-a", None, "", state, None, None, 1)
        for state in ("receiving", "silent", "receiving")
    )
    found = Health(
        NOON,
        tuple(sources),
        (
            finding("silent"),
            finding("silent"),
            finding("silent", 5),
            finding("silent", 0, "cat-dien"),
            finding("line_down"),
            finding("line_down", 5),
            finding("line_down", 0, "cat-dien"),
        ),
        ("xa-b",),
    )

    assert {
        ("haidang_sources", "receiving"): 2,
        ("haidang_sources", "silent"): 1,
        ("haidang_sources", "off"): 0,
        ("haidang_sources_silent",): 2,
        ("haidang_lines_down",): 1,
        ("haidang_units_unseen",): 1,
    } == by_name(figures.health(found))


def test_records_are_those_of_the_ledger(tmp_path):
    """What left the quarantine stays counted as having come there: counters never go down."""
    assert [] == list(figures.records(tmp_path, NOW))
    passed(tmp_path, NOW - 5 * SECOND)
    counts = Counts(9, 5, 3, derived=1, retried=2)
    counts.dropped["header"] = 1
    save(tmp_path / "offsets.json", Offsets(past={"zeek.dns": counts}))

    found = by_name(figures.records(tmp_path, NOW))
    assert 5 == found.pop(("haidang_collector_lag_seconds",))
    assert 1 == found.pop(("haidang_records_dropped_total", "zeek.dns", "header"))
    assert {
        "records_read_total": 9,
        "records_indexed_total": 5,
        "records_quarantined_total": 5,
        "records_retried_total": 2,
        "events_derived_total": 1,
        "quarantine_records": 3,
    } == {name.removeprefix("haidang_"): value for (name, _dataset), value in found.items()}


def test_data_folder_is_measured(tmp_path):
    """Its files at any depth; free is not more than all."""
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").write_bytes(b"x" * 1000)
    (tmp_path / "d").write_bytes(b"x" * 11)

    found = by_name(figures.disk(tmp_path))
    assert 1011 == found["haidang_data_dir_used_bytes",]
    assert 0 <= found["haidang_data_dir_free_bytes",] <= found["haidang_data_dir_size_bytes",]
    with pytest.raises(OSError, match="nothing"):
        list(figures.disk(tmp_path / "nothing"))


def test_every_family_comes_from_a_part(database, tmp_path):
    """What docs/metrics.md promises is there on a site that has collected, as one text."""
    passed(tmp_path, NOW)
    counts = Counts(1)
    counts.dropped["header"] = 1
    save(tmp_path / "offsets.json", Offsets(past={"zeek.dns": counts}))
    engine = engine_of(tmp_path / "rules", leaf("probe"))
    Correlator(database, MemoryStore([event(1)]), engine, Scope.system(), 0).run(NOW)

    inventory = Inventory.of(parse(EMPTY, "inventory.yml")[0])
    health = partial(site_health, database, Scope.system(), inventory, Calendar.empty(), 0)
    parts = figures.parts(database, health, tmp_path, "embedded")
    text = exposition(parts, NOW).decode()
    assert [] == [one.name for one in FAMILIES if f"# TYPE {one.name} {one.kind}" not in text]
    failed = [line for line in text.splitlines() if line.startswith("haidang_scrape_errors")]
    assert [f'haidang_scrape_errors{{part="{part}"}} 0.0' for part in parts] == failed


def test_part_that_does_not_answer_is_given_up(monkeypatch):
    """The next calls do not pile up behind it; once it has answered, all is as before."""
    go, entered = threading.Event(), threading.Event()

    def slow(_now):
        entered.set()
        go.wait()
        return [("haidang_ticks_total", (), 1)]

    part = figures.patient(slow, 0.01)
    with pytest.raises(Unavailable, match="no answer"):
        part(NOW)
    assert entered.is_set()
    with pytest.raises(Unavailable, match="awaited"):
        part(NOW)
    go.set()
    for one in threading.enumerate():
        if one.name == figures.THREAD:
            one.join()
    assert [("haidang_ticks_total", (), 1)] == figures.patient(slow, 60)(NOW)
    assert [("haidang_ticks_total", (), 1)] == part(NOW)


def test_error_of_a_patient_part_is_the_callers():
    """It comes through the thread."""

    def away(_now):
        raise Unavailable("away")

    with pytest.raises(Unavailable, match="away"):
        figures.patient(away, 60)(NOW)
