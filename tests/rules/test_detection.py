"""Detections as trees of atoms."""

import textwrap

import pytest

from haidang.yamldoc import Checker, parse
from rules import detection
from rules.rule import And, Item, Not, Or
from rules.values import Null, Regex, Text, Wildcard

ANY = Wildcard.ANY


def read(text):
    """The tree and the problems of a detection."""
    content = "detection:\n" + textwrap.indent(textwrap.dedent(text), "  ")
    (document,) = parse(content.encode(), "r.yml")
    checker = Checker(document)
    return detection.parse(checker), checker.problems


def item(field, *parts):
    """A text atom."""
    return Item(field, Text(parts))


@pytest.mark.parametrize(
    ("expected", "search"),
    [
        pytest.param(item("a", "x"), "{a: x}", id="single-value"),
        pytest.param(Or((item("a", "x"), item("a", "y"))), "{a: [x, y]}", id="list-is-or"),
        pytest.param(And((item("a", "x"), item("b", "y"))), "{a: x, b: y}", id="map-is-and"),
        pytest.param(Or((item("a", "x"), item("b", "y"))), "[{a: x}, {b: y}]", id="maps-are-or"),
        pytest.param(
            And((item("a", ANY, "x", ANY), item("a", ANY, "y", ANY))),
            "{a|contains|all: [x, y]}",
            id="all-is-and",
        ),
        pytest.param(Not(item("a", "x")), "{a|neq: x}", id="neq-negates"),
        pytest.param(
            Not(Or((item("a", "x"), item("a", "y")))), "{a|neq: [x, y]}", id="neq-of-list-is-none"
        ),
        pytest.param(Item("a", Null()), "{a: null}", id="null"),
        pytest.param(item("", ANY, "x", ANY), "[x]", id="keyword"),
        pytest.param(item("", ANY, "x", ANY), "x", id="keyword-without-list"),
        pytest.param(
            And((item("", ANY, "x", ANY), item("", ANY, "y", ANY))),
            "{'|all': [x, y]}",
            id="all-keywords",
        ),
        pytest.param(Item("", Regex("x.")), "{'|re': 'x.'}", id="keyword-regex"),
        pytest.param(item("", "x", ANY), "{'|startswith': x}", id="keyword-with-anchor"),
        pytest.param(
            And((Or((item("a", "YW"), item("a", "Fi"), item("a", "hY"))), item("b", "y"))),
            "{a|base64offset: ab, b: y}",
            id="alternatives-of-one-value-are-or",
        ),
    ],
)
def test_search_becomes_the_tree(expected, search):
    """Maps, lists, keywords and the modifiers of a whole item."""
    assert (expected, []) == read(f"s: {search}\ncondition: s")


def test_condition_list_is_or():
    """Each condition of a list is a query of its own."""
    tree, problems = read("s: {a: x}\nt: {b: y}\ncondition: [s, not t]")
    assert [] == problems
    assert Or((item("a", "x"), Not(item("b", "y")))) == tree


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param("empty list", "s: {a: []}\ncondition: s", id="empty-list"),
        pytest.param("is empty", "s: {}\ncondition: s", id="empty-map"),
        pytest.param("empty list", "s: []\ncondition: s", id="empty-search"),
        pytest.param("null cannot", "s: {a: [x, null]}\ncondition: s", id="null-in-list"),
        pytest.param("at least two", "s: {a|all: x}\ncondition: s", id="all-of-one"),
        pytest.param("at least two", "s: {a|all: [x]}\ncondition: s", id="all-of-a-list-of-one"),
        pytest.param("unknown modifier", "s: {a|near: x}\ncondition: s", id="unknown-modifier"),
        pytest.param("a value or", "s: {a: {b: c}}\ncondition: s", id="map-as-value"),
        pytest.param("name a field", "s: {'|exists': true}\ncondition: s", id="keyword-exists"),
        pytest.param("every event", "s: ['*']\ncondition: s", id="keyword-of-anything"),
        pytest.param("every event", "s: ['']\ncondition: s", id="empty-keyword"),
        pytest.param("must be text", "s: {a: x}", id="no-condition"),
        pytest.param("empty list", "s: {a: x}\ncondition: []", id="no-condition-in-list"),
        pytest.param("obsolete", "s: {a: x}\ntimeframe: 5m\ncondition: s", id="timeframe"),
        pytest.param("no search", "s: {a: x}\ncondition: t", id="unknown-search"),
        pytest.param("unknown", "s: {a: x}\nt: {a|no: x}\ncondition: s", id="unused-but-broken"),
        pytest.param("too deep", f"s: {'[' * 30}x{']' * 30}\ncondition: s", id="nested-lists"),
    ],
)
def test_detection_that_cannot_be_read_is_a_problem(expected, text):
    """The rule is refused with the place and the reason."""
    tree, problems = read(text)
    assert tree is None
    assert [expected in problem.what for problem in problems] == [True]


def test_problem_names_line_and_field():
    """Every problem of the searches is told at once, each at its line."""
    _, problems = read("s:\n  a|no: x\n  b|cidr: y\ncondition: s")
    found = [(problem.line, problem.field) for problem in problems]
    assert [(3, "detection.s.a|no"), (4, "detection.s.b|cidr")] == found
