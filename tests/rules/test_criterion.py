"""Conditions of correlations: bounds, fields, percentiles, and which rules must have matched."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.criterion import exact, holds
from tests.support.written import conditional, correlation, read

ALL = "[a, b, c]"
A, B, C = 1, 2, 4


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        pytest.param((("gt", 3),), "{gt: 3}", id="gt"),
        pytest.param((("gte", 3),), "{gte: 3}", id="gte"),
        pytest.param((("lt", 3),), "{lt: 3}", id="lt"),
        pytest.param((("lte", 3),), "{lte: 3}", id="lte"),
        pytest.param((("eq", 3),), "{eq: 3}", id="eq"),
        pytest.param((("neq", 3),), "{neq: 3}", id="neq"),
        pytest.param((("gt", 100), ("lte", 200)), "{gt: 100, lte: 200}", id="range"),
        pytest.param((("gte", 2), ("lt", 3)), "{lt: 3, gte: 2}", id="range-of-one"),
    ],
)
def test_count_condition_is_a_conjunction(tmp_path, expected, written):
    """One operator, or the two of a range."""
    (found,) = read(tmp_path, conditional("event_count", written)).correlations

    assert expected == found.condition


@pytest.mark.parametrize(
    ("kind", "written", "expected"),
    [
        ("value_count", "{field: u, gte: 3}", ("value_count", ("u",), 50, (("gte", 3),))),
        ("value_count", "{field: [u, d], gt: 1}", ("value_count", ("u", "d"), 50, (("gt", 1),))),
        ("value_sum", "{field: n, gt: 1.5}", ("value_sum", ("n",), 50, (("gt", 1.5),))),
        ("value_avg", "{field: n, lt: -2}", ("value_avg", ("n",), 50, (("lt", -2),))),
        (
            "value_percentile",
            "{field: n, percentile: 95, gt: 0.1, lt: 0.2}",
            ("value_percentile", ("n",), 95, (("gt", 0.1), ("lt", 0.2))),
        ),
        ("value_percentile", "{field: n, lte: 1}", ("value_percentile", ("n",), 50, (("lte", 1),))),
        ("value_median", "{field: n, eq: 7}", ("value_percentile", ("n",), 50, (("eq", 7),))),
    ],
)
def test_value_conditions_name_what_they_read(tmp_path, kind, written, expected):
    """Field, percentile (the median without one), and bounds that may be any number."""
    (found,) = read(tmp_path, conditional(kind, written)).correlations

    assert expected == (found.kind, found.value_fields, found.percentile, found.condition)


@pytest.mark.parametrize(
    ("expected", "document"),
    [
        pytest.param("needs one of", conditional("event_count", "{}"), id="empty"),
        pytest.param("is missing", correlation(), id="no-condition"),
        pytest.param("no count", conditional("event_count", "{gt: 5, lt: 6}"), id="no-count"),
        pytest.param("a range is", conditional("event_count", "{gt: 5, gte: 7}"), id="two-lows"),
        pytest.param("a range is", conditional("event_count", "{eq: 5, neq: 7}"), id="eq-neq"),
        pytest.param("whole number", conditional("event_count", "{gte: 1.5}"), id="fraction"),
        pytest.param("negative", conditional("event_count", "{lt: -1}"), id="negative"),
        pytest.param(
            "unknown key", conditional("event_count", "{gte: 5, field: a}"), id="field-of-count"
        ),
        pytest.param(
            "unknown key",
            conditional("value_median", "{gte: 5, field: a, percentil: 9}"),
            id="misspelt",
        ),
        pytest.param(
            "unknown key",
            conditional("value_sum", "{gte: 5, field: a, percentile: 9}"),
            id="percentile-of-a-sum",
        ),
        pytest.param("is missing", conditional("value_sum", "{gte: 5}"), id="no-field"),
        pytest.param("name of a field", conditional("value_count", "{gte: 5, field: []}"), id="[]"),
        pytest.param(
            "twice", conditional("value_count", "{gte: 5, field: [u, u]}"), id="field-twice"
        ),
        pytest.param(
            "reads one field", conditional("value_avg", "{gte: 5, field: [u, v]}"), id="two-fields"
        ),
        pytest.param(
            "no number", conditional("value_avg", "{gt: 0.5, lt: 0.5, field: u}"), id="no-number"
        ),
        pytest.param("finite", conditional("value_avg", "{gt: .inf, field: u}"), id="infinite"),
        pytest.param(
            "0 to 100",
            conditional("value_percentile", "{gt: 1, field: u, percentile: 101}"),
            id="percentile",
        ),
        pytest.param(
            "one order",
            conditional("temporal_ordered", "{gte: 1}", "[a, b]"),
            id="some-steps-in-order",
        ),
        pytest.param("one order", conditional("temporal_ordered", "a or b", "[a, b]"), id="or"),
        pytest.param("one order", conditional("temporal_ordered", "a and not b", "[a, b]"), id="1"),
        pytest.param("no events", conditional("temporal", "a and not a and b", "[a, b]"), id="no"),
        pytest.param("no events", conditional("temporal", "{gt: 2}", "[a, b]"), id="too-many"),
        pytest.param("nothing has matched", conditional("temporal", "not a", "[a, b]"), id="not"),
        pytest.param("depend on 'c'", conditional("temporal", "a and b", ALL), id="unnamed"),
        pytest.param("no rule", conditional("temporal", "a and d", ALL), id="unknown-name"),
        pytest.param("no rule", conditional("temporal", "1 of d*", ALL), id="unknown-pattern"),
        pytest.param("lower case", conditional("temporal", "a AND b", ALL), id="upper-case"),
        pytest.param("')'", conditional("temporal", "(a and b", ALL), id="open"),
        pytest.param("mapping", conditional("event_count", "a and b", ALL), id="words-of-a-count"),
    ],
)
def test_condition_that_cannot_be_meant_is_a_problem(tmp_path, expected, document):
    """It is refused with a reason, and the rules beside it stay."""
    found = read(tmp_path, document)

    assert any(expected in problem.what for problem in found.problems)
    assert ((), 3) == (found.correlations, len(found.rules))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("{}", {A | B | C}, id="all"),
        pytest.param("{gte: 3}", {A | B | C}, id="count-of-all"),
        pytest.param("{gte: 2}", {A | B, A | C, B | C, A | B | C}, id="at-least-two"),
        pytest.param("{lt: 2}", {A, B, C}, id="only-one"),
        pytest.param("{eq: 1}", {A, B, C}, id="exactly-one"),
        pytest.param("a and b and not c", {A | B}, id="not"),
        pytest.param("a and (b or c)", {A | B, A | C, A | B | C}, id="parentheses"),
        pytest.param("1 of them", set(range(1, 8)), id="1-of"),
        pytest.param("all of *", {7}, id="all-of"),
        pytest.param("a and not 1 of b* and not c", {A}, id="not-1-of"),
    ],
)
def test_masks_are_the_sets_of_rules_that_may_match(tmp_path, written, expected):
    """A condition in words, or on the number of rules, is a table of truth."""
    (found,) = read(tmp_path, conditional("temporal", written, ALL)).correlations

    assert expected == found.masks


def test_words_of_an_order_say_which_rules_must_be_absent(tmp_path):
    """The order is that of the list, whatever the order of the words."""
    (found,) = read(
        tmp_path, conditional("temporal_ordered", "c and a and not b", ALL)
    ).correlations

    assert {A | C} == found.masks


def test_more_than_ten_rules_may_all_be_needed_and_no_less(tmp_path):
    """A table of thousands is not built."""
    names = [f"r{number}" for number in range(11)]
    rules = [
        f"title: {one}\nname: {one}\nlogsource: {{category: x}}\n"
        f"detection: {{s: {{a: {one}}}, condition: s}}"
        for one in names
    ]
    listed = f"[{', '.join(names)}]"
    whole = conditional("temporal", "{eq: 11}", listed)
    part = conditional("temporal", "{gte: 10}", listed).replace(" k", " part")

    found = read(tmp_path, *rules, whole, part.replace("id-k", "id-part"))

    assert [frozenset({2**11 - 1})] == [one.masks for one in found.correlations]
    assert ["more than 10 rules; chain correlations of fewer"] == [
        one.what for one in found.problems
    ]


def test_conditions_of_temporal_kinds_may_be_left_out(tmp_path):
    """All rules are needed; group-by and generate are optional."""
    ordered = correlation(body="type: temporal_ordered", rules="[b, id-a]")
    (found,) = read(tmp_path, ordered).correlations

    assert ((), ("id-b", "id-a"), {3}, False) == (
        found.group_by,
        found.rules,
        found.masks,
        found.generate,
    )


@given(st.lists(st.decimals(-1000, 1000, places=2).map(float), max_size=8))
def test_exact_numbers_add_up_in_any_order(numbers):
    """0.1 + 0.2 is 0.3, which floats do not manage."""
    assert sum(map(exact, numbers)) == sum(map(exact, reversed(numbers)))
    assert Fraction(3, 10) == exact(0.1) + exact(0.2)


def test_bounds_hold_together():
    """Every pair of operators is the conjunction of both."""
    operators = {"gt": 1, "gte": 2, "lt": 4, "lte": 3, "eq": 2, "neq": 3}
    for number, one, two in product(range(6), operators, operators):
        both = ((one, operators[one]), (two, operators[two]))

        assert holds(both, number) == (holds(both[:1], number) and holds(both[1:], number))
    assert holds((("gt", 0.1), ("lte", 0.3)), Fraction(3, 10))
    assert not holds((("gt", 0.3),), Fraction(3, 10))
