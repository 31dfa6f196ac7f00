"""Guessing passwords is slow: after some failures each further try must wait, longer each time.

The counts are durable and shared by all processes. A try is counted before its password is looked
at, so many at once gain nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select, text, update

from haidang.model.fold import fold
from haidang.model.ids import make_id
from haidang.model.instant import DAY, MINUTE, SECOND, Instant
from haidang.store.state import tables
from haidang.store.state.database import Database

_TABLE = tables.throttle
_FORGET = DAY
# On both databases it holds the row until the transaction ends.
_LOCK = text(
    "INSERT INTO throttle (key, failures, last) VALUES (:key, 0, :now) "
    "ON CONFLICT (key) DO UPDATE SET failures = throttle.failures"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many failures without waiting, then from 15 seconds doubling up to `longest`."""

    free: int
    longest: Instant

    def wait(self, failures: int) -> Instant:
        """How long after the last failure the next try may come."""
        over = failures - self.free
        return 0 if over < 0 else min(15 * SECOND << min(over, 20), self.longest)


# An attacker who knows a name can make its owner wait five minutes in a strange browser, and not
# at all in one where the owner has logged in before.
ACCOUNT = Limit(5, 5 * MINUTE)
DEVICE = Limit(5, 15 * MINUTE)
PEER = Limit(20, 15 * MINUTE)  # a whole unit may come from one address


def key(kind: str, value: str) -> str:
    """The key of an account's name, a device or a peer; people type passwords as names, too."""
    return make_id(kind, fold(value))


def attempt(database: Database, limits: Mapping[str, Limit], now: Instant) -> Instant:
    """Count a try under each key and return 0; or how long to wait, then nothing is counted."""
    with database.transaction("throttle.attempt") as connection:
        connection.execute(delete(_TABLE).where(_TABLE.c.last <= now - _FORGET))
        for one in sorted(limits):
            connection.execute(_LOCK, {"key": one, "now": now})
        mine = _TABLE.c.key.in_(limits)
        rows = connection.execute(select(_TABLE).where(mine)).all()
        wait: Instant = max(row.last + limits[row.key].wait(row.failures) - now for row in rows)
        if wait > 0:
            return wait
        more = {"failures": _TABLE.c.failures + 1, "last": now}
        connection.execute(update(_TABLE).where(mine).values(more))
        return 0


def forgive(database: Database, whole: str, one: str = "") -> None:
    """After the right password: forget all failures under one key, and this try under another."""
    with database.transaction("throttle.forgive") as connection:
        connection.execute(delete(_TABLE).where(_TABLE.c.key == whole))
        less = update(_TABLE).where(_TABLE.c.key == one, _TABLE.c.failures > 0)
        connection.execute(less.values(failures=_TABLE.c.failures - 1))
