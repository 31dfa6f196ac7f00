"""The Health page: what is not seen on top, each source by its unit, figures that add up."""

import pytest

from collectors.ledger import Counts, SourceCounts
from collectors.quarantine import Group
from correlator.tick import Correlator
from dashboards.collected import Collected, Expected
from haidang.model.event import encode
from haidang.model.instant import MINUTE
from haidang.model.scope import Scope
from tests.support import state as stores
from tests.support.console import Clock, as_json, console_over, logged_in
from tests.support.feed import MemoryStore, engine_of, event, leaf
from tests.support.heard import clock, every, inventory

cluster, state, database = stores.cluster, stores.state, stores.database

NOON = clock(12)
CUT, BACK = clock(10, 5), clock(10, 47)
HOSTS = [
    ("rt-a", "router", "10.1.0.1"),
    ("dns-a", "dns-server", "10.1.0.2"),
    ("rt-b", "router", "10.2.0.1"),
    ("dns-b", "dns-server", "10.2.0.2"),
]
INPUTS = (
    Expected("a-dns", "nginx.access", "ttdl", "tinh", "dns-a"),
    Expected("c-dns", "zeek.dns", "xa-c", "tinh", "dns-c"),
    Expected("shared", "nginx.access", "ttdl", "tinh", ""),
)


def lines():
    """A morning: commune A loses its line, one source of commune B falls silent for good."""
    for name, _, _ in HOSTS:
        for at in every(5, clock(6), NOON):
            cut = name.endswith("-a") and CUT <= at < BACK
            if not cut and not (name == "dns-b" and at > clock(11)):
                yield name, at


@pytest.fixture
def played(database, tmp_path):
    """The state store after that morning."""
    events = [
        event(
            number,
            at=at,
            source=f"s-{name}",
            zone="tinh",
            operator="ttdl",
            ecs=encode({"host": {"name": name}}),
        )
        for number, (name, at) in enumerate(sorted(lines(), key=lambda one: one[1]))
    ]
    engine = engine_of(tmp_path, leaf("probe"))
    store = MemoryStore()
    correlator = Correlator(database, store, engine, Scope(None), 0)
    for until in (clock(9), NOON):
        store.events = [one for one in events if one.received <= until]
        correlator.run(until)
    return database


def collected():
    """What the collector says: one data set, something in quarantine for two sources."""
    counts = Counts(read=12, indexed=9, quarantined=2, derived=4)
    counts.dropped["empty"] = 1
    waiting = tuple(
        Group("not JSON", "nginx.access", f"s-{name}", "in", "/x", 1, NOON, NOON, "id")
        for name in ("dns-a", "dns-b")
    )
    sources = tuple(
        SourceCounts(f"s-{name}", "in", "nginx.access", "/x", Counts(read=3, indexed=3))
        for name in ("dns-a", "dns-b")
    )
    return Collected(INPUTS, "here", {"nginx.access": counts}, sources, waiting)


def page(database, role="analyst", units=(), program=True, now=NOON, what=collected):
    """The page as a reader of this role gets it."""
    console = console_over(database, inventory=inventory(*HOSTS), clock=Clock(now), collected=what)
    client = logged_in(console, role, units)
    answer = (as_json(client) if program else client).get("/health")
    assert 200 == answer.status_code
    return answer.json() if program else answer.text


def test_what_is_not_seen_comes_first(played):
    """The silent source, the line that was down, the units without a source, silent inputs."""
    seen = page(played)

    assert [("silent", 0), ("line_down", BACK + 3 * MINUTE)] == [
        (one["kind"], one["end"]) for one in seen["troubles"]
    ]
    assert ["UBND xã C"] == [one["vi"] for one in seen["blind"]]
    assert ["c-dns"] == [one["name"] for one in seen["never"]]
    assert (4, 1, NOON, False) == (seen["sources"], seen["silent"], seen["as_of"], seen["late"])
    text = page(played, program=False)
    assert text.index("ngừng gửi nhật ký") < text.index("mất kết nối") < text.index("<table")
    assert text.index("Chưa đủ dữ liệu") < text.index("<table")


def test_sources_stand_by_unit_silent_ones_first(played):
    """With the last receipt, the rhythm and today's events."""
    units = page(played)["units"]

    assert [("xa-b", 1), ("xa-a", 0)] == [(one["id"], one["silent"]) for one in units]
    silent, router = units[0]["lines"]
    assert ("dns-b", "silent", clock(11, 1)) == (silent["host"], silent["state"], silent["since"])
    assert ("rt-b", "receiving", 5, 72) == tuple(
        router[name] for name in ("host", "state", "usual", "today")
    )
    assert 3 == silent["read"]
    assert router["read"] is None


def test_ledger_and_quarantine_are_figures_only(played):
    """Read = indexed + quarantined + dropped; the reason, never the record."""
    seen = page(played)

    assert [
        {
            "dataset": "nginx.access",
            "read": 12,
            "indexed": 9,
            "quarantined": 2,
            "dropped": 1,
            "derived": 4,
            "balanced": True,
        }
    ] == seen["ledger"]
    assert (2, {"not JSON"}) == (seen["quarantined"], {one["reason"] for one in seen["waiting"]})
    assert {"reason", "dataset", "input", "count", "newest"} == seen["waiting"][0].keys()


def test_unit_sees_its_own_sources_alone(played):
    """Its line, its ledger, its quarantine; nothing of anybody else, in no word."""
    seen = page(played, "unit_it", ("xa-a",))

    assert (["xa-a"], 2) == ([one["id"] for one in seen["units"]], seen["sources"])
    assert ["line_down"] == [one["kind"] for one in seen["troubles"]]
    assert ([], []) == (seen["blind"], seen["never"])
    assert ([3], 1) == ([one["read"] for one in seen["ledger"]], seen["quarantined"])
    text = page(played, "unit_it", ("xa-a",), program=False)
    assert not any(foreign in text for foreign in ("dns-b", "rt-b", "xã B", "xã C"))


def test_correlator_that_stopped_is_said(played):
    """The page does not know what came since."""
    assert page(played, now=NOON + 6 * MINUTE)["late"]
    assert 'role="alert"' in page(played, now=NOON + 6 * MINUTE, program=False)


def test_empty_site_is_told_kindly(database):
    """Before the first evaluation nothing is claimed; figures of elsewhere are said to be."""
    text = page(database, program=False, what=Collected)

    assert "Chưa có lần đánh giá nào" in text
    assert "Máy này không chạy bộ thu thập" in text
    unreadable = page(database, program=False, what=lambda: Collected(place="unreadable"))
    assert "Không đọc được sổ cái" in unreadable


def test_english_page(played):
    """The same model in the other language."""
    console = console_over(played, inventory=inventory(*HOSTS), clock=Clock(NOON))
    text = logged_in(console).get("/health?lang=en").text

    assert "connection lost" in text
    assert "Not enough data" in text
