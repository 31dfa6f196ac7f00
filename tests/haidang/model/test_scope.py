"""Scope: who sees which event."""

import pytest

from haidang.model.scope import Scope


@pytest.mark.parametrize(
    ("expected", "operator", "affected"),
    [
        pytest.param(True, "so-a", (), id="own-system"),
        pytest.param(True, "ttdl", ("so-a", "so-b"), id="affected"),
        pytest.param(False, "ttdl", ("so-b",), id="foreign"),
        pytest.param(False, "ttdl", (), id="nobody"),
        pytest.param(False, "", ("",), id="unresolved"),
        pytest.param(False, "so-a2", ("so-a1",), id="like-named"),
    ],
)
def test_scope_sees_what_its_units_operate_or_suffer(expected, operator, affected):
    """Operator or affected, nothing else."""
    assert expected is Scope.of(["so-a"]).sees(operator, affected)


def test_system_scope_sees_unresolved_events():
    """The correlator must see what nobody owns."""
    assert Scope.system().sees("", ())


def test_scope_of_no_unit_sees_nothing():
    """An account without units, or with a blank one, sees no unresolved event."""
    assert not Scope.of([]).sees("", ())
    assert not Scope.of([""]).sees("", ("",))
    assert not Scope.of([]).sees("so-a", ("so-a",))
