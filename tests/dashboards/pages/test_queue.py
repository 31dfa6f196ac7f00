"""The queue's page: own groups, filters that stay in the address, kind words for nothing."""

import pytest

from dashboards.pages import queue
from tests.support.console import as_json, logged_in


def lines(client, address="/"):
    """The queue as JSON."""
    return as_json(client).get(address).json()["lines"]


def test_page_tells_what_where_and_how_often(console):
    """A row has the level in words, the sentence, unit, machine, system, counts and techniques."""
    page = logged_in(console).get("/").text
    for said in ("Cao", "Trang của Sở Hạ trả lời yêu cầu vượt thư mục", "Sở Xuân", "HA-WEB01"):
        assert said in page
    assert "cấp độ HTTT 3 · Trang Xuân" in page
    assert 'title="2 cảnh báo, 2 sự kiện"' in page
    assert "Đang hiện 2 trong 2 nhóm" in page


def test_page_is_in_the_readers_language(console):
    """Names of units and sentences follow the language."""
    page = logged_in(console).get("/?lang=en").text
    assert "Department Ha" in page
    assert "2 of 2 groups shown" in page


def test_json_holds_the_same_rows_and_no_raw_event(console):
    """Programs get the model; neither the line nor the document of an event is in it."""
    client = as_json(logged_in(console))
    answer = client.get("/")
    model = answer.json()
    assert ["XU-WEB01", "HA-WEB01"] == [
        line["group"]["entity"]["host.name"] for line in model["lines"]
    ]
    assert {"high": 2} == {level: count for level, count in model["levels"].items() if count}
    assert "etc/passwd" not in answer.text


@pytest.mark.parametrize(
    ("unit", "expected"), [("ha", ["HA-WEB01"]), ("xu", ["XU-WEB01"]), ("dc", ["XU", "HA"])]
)
def test_unit_sees_its_own_rows(console, unit, expected):
    """An affected or operating unit's reader has its own queue and no other's."""
    client = logged_in(console, role="unit_it", units=(unit,))
    hosts = [line["group"]["entity"]["host.name"] for line in lines(client)]
    assert len(expected) == len(hosts)
    assert all(host.startswith(one) for host, one in zip(hosts, expected, strict=True))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/?unit=xu", 1),
        ("/?q=vuot+thu+muc", 2),
        ("/?q=VUOT+ha-web01", 1),
        ("/?level=high,low", 2),
        ("/?level=critical", 0),
        ("/?attack=T1190", 2),
        ("/?attack=TA0006", 0),
        ("/?from=18/11/2026+08:04", 1),
        ("/?to=18/11/2026+08:02", 1),
        ("/?rule=other", 0),
        ("/?q=%00%ff", 0),
        ("/?order=newest&level=&unit=", 2),
    ],
)
def test_filters_stand_in_the_address(console, address, expected):
    """Each can be a bookmark."""
    assert expected == len(lines(logged_in(console), address))


def test_pages_follow_each_other(console, monkeypatch):
    """The next page is linked and holds what the first does not."""
    monkeypatch.setattr(queue, "ROWS", 1)
    client = as_json(logged_in(console))
    first = client.get("/").json()
    second = client.get("/", params={"after": first["after"]}).json()
    assert "" == second["after"]
    assert 2 == len({page["lines"][0]["group"]["id"] for page in (first, second)})


def test_place_that_is_none_is_a_bad_request(console):
    """It is said in words, without a trace."""
    assert 400 == logged_in(console).get("/?after=x.y").status_code


def test_empty_queue_is_kind_and_says_what_is_not_seen(console):
    """Nothing to do is no promise that nothing happens; nothing found is not the same."""
    client = logged_in(console, role="unit_it", units=("nobody",))
    page = client.get("/").text
    assert "Không còn cảnh báo nào đang mở" in page
    assert 'href="/health"' in page
    assert "không khớp" not in page
    assert "khớp bộ lọc" in client.get("/?q=x").text
