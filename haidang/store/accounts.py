"""Accounts of people: who they are, what their role lets them see. Hashes come ready-made."""

import re
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from haidang.errors import HaidangError
from haidang.model.fold import fold
from haidang.model.instant import Instant
from haidang.store import audit, throttle
from haidang.store.state import tables
from haidang.store.state.database import Database

# Roles of the centre see everything, the others their units alone.
CENTRE = ("admin", "lead", "analyst")
ROLES = (*CENTRE, "unit_it", "unit_head", "owner", "assessor", "auditor")

_ACCOUNT, _UNIT = tables.account, tables.account_unit
_SHELL = "system:shell"  # who manages accounts: whoever may run the commands
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")


@dataclass(frozen=True, slots=True)
class Account:
    """One account; `one_time` is when its one-time password ends, 0 where it has its own."""

    id: str
    name: str
    display: str
    role: str
    units: tuple[str, ...]
    one_time: Instant
    language: str
    created: Instant
    disabled: Instant


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What a new account is made of; `id` is random and says nothing of the person."""

    id: str
    name: str
    display: str
    role: str
    units: tuple[str, ...]
    hash: str
    one_time: Instant


def add(database: Database, new: NewAccount, now: Instant) -> Account:
    """Make an account. Raises HaidangError (a name that is taken or none, role and units)."""
    name = fold(new.name)
    _check(new, name)
    with database.transaction("account.add") as connection:
        if _row(connection, name=name) is not None:
            raise HaidangError(f"{name}: there is such an account already; give another name")
        values = {
            "id": new.id,
            "name": name,
            "display": new.display or name,
            "role": new.role,
            "hash": new.hash,
            "one_time": new.one_time,
            "language": "vi",
            "created": now,
            "disabled": 0,
        }
        connection.execute(insert(_ACCOUNT).values(values))
        for unit in sorted(set(new.units)):
            connection.execute(insert(_UNIT).values(account=new.id, unit=unit))
        detail = {"role": new.role, "units": sorted(new.units)}
        audit.record(connection, now, _SHELL, "account.added", new.id, detail)
        return _account(connection, _known(connection, name))


def _check(new: NewAccount, name: str) -> None:
    if not _NAME.fullmatch(name):
        form = "2 to 64 small letters, digits, `.`, `_`, `-`"
        raise HaidangError(f"the account's name must be {form}")
    if new.role not in ROLES:
        raise HaidangError(f"{new.role}: no such role; known: {', '.join(ROLES)}")
    if new.role in CENTRE and new.units:
        raise HaidangError(f"{new.role} is a role of the centre and sees all units; name none")
    if new.role not in CENTRE and not new.units:
        raise HaidangError(f"{new.role} sees its units alone; name at least one")


def every(database: Database) -> list[Account]:
    """All accounts by name."""
    with database.reading() as connection:
        rows = connection.execute(select(_ACCOUNT).order_by(_ACCOUNT.c.name)).all()
        return [_account(connection, row) for row in rows]


def by_id(connection: Connection, id_: str) -> Account | None:
    """The account with this id."""
    row = _row(connection, id=id_)
    return None if row is None else _account(connection, row)


def credentials(database: Database, name: str) -> tuple[Account, str] | None:
    """The account with this name, and its password's hash."""
    with database.reading() as connection:
        row = _row(connection, name=fold(name))
        return None if row is None else (_account(connection, row), row.hash)


def spend(connection: Connection, account: Account) -> bool:
    """Let a one-time password work no more; False where it was used already."""
    fresh = (_ACCOUNT.c.id == account.id, _ACCOUNT.c.hash != "")
    return connection.execute(update(_ACCOUNT).where(*fresh).values(hash="")).rowcount == 1


def reset(database: Database, name: str, hash_: str, one_time: Instant, now: Instant) -> Account:
    """Give an account a one-time password; its sessions end, earlier failures are forgotten.

    Raises HaidangError.
    """
    throttle.forgive(database, throttle.key("account", name))
    return _changed(database, name, "account.reset", now, hash=hash_, one_time=one_time)


def disable(database: Database, name: str, now: Instant) -> Account:
    """Let an account in no more; its sessions end. Raises HaidangError."""
    return _changed(database, name, "account.disabled", now, disabled=now)


def enable(database: Database, name: str, now: Instant) -> Account:
    """Let a disabled account in again. Raises HaidangError."""
    return _changed(database, name, "account.enabled", now, disabled=0)


def _changed(database: Database, name: str, action: str, now: Instant, **values: object) -> Account:
    with database.transaction("account.change") as connection:
        id_ = _known(connection, fold(name)).id
        connection.execute(update(_ACCOUNT).where(_ACCOUNT.c.id == id_).values(values))
        end_sessions(connection, id_)
        audit.record(connection, now, _SHELL, action, id_)
        return _account(connection, _known(connection, fold(name)))


def choose_password(database: Database, account: Account, hash_: str, now: Instant) -> Account:
    """Take a person's own password; every session of the account ends, and every known device."""
    with database.transaction("account.password") as connection:
        change = update(_ACCOUNT).where(_ACCOUNT.c.id == account.id)
        connection.execute(change.values(hash=hash_, one_time=0))
        end_sessions(connection, account.id)
        audit.record(connection, now, account.id, "account.password", account.id)
    return replace(account, one_time=0)


def end_sessions(connection: Connection, account: str) -> None:
    """Log an account out everywhere, and forget its devices; part of the caller's transaction."""
    for table in (tables.session, tables.device):
        connection.execute(delete(table).where(table.c.account == account))


def _known(connection: Connection, name: str) -> Row[Any]:
    row = _row(connection, name=name)
    if row is None:
        raise HaidangError(f"{name}: no such account; `haidang user list` shows them")
    return row


def _row(connection: Connection, **wanted: str) -> Row[Any] | None:
    conditions = (_ACCOUNT.c[name] == value for name, value in wanted.items())
    return connection.execute(select(_ACCOUNT).where(*conditions)).one_or_none()


def _account(connection: Connection, row: Row[Any]) -> Account:
    units = select(_UNIT.c.unit).where(_UNIT.c.account == row.id).order_by(_UNIT.c.unit)
    return Account(
        row.id,
        row.name,
        row.display,
        row.role,
        tuple(connection.execute(units).scalars()),
        row.one_time,
        row.language,
        row.created,
        row.disabled,
    )
