"""The Rules page: modes with their reasons, figures for the centre, a page of each rule."""

from dataclasses import replace

import pytest
from sqlalchemy import insert

from app.rule_modes import SiteModes, note_modes
from correlator import tally
from haidang.model.detection import Card, Match
from haidang.model.instant import DAY
from haidang.store.state import tables
from rules.modes import Decision, Facts
from rules.reach import NO_SOURCE, Reach
from tests.support import state as stores
from tests.support.console import Clock, as_json, console_over, logged_in
from tests.support.heard import clock, inventory

cluster, state, database = stores.cluster, stores.state, stores.database
NOON = clock(12)


def facts(id_, title, level="high", *, origin="haidang", fires=True, **more):
    """What is known of a rule."""
    card = Card(id_, f"name-{id_}", f"hash-{id_}", title, level, "test", "Tác Giả", **more)
    reach = Reach(("nginx.access",)) if fires else Reach((), NO_SOURCE, "product: mars")
    return Facts(card, origin, origin == "haidang", reach)


RULES = [
    (facts("web", "Cửa hậu trên máy chủ web", "critical", tags=("attack.t1505.003",)), "on"),
    (facts("dns", "Nhịp gọi tên miền lạ"), "trial"),
    (facts("mars", "Rover was seen", "low", origin="sigmahq", fires=False), "trial"),
    (facts("old", "Đã bỏ", "medium"), "off"),
]


def noted(database, rules=RULES, at=NOON):
    """The correlator noted these rules; `web` reads a file."""
    modes = SiteModes(
        {one.card.id: one for one, _ in rules},
        {one.card.id: Decision(mode, f"its level is {one.card.level}") for one, mode in rules},
    )
    note_modes(database, modes, at)


@pytest.fixture
def site(database, tmp_path):
    """Four rules, matches of two of them, an alert that one unit sees."""
    (tmp_path / "web.yml").write_text("title: Cửa hậu\nhaidang: {}\n", "utf-8")
    web = replace(RULES[0][0], file=str(tmp_path / "web.yml"))
    noted(database, [(web, "on"), *RULES[1:]])
    with database.transaction("test") as connection:
        for rule, count in (("dns", 3), ("web", 1)):
            matches = [
                Match(rule, "h", f"{rule}{number}", NOON, NOON, "s", "o", (), "z", 2, {})
                for number in range(count)
            ]
            tally.count(connection, matches, NOON)
        for number, unit in enumerate(("xa-a", "xa-b", "xa-b")):
            row = {
                "id": f"a{number}",
                "rule": "web",
                "rule_hash": "h",
                "title": "T",
                "level": "high",
            }
            times = dict.fromkeys(("raised", "revised", "start", "end"), NOON)
            more = {"revision": 0, "events": 1, "system_level": 2, "zone": "z", "details": b"{}"}
            connection.execute(insert(tables.alert).values({**row, **times, **more}))
            connection.execute(insert(tables.alert_unit).values(alert=f"a{number}", unit=unit))
        connection.execute(
            insert(tables.rule_backtest).values(
                rule="web", rule_hash="h", at=NOON, days=9, alerts=4, busiest=2
            )
        )
    return database


def client(database, role="analyst", units=(), program=True):
    """A reader at noon."""
    console = console_over(database, inventory=inventory(), clock=Clock(NOON))
    found = logged_in(console, role, units)
    return as_json(found) if program else found


def ids(database, query=""):
    """The rules that an address shows."""
    return [one["id"] for one in client(database).get(f"/rules{query}").json()["rules"]]


def test_rules_that_are_on_come_first_the_loudest_level_before(site):
    """Each with mode, reason, reach, matches, alerts and backtest."""
    book = client(site).get("/rules").json()

    assert ["web", "dns", "mars", "old"] == [one["id"] for one in book["rules"]]
    assert ({"on": 1, "trial": 2, "off": 1}, 1) == (book["modes"], book["blind"])
    web, dns, mars, _ = book["rules"]
    assert (1, 1, NOON, 3) == tuple(web[name] for name in ("today", "week", "last", "alerts"))
    assert {"at": NOON, "days": 9, "alerts": 4, "busiest": 2} == web["backtest"]
    assert (3, 0, None) == (dns["week"], dns["alerts"], dns["backtest"])
    assert (False, "no source has its log source: product: mars") == (mars["fires"], mars["reach"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("?mode=trial", ["dns", "mars"], id="mode"),
        pytest.param("?level=medium", ["old"], id="level"),
        pytest.param("?set=sigmahq", ["mars"], id="set"),
        pytest.param("?blind=1", ["mars"], id="never-fires"),
        pytest.param("?q=cua+hau", ["web"], id="without-accents"),
        pytest.param("?q=MA\u0301Y+Cu\u031b\u0309a", ["web"], id="decomposed-and-mixed-case"),
        pytest.param("?q=t1505", ["web"], id="tag"),
        pytest.param("?q=100%25", [], id="a-sign-of-like-is-no-wildcard"),
        pytest.param("?order=noise", ["dns", "web", "old", "mars"], id="noise"),
        pytest.param("?order=name", ["web", "old", "dns", "mars"], id="name"),
        pytest.param("?mode=x&level=y&order=z&page=-3", ["web", "dns", "mars", "old"], id="odd"),
        pytest.param("?page=99", ["web", "dns", "mars", "old"], id="beyond-the-last-page"),
    ],
)
def test_address_chooses(site, query, expected):
    """What cannot be read is left out."""
    assert expected == ids(site, query)


def test_pages_hold_a_hundred(database):
    """The rest is a click away."""
    noted(database, [(facts(f"r{number:03}", f"T{number:03}"), "on") for number in range(230)])

    book = client(database).get("/rules?page=3").json()
    assert (230, 3, 30) == (book["found"], book["pages"], len(book["rules"]))
    assert "r200" == book["rules"][0]["id"]


def test_unit_sees_rules_without_anybody_elses_figures(site):
    """Its own alerts are counted, matches are not told."""
    book = client(site, "unit_it", ("xa-a",)).get("/rules").json()

    web = book["rules"][0]
    assert (False, 1) == (book["figures"], web["alerts"])
    assert [None, None, None] == [web[name] for name in ("today", "week", "last")]
    assert [] == client(site, "unit_it", ("xa-a",)).get("/rules/web").json()["examples"]


def test_page_of_a_rule_has_its_text_and_history(site):
    """The change of its mode, from the audit trail."""
    changed = [(one, "trial" if one.card.id == "web" else mode) for one, mode in RULES]
    noted(site, changed, NOON + DAY)
    noted(site, RULES, NOON + 2 * DAY)

    found = client(site).get("/rules/web").json()
    assert [("on", "trial"), ("trial", "on")] == [
        (act["detail"]["before"], act["detail"]["mode"]) for act in found["history"]
    ]
    assert ["attack.t1505.003"] == found["tags"]
    assert ["web0"] == found["examples"]
    text = client(site, program=False).get("/rules/web").text
    assert "mức của luật là critical" in text
    assert "Bật → Chạy thử" in text


def test_rule_is_shown_as_it_is_written(site):
    """Escaped, as everything."""
    assert "title: Cửa hậu\n" in client(site).get("/rules/web").json()["source"]
    noted(site, [(facts("x", "<script>alert(1)</script>\u202e"), "on")])
    for path in ("/rules", "/rules/x"):
        page = client(site, program=False).get(path).text
        assert "<script>alert" not in page
        assert "\u202e" not in page


def test_edited_rule_is_noted_though_its_mode_stays(site):
    """The card is what the correlator runs with."""
    noted(site, [(facts("web", "Tên mới"), "on")])

    assert "Tên mới" == client(site).get("/rules/web").json()["rule"]["title"]


def test_unknown_rule_is_refused(site):
    """Like everything that is not there."""
    assert 404 == client(site).get("/rules/nothing").status_code


def test_site_before_its_first_evaluation(database):
    """Nothing is claimed."""
    assert "Bộ tương quan chưa chạy lần nào" in client(database, program=False).get("/rules").text
