"""Accounts: who there is, what they may, and that every act is in the trail."""

import pytest
from sqlalchemy import select

from haidang.errors import HaidangError
from haidang.store import accounts, sessions
from haidang.store.accounts import CENTRE, ROLES, NewAccount
from haidang.store.state import tables

NOW = 1_795_000_000_000_000


def new(name="lan", role="analyst", units=(), **more):
    """What an account is made of."""
    values = {"id": f"id-{name}", "display": "Nguyễn Lan", "hash": "a hash", "one_time": NOW + 9}
    return NewAccount(name=name, role=role, units=units, **{**values, **more})


def trail(database):
    """The audit rows as text."""
    with database.reading() as connection:
        return [tuple(row)[2:] for row in connection.execute(select(tables.audit))]


def test_an_account_is_read_as_it_was_made(database):
    """Its name folded: people type it as they like."""
    made = accounts.add(database, new("Lan", "unit_it", ("xu", "ha")), NOW)

    assert ("lan", "Nguyễn Lan", "unit_it", ("ha", "xu")) == (
        made.name, made.display, made.role, made.units
    )  # fmt: skip
    assert (made, "a hash") == accounts.credentials(database, "LAN")
    assert [made] == accounts.every(database)


def test_making_an_account_is_in_the_trail_without_name_and_hash(database):
    """The trail is for ever, a person's name is not."""
    accounts.add(database, new("lan", "unit_it", ("ha",)), NOW)

    assert [
        ("system:shell", "account.added", "id-lan", '{"role": "unit_it", "units": ["ha"]}')
    ] == trail(database)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "l"}, "small letters"),
        ({"name": "lan anh"}, "small letters"),
        ({"name": "a" * 65}, "small letters"),
        ({"role": "chief"}, "no such role"),
        ({"role": "admin", "units": ("ha",)}, "sees all units"),
        ({"role": "unit_head"}, "at least one"),
    ],
)
def test_an_account_that_makes_no_sense_is_refused(database, wrong, said):
    """In words, and nothing is made."""
    with pytest.raises(HaidangError, match=said):
        accounts.add(database, new(**wrong), NOW)
    assert [] == accounts.every(database)


def test_a_name_is_given_once(database):
    """In any case."""
    accounts.add(database, new("lan"), NOW)
    with pytest.raises(HaidangError, match="such an account already"):
        accounts.add(database, new("LAN", id="another"), NOW)


def test_only_roles_of_the_centre_need_no_unit(database):
    """Every other role is made with the units that it may see."""
    for role in ROLES:
        units = () if role in CENTRE else ("ha",)
        assert units == accounts.add(database, new(role, role, units), NOW).units


@pytest.mark.parametrize("change", ["reset", "disable"])
def test_a_change_ends_every_session_of_the_account(database, change):
    """And of no other account."""
    lan, minh = (accounts.add(database, new(name, one_time=0), NOW) for name in ("lan", "minh"))
    sessions.start(database, lan, "hers", NOW)
    sessions.start(database, minh, "his", NOW)
    if change == "reset":
        accounts.reset(database, "lan", "another hash", NOW + 9, NOW)
    else:
        accounts.disable(database, "lan", NOW)

    assert sessions.holder(database, "hers", NOW) is None
    assert minh == sessions.holder(database, "his", NOW)
    action = {"reset": "account.reset", "disable": "account.disabled"}[change]
    assert ("system:shell", action, "id-lan", "{}") == trail(database)[-1]


def test_a_disabled_account_can_be_enabled(database):
    """With the password that it had."""
    accounts.add(database, new("lan"), NOW)
    assert NOW == accounts.disable(database, "lan", NOW).disabled
    assert (0, "a hash") == (
        accounts.enable(database, "lan", NOW).disabled,
        accounts.credentials(database, "lan")[1],
    )


def test_an_unknown_account_is_told(database):
    """A misspelt name must not read as done."""
    with pytest.raises(HaidangError, match="lna: no such account"):
        accounts.disable(database, "lna", NOW)


def test_a_chosen_password_replaces_the_one_time_one(database):
    """All sessions end: one of them may be somebody else's."""
    lan = accounts.add(database, new("lan"), NOW)
    sessions.start(database, lan, "hers", NOW)
    changed = accounts.choose_password(database, lan, "own hash", NOW)

    assert (changed, "own hash") == accounts.credentials(database, "lan")
    assert 0 == changed.one_time
    assert sessions.holder(database, "hers", NOW) is None
    assert ("id-lan", "account.password", "id-lan", "{}") == trail(database)[-1]
