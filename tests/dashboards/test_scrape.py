"""Who may read `/metrics`: this machine, and whoever brings the token; nobody else."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from dashboards.app import create_app
from dashboards.metrics import Metrics
from haidang.model.instant import MINUTE
from haidang.store.state import tables
from tests.support.console import HOST, TestClient, browser

TOKEN = "of-the-scraper-0123456789"  # noqa: S105 - of this test
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def ask(console):
    """GET /metrics from an address: `ask(peer, headers, token)`; one application for all."""
    metrics = Metrics({"build": lambda _now: [("haidang_build_info", ("1", "embedded"), 1)]}, TOKEN)
    app = create_app(replace(console, metrics=metrics))

    def get(peer="127.0.0.1", headers=None, token=TOKEN):
        metrics.token = token
        client = TestClient(app, base_url=f"http://{HOST}", client=(peer, 50_000))
        return client.get("/metrics", headers=headers or {})

    return get


def refusals(console):
    """The details of the refusals in the audit trail."""
    with console.database.reading() as connection:
        query = select(tables.audit).where(tables.audit.c.action == "metrics.refused")
        return [json.loads(row.detail) for row in connection.execute(query)]


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_needs_no_token(ask, peer):
    """The text is Prometheus' own format."""
    answer = ask(peer)

    assert 200 == answer.status_code
    assert "text/plain; version=0.0.4; charset=utf-8" == answer.headers["content-type"]
    assert "haidang_build_info" in answer.text


@pytest.mark.parametrize("peer", ["10.1.2.3", "203.0.113.5", "2001:db8::1", "", "unix"])
def test_other_machines_are_refused_without_the_token(ask, console, peer):
    """And told nothing; asking without a token is no attempt to guess one."""
    answer = ask(peer)

    assert (403, "forbidden") == (answer.status_code, answer.text)
    assert [] == refusals(console)


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host"]
)
def test_proxy_on_this_machine_asks_for_a_stranger(ask, header):
    """Whatever it claims, also that the stranger is this machine."""
    assert 403 == ask(headers={header: "127.0.0.1"}).status_code
    assert 200 == ask(headers={header: "127.0.0.1", **BEARER}).status_code


def test_token_opens_from_anywhere(ask):
    """The scheme's name may be written in any case (RFC 9110, 11.1)."""
    assert 200 == ask("10.1.2.3", BEARER).status_code
    assert 200 == ask("10.1.2.3", {"Authorization": f"bearer {TOKEN}"}).status_code


@pytest.mark.parametrize(
    "given",
    [
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer",
        "",
        "Bearer \xe9",
    ],
)
@pytest.mark.parametrize("peer", ["127.0.0.1", "10.1.2.3"])
def test_wrong_token_is_refused_and_noted_without_it(ask, console, given, peer):
    """From anywhere: who brings a token goes by it."""
    assert 403 == ask(peer, {"Authorization": given.encode("latin-1")}).status_code
    assert [{"peer": peer, "attempts": 1}] == refusals(console)


@pytest.mark.parametrize("given", ["Bearer", "Bearer ", "", "Bearer x"])
def test_without_a_token_of_ours_none_opens(ask, given):
    """An empty one least of all."""
    assert 403 == ask("10.1.2.3", {"Authorization": given}, token="").status_code


def test_guessing_does_not_fill_the_audit_trail(ask, console, wall):
    """One row a minute, which says how many there were since the last."""
    for _ in range(50):
        ask("10.1.2.3", {"Authorization": "Bearer wrong"})
    wall.now += MINUTE - 1
    ask("10.1.2.3", {"Authorization": "Bearer wrong"})
    assert [1] == [one["attempts"] for one in refusals(console)]

    wall.now += 1
    ask("10.1.2.4", {"Authorization": "Bearer wrong"})
    assert [{"peer": "10.1.2.3", "attempts": 1}, {"peer": "10.1.2.4", "attempts": 51}] == refusals(
        console
    )


def test_console_without_figures_has_no_such_page(console):
    """It reads as any page that is not there."""
    assert 404 == browser(console).get("/metrics").status_code
