"""Who is asking: rights of this moment, forms of this session, refusals that tell nothing."""

import pytest
from sqlalchemy import delete, insert, select

from haidang.store import accounts
from haidang.store.state import tables
from tests.support.console import as_json, browser, logged_in, new_account


def trail(console, action):
    """(actor, subject, detail) of the rows of one kind."""
    with console.database.reading() as connection:
        rows = connection.execute(select(tables.audit).where(tables.audit.c.action == action))
        return [(row.actor, row.subject, row.detail) for row in rows]


def test_rights_are_those_of_this_moment(console):
    """A unit that is taken away is gone with the next request of a session that goes on."""
    account = new_account(console, "unit_it", ("ha", "xu"))
    assert {"ha", "xu"} == console.scope_of(account).units
    with console.database.transaction("test") as connection:
        table = tables.account_unit
        connection.execute(delete(table).where(table.c.unit == "xu"))
        connection.execute(insert(table).values(account=account.id, unit="dc"))
    [now] = [one for one in accounts.every(console.database) if one.id == account.id]

    assert {"ha", "dc"} == console.scope_of(now).units


@pytest.mark.parametrize("role", accounts.ROLES)
def test_only_the_centre_sees_everything(console, role):
    """Every other role its units alone."""
    scope = console.scope_of(new_account(console, role))

    assert (None if role in accounts.CENTRE else {"ha"}) == scope.units


@pytest.mark.parametrize("given", [{}, {"csrf": ""}, {"csrf": "guessed"}, "another session's"])
def test_a_form_that_is_not_of_this_session_is_refused(console, given):
    """Nothing happens, and the page says to open it again."""
    client = logged_in(console)
    if isinstance(given, str):
        given = {"csrf": mark_of(logged_in(console))}
    answer = client.post("/logout", data=given)

    assert (403, True) == (answer.status_code, "Hãy mở lại trang" in answer.text)
    assert 200 == client.get("/password").status_code


def test_a_form_of_this_session_is_taken(console):
    """It carries the mark of the page."""
    client = logged_in(console)
    answer = client.post("/logout", data={"csrf": mark_of(client)})

    assert (303, "/login") == (answer.status_code, answer.headers["Location"])
    assert 303 == client.get("/password").status_code


def mark_of(client):
    """What the page's form carries."""
    text = client.get("/password").text
    return text.split('name="csrf" value="')[1].split('"')[0]


def test_the_mark_of_a_form_does_not_tell_the_token(console):
    """Who reads the page over a shoulder has no session."""
    client = logged_in(console)

    assert client.cookies["haidang"] not in client.get("/password").text


def test_an_unknown_address_reads_alike_for_everybody_inside(console):
    """And strangers do not learn what there is."""
    one, other = logged_in(console, "analyst"), logged_in(console, "unit_it")
    inside = {client.get("/nowhere").status_code for client in (one, other)}

    assert ({404}, {"status": 404}) == (inside, as_json(one).get("/nowhere").json())
    assert "/login?next=%2Fnowhere" == browser(console).get("/nowhere").headers["Location"]


def test_a_post_after_the_session_ended_leads_to_the_log_in(console):
    """A person must not meet JSON."""
    answer = browser(console).post("/logout", data={})

    assert (303, "/login") == (answer.status_code, answer.headers["Location"])
