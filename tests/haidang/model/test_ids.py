"""Ids: the same everywhere, different for different parts."""

from hypothesis import assume, given
from hypothesis import strategies as st

from haidang.model.ids import make_id

PARTS = st.lists(st.text(alphabet="ab1:", max_size=4) | st.integers(0, 20).map(str), max_size=4)


def test_id_never_changes():
    """Stored ids outlive versions: this value is part of the format."""
    assert "5ff18109aef1718dab587f3db2a49ae0" == make_id("a", 1)
    assert "e458b7a69fff3d6973175da95692eeb8" == make_id("Hỏi đáp", 2)


def test_number_and_its_digits_give_one_id():
    """A part read back as text makes the same id."""
    assert make_id("a", 1) == make_id("a", "1")


@given(PARTS, PARTS)
def test_moved_borders_give_another_id(one, other):
    """("ab", "c") is not ("a", "bc"), and no part can imitate a border."""
    assume(one != other)
    assert make_id(*one) != make_id(*other)


@given(st.text(alphabet=st.characters()))
def test_any_text_has_an_id(text):
    """Also text with surrogates, which came from broken input."""
    assert 32 == len(make_id(text, "\ud800"))
