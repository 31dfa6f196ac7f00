"""The condition line."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.condition import ConditionRefused, parse
from rules.rule import And, Item, Not, Or
from rules.values import Null

NAMES = ("sel_a", "sel-b", "filter", "_hidden", "a.b")
A, B, F, H, D = SEARCHES = tuple(Item(name, Null()) for name in NAMES)
KNOWN = dict(zip(NAMES, SEARCHES, strict=True))


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(A, "sel_a", id="one-search"),
        pytest.param(Or((A, And((B, F)))), "sel_a or sel-b and filter", id="and-binds-stronger"),
        pytest.param(And((Or((A, B)), F)), "(sel_a or sel-b) and filter", id="parentheses"),
        pytest.param(And((Not(A), B)), "not sel_a and sel-b", id="not-binds-strongest"),
        pytest.param(A, "not not sel_a", id="double-negation"),
        pytest.param(Not(Or((A, B))), "not (sel_a or sel-b)", id="negated-group"),
        pytest.param(Or((A, B, F, D)), "1 of them", id="them-leaves-out-hidden"),
        pytest.param(And((A, B, F, D)), "all of them", id="all-of-them"),
        pytest.param(Or((A, B)), "any of sel*", id="any-of-pattern"),
        pytest.param(B, "1 of sel-*", id="pattern-with-hyphen"),
        pytest.param(Or((A, B, F, D)), "1 of *", id="star-leaves-out-hidden"),
        pytest.param(H, "1 of _*", id="hidden-by-its-own-pattern"),
        pytest.param(H, "_hidden", id="hidden-by-name"),
        pytest.param(D, "1 of a.*", id="dot-is-literal"),
        pytest.param(A, "1 of *_a", id="star-in-front"),
        pytest.param(And((A, Not(F))), "sel_a and not 1 of filter*", id="negated-pattern"),
        pytest.param(A, "sel_a\n", id="line-end"),
    ],
)
def test_condition_becomes_the_tree(expected, text):
    """Precedence and selectors as the specification lists them."""
    assert expected == parse(text, KNOWN)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param("no search fits", "1 of nope*", id="pattern-without-a-search"),
        pytest.param("no search is named 'nope'", "nope", id="unknown-name"),
        pytest.param("lower case", "sel_a AND filter", id="upper-case-operator"),
        pytest.param("lower case", "NOT sel_a", id="upper-case-not"),
        pytest.param("does not exist", "2 of sel*", id="two-of"),
        pytest.param("obsolete", "sel_a | count() > 5", id="aggregation"),
        pytest.param("has no ')'", "(sel_a", id="open-parenthesis"),
        pytest.param("before ')'", "sel_a)", id="closing-parenthesis"),
        pytest.param("should follow", "sel_a and", id="nothing-after-and"),
        pytest.param("'and'", "and sel_a", id="operator-first"),
        pytest.param("should follow", "1 of", id="nothing-after-of"),
        pytest.param("should follow", "1 of (sel_a)", id="parenthesis-after-of"),
        pytest.param("deeper", "(" * 60 + "sel_a" + ")" * 60, id="too-deep"),
        pytest.param("longer", "not " * 3000 + "sel_a", id="too-long"),
        pytest.param("expected 'and' or 'or'", "sel_a filter", id="no-operator"),
    ],
)
def test_condition_that_cannot_be_read_is_refused(expected, text):
    """A condition never turns into a rule that cannot fire."""
    with pytest.raises(ConditionRefused) as caught:
        parse(text, KNOWN)
    assert expected in str(caught.value)


def _truth(tree, values):
    if isinstance(tree, Item):
        return values[tree.field]
    if isinstance(tree, Not):
        return not _truth(tree.child, values)
    holds = all if isinstance(tree, And) else any
    return holds(_truth(child, values) for child in tree.children)


PYTHON_NAMES = ("p", "q", "r")
CONDITIONS = st.recursive(
    st.sampled_from(PYTHON_NAMES),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(("and", "or")), inner).map(" ".join),
        inner.map(lambda text: f"not {text}"),
        inner.map(lambda text: f"({text})"),
    ),
    max_leaves=12,
)


@given(CONDITIONS, st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_condition_means_what_the_same_words_mean_in_python(text, truths):
    """Python has the same operators with the same precedence."""
    values = dict(zip(PYTHON_NAMES, truths, strict=True))
    tree = parse(text, {name: Item(name, Null()) for name in PYTHON_NAMES})
    assert eval(text, {}, values) == _truth(tree, values)  # noqa: S307 - the text is made above


@given(st.text(alphabet="p()not adr1f*|\n", max_size=30))
def test_any_text_is_a_tree_or_a_refusal(text):
    """No text breaks the parser in another way."""
    tree = None
    with suppress(ConditionRefused):
        tree = parse(text, {"p": Item("p", Null())})
    assert tree is None or _truth(tree, {"p": True}) in (True, False)
