"""What cannot be evaluated is set aside by name, once, and nothing else is lost."""

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from correlator.poison import NOTED, guarded, set_aside
from haidang.errors import Superseded
from haidang.store.state import tables
from tests.support.correlation import memory_database


@pytest.fixture
def connection():
    """Give a transaction on an empty state store."""
    with memory_database().transaction("test") as connection:
        yield connection


def rows(connection, table=tables.poison):
    """How many there are."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def cursor(connection, name):
    """Write one row, as a group's work would."""
    connection.execute(insert(tables.cursor).values(name=name, pos="1"))


def test_a_pair_is_set_aside_once_with_one_audit_row(connection):
    """The same rule fails on the same event at each retry; people are told once."""
    for at in (1, 2, 3):
        set_aside(connection, "r", "e", at, "ZeroDivisionError")

    found = connection.execute(select(tables.poison)).one()
    assert ("r", "e", 1, "ZeroDivisionError") == tuple(found)
    (audit,) = connection.execute(select(tables.audit)).all()
    assert ("system:correlator", "rule.set_aside", "r") == (
        audit.actor,
        audit.action,
        audit.subject,
    )
    assert "ZeroDivisionError" in audit.detail


def test_other_rules_and_events_are_other_pairs(connection):
    """Each pair is named."""
    for rule, event in (("r", "e"), ("r", "f"), ("s", "e")):
        set_aside(connection, rule, event, 1, "KeyError")

    assert (3, 3) == (rows(connection), rows(connection, tables.audit))


def test_what_fails_inside_is_undone_and_named(connection):
    """The half-done work of the group goes, what was written before it stays."""
    cursor(connection, "before")
    with guarded(connection, "r", "g", 7):
        cursor(connection, "inside")
        raise ZeroDivisionError

    assert ["before"] == connection.execute(select(tables.cursor.c.name)).scalars().all()
    assert ("r", "g", 7, "ZeroDivisionError") == tuple(
        connection.execute(select(tables.poison)).one()
    )


def test_what_succeeds_inside_is_kept(connection):
    """Nothing is set aside."""
    with guarded(connection, "r", "g", 7):
        cursor(connection, "inside")

    assert (1, 0) == (rows(connection, tables.cursor), rows(connection))


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Superseded("another"), id="another-process"),
        pytest.param(IntegrityError("x", None, ValueError()), id="store"),
        pytest.param(KeyboardInterrupt(), id="stopped-by-a-person"),
    ],
)
def test_errors_that_are_no_rules_fault_pass_through(error, connection):
    """The store's trouble must end the transaction and not be blamed on a rule."""

    def fail():
        with guarded(connection, "r", "g", 7):
            cursor(connection, "inside")
            raise error

    with pytest.raises(type(error)):
        fail()

    assert (0, 0) == (rows(connection, tables.cursor), rows(connection))


def test_of_a_rule_that_fails_on_everything_the_first_are_noted(connection):
    """A hundred rows say what a million would."""
    for number in range(NOTED + 5):
        set_aside(connection, "r", f"e{number}", 7, "ValueError")
    set_aside(connection, "other", "e", 7, "ValueError")

    assert NOTED + 1 == rows(connection)
