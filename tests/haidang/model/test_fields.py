"""Reading and writing dotted fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haidang.model.fields import as_text, first_text, put, scalars, several, tree, values


@pytest.mark.parametrize(
    ("expected", "document", "path"),
    [
        pytest.param(["x"], {"a": {"b": "x"}}, "a.b", id="nested"),
        pytest.param(["x"], {"a.b": "x"}, "a.b", id="dotted"),
        pytest.param(["dotted"], {"a.b": "dotted", "a": {"b": "nested"}}, "a.b", id="both"),
        pytest.param(["x"], {"a.b": {"c": "x"}}, "a.b.c", id="dotted-parent"),
        pytest.param(["x"], {"a": {"d": 1}, "a.b": {"c": "x"}}, "a.b.c", id="second-beginning"),
        pytest.param(["x"], {"a": "text", "a.b": {"c": "x"}}, "a.b.c", id="beginning-is-text"),
        pytest.param(
            ["x"], {"a": {"b": {"c": "x"}}, "a.b": {"c": "y"}}, "a.b.c", id="shortest-beginning"
        ),
        pytest.param(["x"], {"a": {"b.c": "x"}}, "a.b.c", id="dotted-child"),
        pytest.param([1, 2, 3], {"a": {"b": [1, [2, [3]]]}}, "a.b", id="lists-flattened"),
        pytest.param([1, 2], {"a": [{"b": 1}, {"c": 0}, {"b": 2}]}, "a.b", id="list-of-objects"),
        pytest.param([None], {"a": {"b": None}}, "a.b", id="null-is-there"),
        pytest.param([], {"a": {"b": []}}, "a.b", id="empty-list"),
        pytest.param([], {"a": {"c": 1}}, "a.b", id="absent"),
        pytest.param([], {"a": "text"}, "a.b", id="scalar-in-the-way"),
        pytest.param([], {"a": None}, "a.b", id="null-in-the-way"),
        pytest.param([""], {"a": {"b": ""}}, "a.b", id="empty-text"),
        pytest.param([{"c": 1}], {"a": {"b": {"c": 1}}}, "a.b", id="object"),
        pytest.param([1], {"@timestamp": 1}, "@timestamp", id="one-part"),
    ],
)
def test_values_finds_every_value_of_a_field(expected, document, path):
    """Nested or dotted, single or many."""
    assert expected == values(document, path)


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        pytest.param("true", True, id="true"),
        pytest.param("false", False, id="false"),
        pytest.param("", None, id="null"),
        pytest.param("42", 42, id="int"),
        pytest.param("1.5", 1.5, id="float"),
        pytest.param("1.0", 1.0, id="whole-float"),
        pytest.param("1e+300", 1e300, id="large-float"),
        pytest.param("1e-7", 1e-7, id="small-float"),
        pytest.param("0.00001", 0.00001, id="five-places"),
        pytest.param("-0.0", -0.0, id="minus-zero"),
        pytest.param("inf", float("inf"), id="no-JSON"),
        pytest.param("Đ", "Đ", id="text"),
    ],
)
def test_scalars_compare_as_text(expected, value):
    """Sigma compares text."""
    assert expected == as_text(value)


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        pytest.param("x", [None, "", "x", "y"], id="first-that-says-something"),
        pytest.param("", [], id="empty-list"),
        pytest.param("", None, id="null"),
        pytest.param("0", 0, id="zero"),
        pytest.param("false", False, id="false"),
    ],
)
def test_first_text_skips_what_says_nothing(expected, value):
    """Null and empty text say nothing; zero and false do."""
    assert expected == first_text({"a": {"b": value}}, "a.b")


_PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(".".join)


@given(st.dictionaries(_PATHS, st.integers(), max_size=6), _PATHS, st.integers())
def test_put_is_found_again(document, path, value):
    """Whatever was there before, the field has this value now."""
    nested = {}
    for one, number in document.items():
        put(nested, one, number)
    put(nested, path, value)
    assert [value] == values(nested, path)


def test_put_keeps_neighbours():
    """Only the field itself is set."""
    document = {"a": {"b": 1, "c": 2}, "d": 3}
    put(document, "a.b", 9)
    put(document, "d.e", 4)
    assert {"a": {"b": 9, "c": 2}, "d": {"e": 4}} == document


_KEYS = st.sampled_from(["a", "b", "c", "a.b", "b.c", "a.b.c", "."])
_DOCUMENTS = st.dictionaries(
    _KEYS,
    st.recursive(
        st.none() | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
_WANTED = ("a.b.c", "a.c", "b.c", "c")


@given(_DOCUMENTS)
def test_one_walk_finds_what_values_finds(document):
    """Lists, objects in lists and keys with dots included; absent fields are left out."""
    each = {path: values(document, path) for path in _WANTED}
    assert {path: found for path, found in each.items() if found} == several(
        document, tree(_WANTED)
    )


@given(_DOCUMENTS, st.sampled_from(_WANTED))
def test_another_walk_finds_the_first_scalar_of_every_path(document, path):
    """Nulls and objects left out; unless a key holds a dot, which only `values` can follow."""
    found = scalars(document)
    if found is not None:
        every = [one for one in values(document, path) if isinstance(one, int)]
        assert every[:1] == [found[path] for _ in range(path in found)]


def test_scalars_looks_into_lists_and_gives_up_on_dots():
    """Wherever the dot is; and on what is nested too deeply."""
    assert {"a.b": 1, "c": 2} == scalars({"a": [{"b": None}, {"b": [1, 3]}], "c": 2, "d": {}})
    assert scalars({"a": [{"b.c": 1}]}) is None
    deep = {}
    for _ in range(10_000):
        deep = {"a": deep}
    assert scalars(deep) is None
