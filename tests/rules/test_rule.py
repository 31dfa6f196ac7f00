"""Rules as values: joining and walking conditions."""

from rules.rule import And, Item, Not, Or, conjunction, disjunction, fields_of, items
from rules.values import FieldReference, Null

A, B = Item("a", Null()), Item("b", FieldReference("c"))
WORD = Item("", Null())


def test_one_child_needs_no_node():
    """Joining a single condition gives it back."""
    assert (A, A) == (conjunction((A,)), disjunction((A,)))
    assert (And((A, B)), Or((A, B))) == (conjunction((A, B)), disjunction((A, B)))


def test_atoms_are_walked_from_left_to_right():
    """Through every kind of node."""
    assert [A, B, WORD, A] == list(items(Or((And((A, Not(B))), WORD, A))))


def test_fields_hold_references_but_no_keywords():
    """Each name once, in the order of reading."""
    assert ("a", "b", "c") == fields_of(Or((WORD, A, B, A)))
