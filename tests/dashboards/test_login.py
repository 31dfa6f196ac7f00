"""Logging in, waiting after failures, and where it leads."""

from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from dashboards import login, passwords
from haidang.model.instant import DAY, HOUR, MINUTE, SECOND
from haidang.store import accounts
from haidang.store.state import tables
from tests.support.console import browser, new_account

PASSWORD = "một câu dài dễ nhớ"  # noqa: S105 - of no account
WRONG = "không phải câu này"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Hashes that cost little: what is tested here is not how much."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))


@pytest.fixture
def account(console):
    """An account with a password of its own."""
    return new_account(console, name="lan", hash_=passwords.hashed(PASSWORD))


def enter(client, name="lan", password=PASSWORD, **more):
    """Send the form."""
    return client.post("/login", data={"name": name, "password": password, **more})


def trail(console):
    """(actor, action, subject) of the audit rows."""
    with console.database.reading() as connection:
        rows = connection.execute(select(tables.audit).order_by(tables.audit.c.id))
        return [(row.actor, row.action, row.subject) for row in rows]


def test_the_right_password_opens_a_session(console, account):
    """The page behind the log in answers; the trail names the account by its id."""
    client = browser(console)
    answer = enter(client)

    assert (303, "/") == (answer.status_code, answer.headers["Location"])
    assert 200 == client.get("/password").status_code
    assert (account.id, "session.started", account.id) == trail(console)[-1]


def test_the_session_cookie_is_out_of_reach(console, account):
    """For scripts and for other sites; it ends with the browser."""
    cookies = enter(browser(console)).headers.get_list("Set-Cookie")
    [session] = [one for one in cookies if one.startswith("haidang=")]

    assert {"HttpOnly", "SameSite=strict", "Path=/"} == set(session.split("; ")[1:])


def test_behind_tls_cookies_are_kept_to_this_host(console, account):
    """By their name, which browsers enforce, and by `Secure`."""
    cookies = enter(browser(replace(console, secure=True))).headers.get_list("Set-Cookie")

    assert all(one.startswith("__Host-haidang") and "; Secure" in one for one in cookies)


def test_each_log_in_has_a_token_of_its_own(console, account):
    """A token that somebody planted in the browser becomes nobody's session."""
    client = browser(console)
    client.cookies.set("haidang", "planted", "127.0.0.1")
    enter(client)
    first = client.cookies["haidang"]
    enter(client)

    assert 3 == len({"planted", first, client.cookies["haidang"]})


def test_the_store_holds_no_token(console, account):
    """Who reads the store cannot take over a session."""
    client = browser(console)
    enter(client)
    with console.database.reading() as connection:
        kept = str(connection.execute(select(tables.session)).all())
        kept += str(connection.execute(select(tables.device)).all())

    assert not [value for value in client.cookies.values() if value in kept]


@pytest.mark.parametrize("name", ["lan", "nobody", ""])
def test_wrong_name_and_wrong_password_read_alike(console, account, name):
    """The same status and the same page."""
    answer = enter(browser(console), name=name, password=WRONG)
    other = enter(browser(console), name="another", password=WRONG)

    assert (401, other.text) == (answer.status_code, answer.text)
    assert "Tên đăng nhập hoặc mật khẩu không đúng." in answer.text


def test_a_wrong_name_takes_the_work_of_a_wrong_password(monkeypatch, console, account):
    """A hash is looked at in both cases, with parameters of the same cost."""
    looked = []
    verify = PasswordHasher.verify

    def noted(self, hash_, password):
        looked.append(hash_)
        return verify(self, hash_, password)

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    enter(browser(console), password=WRONG)
    enter(browser(console), name="nobody", password=WRONG)

    assert 2 == len(looked)
    assert looked[1].startswith("$argon2id$v=19$m=47104,t=2,p=1$")


def test_failures_are_in_the_trail_without_name_and_password(console, account):
    """By the account's id where there is one."""
    enter(browser(console), password=WRONG)
    enter(browser(console), name="matkhaucuatoi", password=WRONG)

    assert [
        ("system:console", "login.failed", account.id),
        ("system:console", "login.failed", ""),
    ] == trail(console)[-2:]


def test_a_disabled_account_stays_out(console, account, wall):
    """As if the password were wrong; its sessions end at once."""
    client = browser(console)
    enter(client)
    accounts.disable(console.database, "lan", wall())

    assert 303 == client.get("/password").status_code
    assert 401 == enter(client).status_code


@pytest.mark.parametrize("name", ["lan", "nobody"])
def test_after_some_failures_one_must_wait(console, account, wall, name):
    """Whether or not there is such an account; the right password must wait as well."""
    client = browser(console)
    for _ in range(5):
        enter(client, name=name, password=WRONG)
    answer = enter(client, name=name)

    assert 429 == answer.status_code
    assert "Hãy thử lại sau 15 giây." in answer.text
    wall.now += 15 * SECOND
    assert enter(client, name=name).status_code == (303 if name == "lan" else 401)


@pytest.mark.slow
def test_waiting_grows_and_has_an_end(console, account, wall):
    """Guessing becomes slow, and nobody is locked out for longer than five minutes."""
    waits = []
    for _ in range(12):
        tried = wall.now
        while enter(browser(console), password=WRONG).status_code == 429:
            wall.now += 15 * SECOND
        waits.append((wall.now - tried) // SECOND)

    assert [0, 0, 0, 0, 0, 15, 30, 60, 120, 240, 300, 300] == waits


def test_others_failures_do_not_slow_a_known_browser(console, account, wall):
    """An attacker must not keep the night shift out."""
    mine = browser(console)
    enter(mine)
    mine.cookies.delete("haidang")
    for _ in range(12):
        enter(browser(console), password=WRONG)

    assert 429 == enter(browser(console)).status_code
    assert 303 == enter(mine).status_code


def test_a_known_browser_is_known_for_its_account_alone(console, account):
    """With one's own account nobody guesses faster at another one."""
    new_account(console, name="minh", hash_=passwords.hashed(PASSWORD))
    client = browser(console)
    enter(client, name="minh")
    answers = [enter(client, password=WRONG).status_code for _ in range(6)]

    assert [401] * 5 + [429] == answers


def test_one_peer_cannot_try_many_names(monkeypatch, console, wall):
    """Spraying one password over all names is slowed down by its address."""
    monkeypatch.setattr(passwords, "_NOBODY", passwords.hashed("another"))
    answers = [
        enter(browser(console), name=f"nguoi{n}", password=WRONG).status_code for n in range(21)
    ]

    assert [401] * 20 + [429] == answers


def test_right_passwords_do_not_use_up_a_peers_tries(console, account):
    """A whole unit may come from one address."""
    assert {303} == {enter(browser(console)).status_code for _ in range(22)}


def test_failures_are_forgotten_after_a_day(console, account, wall):
    """They are not kept for ever."""
    for _ in range(5):
        enter(browser(console), password=WRONG)
    wall.now += DAY
    enter(browser(console), password=WRONG)
    with console.database.reading() as connection:
        assert {1} == set(connection.execute(select(tables.throttle.c.failures)).scalars())


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/alerts/1?a=b", "/alerts/1?a=b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_a_log_in_leads_to_our_own_pages_only(console, account, asked, led):
    """The address of the form may come from a stranger's link."""
    assert led == enter(browser(console), next=asked).headers["Location"]
    assert led == login.own_path(asked)


def test_a_page_without_session_leads_to_the_log_in_and_back(console, account):
    """With its parameters."""
    client = browser(console)
    asked = client.get("/password?lang=en")

    assert (303, "/login?next=%2Fpassword%3Flang%3Den") == (
        asked.status_code,
        asked.headers["Location"],
    )
    assert 'name="next" value="/password?lang=en"' in client.get(asked.headers["Location"]).text


def test_a_program_without_session_gets_a_status(console):
    """JSON readers are not led anywhere."""
    answer = browser(console).get("/password", headers={"Accept": "application/json"})

    assert (401, {"status": 401}) == (answer.status_code, answer.json())


@pytest.mark.parametrize(("pause", "status"), [(29 * MINUTE, 200), (30 * MINUTE, 303)])
def test_an_idle_session_ends(console, account, wall, pause, status):
    """Half an hour without a request."""
    client = browser(console)
    enter(client)
    wall.now += pause

    assert status == client.get("/password").status_code


def test_a_session_ends_after_twelve_hours(console, account, wall):
    """However busy its reader was."""
    client = browser(console)
    enter(client)
    begun, answers = wall.now, []
    while wall.now < begun + 12 * HOUR:
        answers.append(client.get("/password").status_code)
        wall.now += 20 * MINUTE

    assert [200] * 36 == answers
    assert 303 == client.get("/password").status_code


def test_a_one_time_password_opens_once_and_leads_to_an_own_one(console, wall):
    """Nothing else can be done with it."""
    hash_ = passwords.hashed(PASSWORD)
    new_account(console, name="moi", hash_=hash_, one_time=wall() + DAY)
    client = browser(console)

    assert "/password" == enter(client, name="moi", next="/health").headers["Location"]
    assert "/password" == client.get("/health").headers["Location"]
    assert 401 == enter(browser(console), name="moi").status_code


def test_a_one_time_password_ends_after_a_day(console, wall):
    """Who did not come asks for another one."""
    hash_ = passwords.hashed(PASSWORD)
    new_account(console, name="moi", hash_=hash_, one_time=wall() + DAY)
    wall.now += DAY

    assert 401 == enter(browser(console), name="moi").status_code


def test_the_hash_for_nobody_costs_what_ours_costs(monkeypatch):
    """Else the time would tell which names exist."""
    monkeypatch.undo()

    assert passwords.hashed(PASSWORD).split("$")[:4] == passwords._NOBODY.split("$")[:4]


def test_the_trail_says_from_where_a_failure_came(console, account):
    """An address, so that the person at the phone can be asked."""
    enter(browser(console), password=WRONG)
    with console.database.reading() as connection:
        [detail] = connection.scalars(
            select(tables.audit.c.detail).where(tables.audit.c.action == "login.failed")
        )

    assert '{"peer": "testclient"}' == detail
