"""A reader's own account: choosing a password, logging out."""

from contextlib import closing

import pytest
from argon2 import PasswordHasher

from dashboards import passwords
from haidang.store import accounts, sessions
from haidang.store.state.sqlite import open_sqlite
from tests.support.console import console_over, logged_in, new_account

OLD, NEW = "một câu dài dễ nhớ", "một câu khác cũng dài"
DAY = 86_400_000_000


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Hashes that cost little."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))


@pytest.fixture
def console(tmp_path, wall):
    """A console of this test alone."""
    with closing(open_sqlite(tmp_path / "state.db")) as database:
        yield console_over(database, wall=wall)


@pytest.fixture
def lan(console):
    """An account with a password of its own."""
    return new_account(console, name="lan", hash_=passwords.hashed(OLD))


def choose(client, **given):
    """Send the form of the page."""
    page = client.get("/password").text
    mark = page.split('name="csrf" value="')[1].split('"')[0]
    return client.post("/password", data={"csrf": mark, **given})


def test_a_new_password_needs_the_present_one(console, lan):
    """Who finds a browser unlocked must not take the account over."""
    client = logged_in(console, account=lan)
    answer = choose(client, old="falsch aber lang", new=NEW, again=NEW)

    assert (422, True) == (answer.status_code, "Mật khẩu hiện tại không đúng." in answer.text)
    assert passwords.matches(accounts.credentials(console.database, "lan")[1], OLD)


def test_a_new_password_ends_all_sessions_but_a_fresh_one(console, lan):
    """Somebody else may sit in one of them."""
    client, elsewhere = (logged_in(console, account=lan) for _ in range(2))
    before = client.cookies["haidang"]
    client.cookies.clear()
    client.cookies.set("haidang", before, "127.0.0.1")
    answer = choose(client, old=OLD, new=NEW, again=NEW)

    assert (303, "/") == (answer.status_code, answer.headers["Location"])
    assert before != client.cookies["haidang"]
    assert [200, 303] == [one.get("/password").status_code for one in (client, elsewhere)]
    assert sessions.holder(console.database, before, console.wall()) is None
    assert passwords.matches(accounts.credentials(console.database, "lan")[1], NEW)


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [
        (NEW, NEW + "!", "không giống nhau"),
        ("ngắn", "ngắn", "từ 12 đến 256 ký tự"),
        ("chị lan ở sở xây dựng", "chị lan ở sở xây dựng", "không được chứa tên đăng nhập"),
        ("matkhau123456", "matkhau123456", "quá dễ đoán"),
    ],
)
def test_what_is_wrong_with_a_choice_is_told(console, lan, new, again, said):
    """In words, and nothing is changed or shown again."""
    answer = choose(logged_in(console, account=lan), old=OLD, new=new, again=again)

    assert (422, True) == (answer.status_code, said in answer.text)
    assert f'"{new}"' not in answer.text


def test_guessing_the_present_password_is_slow(console, lan):
    """As at the log in."""
    client = logged_in(console, account=lan)
    answers = [choose(client, old="x", new=NEW, again=NEW).status_code for _ in range(6)]

    assert [422] * 5 + [429] == answers


def test_the_first_choice_needs_no_present_password(console, wall):
    """The one-time password has just been given."""
    moi = new_account(console, name="moi", hash_="x", one_time=wall() + DAY)
    client = logged_in(console, account=moi)

    assert 'name="old"' not in client.get("/password").text
    assert 303 == choose(client, new=NEW, again=NEW).status_code
    assert 0 == accounts.credentials(console.database, "moi")[0].one_time
