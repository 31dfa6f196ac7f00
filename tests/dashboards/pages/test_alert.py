"""The alert's page: why, where, what to do, what happened; seals checked; nothing of others."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from alerts.listing import list_alerts
from alerts.telling import _MORE
from alerts.why import _patterns, facts_of
from dashboards.words import catalogue
from haidang.errors import Unavailable
from haidang.model.scope import Scope
from haidang.store.state import tables
from tests.support.console import as_json, logged_in
from tests.support.played import Site, traversal


@pytest.fixture
def ids(console):
    """The alerts' ids, the last event first: two of unit ha, then the one of xu."""
    alerts = list_alerts(console.database, Scope(None))
    return [one.id for one in sorted(alerts, key=lambda one: (one.affected, -one.episode.end))]


def refusals(console):
    """What the audit trail says was refused, by subject."""
    table = tables.audit
    query = select(table.c.subject).where(table.c.action == "access.refused")
    with console.database.reading() as connection:
        return connection.scalars(query).all()


def test_page_tells_all_that_is_needed_first(console, ids):
    """The sentence in both languages, where, the fields that matter, the first steps, history."""
    page = logged_in(console).get(f"/alerts/{ids[0]}").text
    for said in (
        "Trang của Sở Hạ trả lời yêu cầu vượt thư mục lúc 08:05",
        'lang="en"',
        "Sở Hạ",
        "Trung tâm Dữ liệu",
        "HA-WEB01",
        "Trang Hạ · cấp độ HTTT 2",
        "203.0.113.9",
        "Việc cần làm trước",
        "Nêu cảnh báo",
        "Diễn biến ±15 phút",
        "T1190",
        "Mã băm đều khớp",
        "Trang trả mã 200 cho mọi đường dẫn không có thật",
    ):
        assert said in page


def test_false_alarms_are_told_in_the_readers_language(console, ids):
    """Sigma's own words in English, ours in Vietnamese, never both."""
    page = logged_in(console).get(f"/alerts/{ids[0]}?lang=en").text
    assert "Sites that answer every unknown path with status 200" in page
    assert "Trang trả mã 200" not in page


def test_timeline_marks_what_matched(console, ids):
    """Both requests are on the machine's timeline; this alert's own is sealed."""
    model = as_json(logged_in(console)).get(f"/alerts/{ids[0]}").json()
    moments = model["timeline"]["moments"]
    assert [False, True] == [bool(moment["rule"]) for moment in moments]
    assert [False, True] == [len(moment["seal"]) == 64 for moment in moments]


def test_earlier_alerts_of_the_group_are_named(console, ids):
    """Seen before: the first request's alert; and that one was the first."""
    client = as_json(logged_in(console))
    latest, first = (client.get(f"/alerts/{id_}").json()["earlier"] for id_ in ids[:2])
    assert ([ids[1]], 1) == ([one["id"] for one in latest["alerts"]], latest["count"])
    assert 0 == first["count"]


def test_raw_line_is_one_request_away(console, ids):
    """The line as the source sent it, and its parsed fields."""
    client = as_json(logged_in(console))
    moments = client.get(f"/alerts/{ids[0]}").json()["timeline"]["moments"]
    for moment in moments:
        event = client.get(f"/alerts/{ids[0]}/events/{moment['event']}").json()
        assert "GET /tai-ve?ten=" in event["original"]
        assert event["original"] == event["shown"] == event["document"]["event"]["original"]


def test_list_of_events_carries_no_raw_line(console, ids):
    """The timeline names events; lines come one by one."""
    answer = as_json(logged_in(console)).get(f"/alerts/{ids[0]}")
    assert "[18/Nov/2026" not in answer.text


@pytest.mark.parametrize("unit", ["xu", "nobody"])
def test_foreign_alert_is_refused_as_an_unknown_one(console, ids, unit):
    """The answers are the same, and the trail has both."""
    client = logged_in(console, role="unit_it", units=(unit,))
    foreign, unknown = (client.get(f"/alerts/{id_}") for id_ in (ids[0], "f" * 32))
    assert 404 == foreign.status_code == unknown.status_code
    assert foreign.text == unknown.text.replace("f" * 32, ids[0])
    assert [ids[0], "f" * 32] == refusals(console)[-2:]


def test_foreign_event_is_refused_under_an_own_alert(console, ids):
    """Another unit's event cannot be read through one's own alert."""
    foreign = as_json(logged_in(console)).get(f"/alerts/{ids[2]}").json()
    event = foreign["timeline"]["moments"][0]["event"]
    client = logged_in(console, role="unit_it", units=("ha",))
    assert 200 == client.get(f"/alerts/{ids[0]}").status_code
    assert 404 == client.get(f"/alerts/{ids[0]}/events/{event}").status_code
    assert event == refusals(console)[-1]


def test_store_that_is_away_leaves_a_page(console, ids):
    """The sealed copies are still there."""

    class Away:
        """An event store that does not answer."""

        def search(self, *_given):
            """Fail as the protocol says."""
            raise Unavailable("down")

    client = logged_in(replace(console, store=Away()))
    page = client.get(f"/alerts/{ids[0]}").text
    assert "Kho sự kiện không trả lời" in page
    assert "Mã băm đều khớp" in page


@pytest.mark.slow
def test_one_changed_byte_is_told(tmp_path):
    """Who changes a copy in the database is found out by its hash."""
    site = Site.of(tmp_path / "site")
    site.log("ha", traversal())
    (alert,) = site.turn()
    with site.console() as console:
        copy = tables.evidence
        with console.database.transaction("test") as connection:
            ecs = connection.scalar(select(copy.c.ecs))
            connection.execute(update(copy).values(ecs=ecs.replace(b"203.0.113.9", b"203.0.113.8")))
        page = logged_in(console).get(f"/alerts/{alert.id}").text
    assert "1 bản sao minh chứng không còn đúng" in page
    assert "ĐÃ BỊ THAY ĐỔI" in page


def test_every_fact_that_a_page_can_show_has_a_word():
    """A kind of log cannot bring a field without a name."""
    kinds = [kind["name"] for kind in _patterns()["kinds"]]
    facts = {fact for kind in kinds for fact in facts_of(kind)} | {*_MORE, "message"}
    assert set() == {f"fact.{fact}" for fact in facts - {"method", "outcome"}} - set(catalogue())
