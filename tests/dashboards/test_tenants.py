"""Nobody sees another unit's data: every route, every role, a unit that is not theirs.

The routes come from the application itself: a new one is asked without anybody's thinking of it.
"""

import re
from contextlib import ExitStack
from dataclasses import replace

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select
from starlette.routing import Mount

from app import config
from app.console import open_console
from dashboards.app import create_app
from haidang.store.accounts import CENTRE, ROLES
from haidang.store.state import tables
from tests.support import browser as harness
from tests.support.console import HOST, Clock, as_json, browser, logged_in

UNITS = [role for role in ROLES if role not in CENTRE]
OUTSIDE = {"/login", "/metrics"}  # no session there: they show nobody's data
FOREIGN = ("Sở Xuân", "Department Xu", "XU-WEB01", "10.1.1.2", "/bi-mat-xuan", "198.51.100.77")
LINE = (
    '{} - - [18/Nov/2026:08:01:00 +0700] "GET {}?tep=../../../../etc/passwd HTTP/1.1" '
    '200 1833 "-" "curl/8.5.0"\n'
)
OWN, OTHERS = LINE.format("203.0.113.9", "/tai-ve"), LINE.format("198.51.100.77", "/bi-mat-xuan")


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    """A console over two units' alerts and broken lines, raised by the product's own commands."""
    folder = tmp_path_factory.mktemp("tenants") / "site"
    site = harness.prepared(folder, OWN.encode(), others=OTHERS.encode() + b"\xff broken xuan\n")
    with ExitStack() as stack:
        opened = open_console(config.load(site.config), Clock(harness.now()), stack)
        yield replace(opened, hosts=frozenset({HOST}))


@pytest.fixture(scope="module")
def foreign(console):
    """What a path may be filled with, of the unit Xuân: ids by the name of the parameter."""
    with console.database.reading() as connection:
        unit = tables.alert_unit
        alerts = set(connection.scalars(select(unit.c.alert).where(unit.c.unit == "xu")))
        own = set(connection.scalars(select(unit.c.alert).where(unit.c.unit == "ha")))
        [alert] = alerts - own
        sealed = tables.evidence
        events = connection.scalars(select(sealed.c.event).where(sealed.c.alert == alert))
        return {"alert_id": alert, "event_id": next(iter(events))}


def flat(found):
    """Every route below these; files are nobody's data."""
    for one in found:
        if isinstance(one, APIRoute):
            yield one
        elif one.__class__.__name__ == "_IncludedRouter":
            yield from flat(one.original_router.routes)
        else:
            assert isinstance(one, Mount), one
            assert "/static" == one.path


def routes(console, method="GET"):
    """The paths that answer a method, behind the log in."""
    found = flat(create_app(console).routes)
    return sorted({one.path for one in found if method in one.methods} - OUTSIDE)


def filled(path, values):
    """An address of this path."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda name: values.get(name[1], "unknown"), path)


def asked(client, path):
    """What a reader gets, as a page and as JSON."""
    pages = [client.get(path, headers={"Accept": kind}) for kind in ("text/html", "*/*")]
    return [*pages, as_json(client).get(path)]


def test_the_world_has_two_units_and_the_centre_sees_both(console, foreign):
    """Else the tests below could not fail."""
    text = logged_in(console, "analyst").get("/").text

    assert {"/", "/alerts/{alert_id}", "/password"} <= set(routes(console))
    assert all(name in text for name in ("Sở Hạ", "Sở Xuân"))
    assert 200 == logged_in(console, "analyst").get(f"/alerts/{foreign['alert_id']}").status_code


@pytest.mark.parametrize("role", UNITS)
def test_no_page_shows_another_units_data(console, foreign, role):
    """Nor says by its status that there is something."""
    client = logged_in(console, role, ("ha",))
    for path in routes(console):
        answers = asked(client, filled(path, foreign))
        for answer in answers:
            shown = [word for word in FOREIGN if word in answer.text]
            assert [] == shown, f"{path}: {answer.text}"
        if any(f"{{{name}}}" in path for name in foreign):
            assert {404} == {answer.status_code for answer in answers}, path


def test_a_stranger_is_led_to_the_log_in_from_everywhere(console, foreign):
    """A page cannot forget to ask who is there."""
    for path in routes(console):
        answer = browser(console).get(filled(path, foreign))
        assert (303, True) == (answer.status_code, "/login" in answer.headers["Location"]), path


def test_every_change_is_known_here(console):
    """What a form can do must be thought of for each role: now, only to one's own account."""
    assert ["/logout", "/password"] == sorted(
        {path for method in ("POST", "PUT", "PATCH", "DELETE") for path in routes(console, method)}
    )


@pytest.mark.parametrize("role", UNITS)
def test_a_foreign_alert_reads_as_one_that_is_not_there(console, foreign, role):
    """And both are in the audit trail as refused."""
    client = logged_in(console, role, ("ha",))
    there = client.get(f"/alerts/{foreign['alert_id']}")
    absent = client.get("/alerts/00000000000000000000000000000000")

    def plain(answer):
        return re.sub(r'/alerts/\w+|name="csrf" value="[^"]+"', "", answer.text)

    assert (404, plain(there)) == (absent.status_code, plain(absent))
    with console.database.reading() as connection:
        rows = connection.execute(
            select(tables.audit.c.subject).where(tables.audit.c.action == "access.refused")
        )
        assert {foreign["alert_id"], "00000000000000000000000000000000"} <= set(rows.scalars())


def test_every_parameter_of_a_path_is_known_here(console, foreign):
    """A new kind of page must say what another unit's would be, or that no unit owns it."""
    shared = {"path", "rule_id", "rule"}  # rules belong to nobody
    names = set(re.findall(r"\{(\w+)", " ".join(routes(console))))

    assert set() == names - shared - set(foreign)
