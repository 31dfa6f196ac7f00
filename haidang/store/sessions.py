"""Sessions of the console: a random token in the browser, its SHA-256 here (OWASP ASVS 5, 7.2)."""

from hashlib import sha256

from sqlalchemy import delete, insert, or_, select, update

from haidang.model.fold import fold
from haidang.model.instant import DAY, HOUR, MINUTE, Instant
from haidang.store import accounts, audit
from haidang.store.accounts import Account
from haidang.store.state import tables
from haidang.store.state.database import Database

IDLE = 30 * MINUTE
ABSOLUTE = 12 * HOUR
REMEMBERED = 90 * DAY
_TOUCH = MINUTE  # not every request is worth a write

_SESSION, _DEVICE = tables.session, tables.device


def digest(token: str) -> str:
    """What the store keeps of a token."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def start(database: Database, account: Account, token: str, now: Instant) -> bool:
    """Log an account in with a fresh token; sessions that are over are forgotten.

    False, and nothing done, where its one-time password was used already.
    """
    with database.transaction("session.start") as connection:
        if account.one_time and not accounts.spend(connection, account):
            return False
        over = or_(_SESSION.c.expires <= now, _SESSION.c.seen <= now - IDLE)
        connection.execute(delete(_SESSION).where(over))
        row = {
            "token": digest(token),
            "account": account.id,
            "created": now,
            "seen": now,
            "expires": now + ABSOLUTE,
        }
        connection.execute(insert(_SESSION).values(row))
        audit.record(connection, now, account.id, "session.started", account.id)
    return True


def holder(database: Database, token: str, now: Instant, *, active: bool = True) -> Account | None:
    """Whose session a token is: as the account is now, None once session or account ended.

    An `active` request keeps the session alive; a live update does not.
    """
    with database.reading() as connection:
        wanted = select(_SESSION).where(_SESSION.c.token == digest(token))
        row = connection.execute(wanted).one_or_none()
        if row is None or now >= row.expires or now >= row.seen + IDLE:
            return None
        account = accounts.by_id(connection, row.account)
    if account is None or account.disabled:
        return None
    if active and now >= row.seen + _TOUCH:
        with database.transaction("session.seen") as connection:
            change = update(_SESSION).where(_SESSION.c.token == row.token)
            connection.execute(change.values(seen=now))
    return account


def end(database: Database, account: Account, token: str, now: Instant) -> None:
    """Log out."""
    with database.transaction("session.end") as connection:
        connection.execute(delete(_SESSION).where(_SESSION.c.token == digest(token)))
        audit.record(connection, now, account.id, "session.ended", account.id)


def remember(database: Database, account: Account, device: str, now: Instant) -> None:
    """Note that the account logged in from the browser that holds this token."""
    with database.transaction("device.remember") as connection:
        connection.execute(delete(_DEVICE).where(_DEVICE.c.seen <= now - REMEMBERED))
        mine = _DEVICE.c.token == digest(device)
        connection.execute(delete(_DEVICE).where(mine))
        row = {"token": digest(device), "account": account.id, "seen": now}
        connection.execute(insert(_DEVICE).values(row))


def knows(database: Database, name: str, device: str, now: Instant) -> bool:
    """Whether the account of this name logged in from this browser before."""
    mine = (_DEVICE.c.token == digest(device), _DEVICE.c.seen > now - REMEMBERED)
    wanted = select(tables.account.c.name).join(_DEVICE).where(*mine)
    with database.reading() as connection:
        return connection.execute(wanted).scalar_one_or_none() == fold(name)
