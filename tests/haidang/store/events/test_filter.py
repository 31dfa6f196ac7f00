"""The exact check of clauses over documents."""

import pytest

from haidang.store.events.filter import check_of
from haidang.store.events.protocol import Clause

DOCUMENT = {"a": {"b": ["Đỏ", None, 7]}, "c.d": 1.5, "o": {"x": {}}}


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        pytest.param(Clause("a.b", "equals", "ĐỎ"), True, id="folded"),
        pytest.param(Clause("a.b", "equals", "7"), True, id="number"),
        pytest.param(Clause("a.b", "equals", ""), True, id="null is the empty text"),
        pytest.param(Clause("c.d", "startswith", "1."), True, id="dotted key"),
        pytest.param(Clause("o", "contains", "x"), False, id="an object has no text"),
        pytest.param(Clause("o", "exists"), True, id="an object exists"),
        pytest.param(Clause("o.y", "exists"), False, id="absent"),
    ],
)
def test_clause_over_a_document(clause, expected):
    """Each operator compares folded texts."""
    assert expected is check_of([clause])(DOCUMENT)


def test_no_clause_holds_for_everything():
    """An empty filter accepts any document."""
    assert check_of([])({})
