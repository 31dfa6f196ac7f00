"""Sessions: whose token it is, until when."""

import pytest

from haidang.model.instant import DAY, HOUR, MINUTE
from haidang.store import accounts, sessions
from haidang.store.accounts import NewAccount

NOW = 1_795_000_000_000_000


@pytest.fixture
def lan(database):
    """An account with a password of its own."""
    return accounts.add(database, NewAccount("1", "lan", "", "analyst", (), "hash", 0), NOW)


@pytest.mark.parametrize("token", ["", "another", "T", "t\udcff", "t' OR 1=1"])
def test_only_the_token_itself_opens(database, lan, token):
    """Nothing else, however odd."""
    sessions.start(database, lan, "t", NOW)

    assert lan == sessions.holder(database, "t", NOW)
    assert sessions.holder(database, token, NOW) is None


def test_requests_keep_a_session_alive_and_live_updates_do_not(database, lan):
    """A page that is left open must not hold the door open all night."""
    sessions.start(database, lan, "read", NOW)
    sessions.start(database, lan, "left", NOW)
    later = NOW + 20 * MINUTE
    sessions.holder(database, "read", later)
    sessions.holder(database, "left", later, active=False)

    assert lan == sessions.holder(database, "read", later + 20 * MINUTE)
    assert sessions.holder(database, "left", later + 20 * MINUTE, active=False) is None


def test_a_session_ends_after_its_longest_time(database, lan):
    """However active it is."""
    sessions.start(database, lan, "t", NOW)
    for minutes in range(0, 12 * 60, 15):
        assert lan == sessions.holder(database, "t", NOW + minutes * MINUTE)

    assert sessions.holder(database, "t", NOW + 12 * HOUR) is None


def test_logging_out_ends_this_session_alone(database, lan):
    """Elsewhere the person stays in."""
    for token in ("here", "there"):
        sessions.start(database, lan, token, NOW)
    sessions.end(database, lan, "here", NOW)

    assert sessions.holder(database, "here", NOW) is None
    assert lan == sessions.holder(database, "there", NOW)


def test_a_one_time_password_starts_one_session(database):
    """The second log in with it finds it spent, also where both were under way at once."""
    new = NewAccount("1", "lan", "", "analyst", (), "hash", NOW + DAY)
    lan = accounts.add(database, new, NOW)

    assert [True, False] == [sessions.start(database, lan, one, NOW) for one in ("a", "b")]
    assert (lan, None) == (
        sessions.holder(database, "a", NOW),
        sessions.holder(database, "b", NOW),
    )
    assert "" == accounts.credentials(database, "lan")[1]


def test_a_browser_is_known_to_its_account_for_a_while(database, lan):
    """By name, in any case; a second log in there renews it."""
    sessions.remember(database, lan, "browser", NOW)
    sessions.remember(database, lan, "browser", NOW + DAY)
    last = NOW + DAY + sessions.REMEMBERED

    assert sessions.knows(database, "LAN", "browser", last - 1)
    assert not sessions.knows(database, "lan", "browser", last)
    assert not sessions.knows(database, "minh", "browser", NOW)
    assert not sessions.knows(database, "lan", "another", NOW)
