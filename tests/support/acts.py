"""What people do at the console's door: each act is one transaction, by its name."""

from haidang.store import accounts, sessions, throttle
from haidang.store.accounts import NewAccount

NOW = 1_795_000_000_000_000
_KEY = throttle.key("account", "lan")


def _lan(database):
    account, _ = accounts.credentials(database, "lan")
    return account


# Name of the transaction: the act, where the account `lan` has the session `t`.
ACTS = {
    "account.add": lambda database: accounts.add(
        database, NewAccount("2", "minh", "", "analyst", (), "hash", 0), NOW
    ),
    "account.change": lambda database: accounts.disable(database, "lan", NOW),
    "account.password": lambda database: accounts.choose_password(
        database, _lan(database), "another", NOW
    ),
    "device.remember": lambda database: sessions.remember(database, _lan(database), "browser", NOW),
    "session.end": lambda database: sessions.end(database, _lan(database), "t", NOW),
    "session.seen": lambda database: sessions.holder(database, "t", NOW + 20 * 60_000_000),
    "session.start": lambda database: sessions.start(database, _lan(database), "u", NOW),
    "throttle.attempt": lambda database: throttle.attempt(database, {_KEY: throttle.ACCOUNT}, NOW),
    "throttle.forgive": lambda database: throttle.forgive(database, _KEY),
}


def prepare(database):
    """The account with its session, and one failure."""
    new = NewAccount("1", "lan", "", "analyst", (), "hash", 0)
    accounts.add(database, new, NOW)
    sessions.start(database, _lan(database), "t", NOW)
    throttle.attempt(database, {_KEY: throttle.ACCOUNT}, NOW)
