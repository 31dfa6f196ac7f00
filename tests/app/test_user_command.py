"""`haidang user`: accounts from the shell; a one-time password is seen once."""

import re
from contextlib import closing

import pytest

from app.commands import user as module
from dashboards import passwords
from haidang.store import accounts, sessions
from haidang.store.state.sqlite import open_sqlite
from tests.support.site import NOW

DAY = 86_400_000_000
SHOWN = re.compile(r"^([a-z2-9]{5}(?:-[a-z2-9]{5}){3})$", re.MULTILINE)


@pytest.fixture
def user(haidang, site, tmp_path, monkeypatch):
    """Runs a subcommand at `NOW` on an empty site."""
    file = site(tmp_path)
    monkeypatch.setattr(module, "receive_clock", lambda: NOW)
    return lambda *words: haidang("user", words[0], "--config", file, *words[1:])


@pytest.fixture
def database(tmp_path):
    """The site's state store."""
    with closing(open_sqlite(tmp_path / "data" / "state.db")) as found:
        yield found


def test_a_new_account_has_a_password_that_is_shown_once(user, database):
    """It is right, for a day; the store holds its hash alone."""
    ran = user("add", "lan", "--role", "analyst", "--display", "Nguyễn Thị Lan")
    [password] = SHOWN.findall(ran.out)
    account, hash_ = accounts.credentials(database, "lan")

    assert (0, "Nguyễn Thị Lan", NOW + DAY) == (ran.code, account.display, account.one_time)
    assert passwords.matches(hash_, password)
    assert password not in user("list").out


def test_no_two_passwords_are_the_same(user):
    """They are random, and long enough that nobody guesses one within its day."""
    said = [user("add", f"nguoi{n}", "--role", "lead").out for n in range(3)]

    assert 3 == len({SHOWN.findall(one)[0] for one in said})


def test_a_unit_that_is_not_there_is_told(user):
    """A misspelt unit would be an account that sees nothing."""
    ran = user("add", "lan", "--role", "unit_it", "--unit", "hb")

    assert (1, True) == (ran.code, ran.clean)
    assert "'hb' is not in" in ran.err
    assert "there is no account" in user("list").out


@pytest.mark.parametrize(
    "words",
    [
        ("add", "lan", "--role", "unit_it"),
        ("add", "lan", "--role", "admin", "--unit", "ha"),
        ("add", "!", "--role", "admin"),
        ("reset", "lan"),
        ("disable", "lan"),
        ("enable", "lan"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(user, words):
    """Without a stack trace."""
    ran = user(*words)

    assert (1, True, 1) == (ran.code, ran.clean, len(ran.err.splitlines()))


def test_the_list_shows_states_and_ids(user):
    """The id is what the audit trail says instead of the name."""
    assert "there is no account; make one" in user("list").out
    user("add", "lan", "--role", "unit_it", "--unit", "ha", "--unit", "xu")
    user("add", "minh", "--role", "lead")
    user("disable", "minh")
    first, second = user("list").out.splitlines()

    assert ["lan", "unit_it", "ha,xu", "one-time", "password"] == first.split()[:5]
    assert ["minh", "lead", "all", "disabled"] == second.split()[:4]
    assert re.fullmatch(r"[0-9a-f]{16}", first.split()[-1])


def test_a_reset_ends_sessions_and_the_old_password(user, database):
    """Whoever found the old one is out."""
    old = SHOWN.findall(user("add", "lan", "--role", "lead").out)[0]
    account, _ = accounts.credentials(database, "lan")
    sessions.start(database, account, "t", NOW)
    new = SHOWN.findall(user("reset", "lan").out)[0]
    _, hash_ = accounts.credentials(database, "lan")

    assert sessions.holder(database, "t", NOW) is None
    assert [False, True] == [passwords.matches(hash_, one) for one in (old, new)]


def test_a_disabled_account_is_enabled_again(user):
    """The list says so."""
    user("add", "lan", "--role", "lead")
    user("disable", "lan")
    user("enable", "lan")

    assert "disabled" not in user("list").out
