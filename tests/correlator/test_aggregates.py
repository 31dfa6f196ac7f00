"""What is in each window, against windows that are cut out and looked at one by one."""

import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from correlator.aggregates import aggregates, peak, plain, qualifies
from correlator.points import Owner, Point, between
from tests.support.correlation import rule
from tests.support.oracle import percentile

NOBODY = Owner("", (), "", 0)
SPAN = 10
some_values = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 7), st.sampled_from([0.1, 0.2, 1, 1.0, -3, 250])),
    min_size=1,
    max_size=12,
)


def points(rows):
    """Points from (time, steps, value) rows, sorted."""
    return sorted(Point(at, f"e{n}", mask, NOBODY, (v,)) for n, (at, mask, v) in enumerate(rows))


def of_kind(kind, **more):
    """A correlation of a kind over three rules."""
    return rule("c", kind, of=("a", "b", "c"), span=SPAN, value_fields=("n",), **more)


def whole_mask(inside):
    """The rules that a window holds."""
    mask = 0
    for one in inside:
        mask |= one.steps
    return mask


def numbers(inside):
    """The values of a window."""
    return [Fraction(str(value)) for one in inside for value in one.values]


DEFINITIONS = {
    "event_count": len,
    "value_count": lambda inside: len(set(numbers(inside))),
    "value_sum": lambda inside: sum(numbers(inside)),
    "value_avg": lambda inside: sum(numbers(inside)) / len(inside),
    "temporal": whole_mask,
}


@pytest.mark.parametrize("kind", DEFINITIONS)
@given(rows=some_values)
def test_aggregates_equal_the_definition(kind, rows):
    """Windows that slide hold what windows that are cut out hold."""
    given_points = points(rows)
    windows = [
        (at, between(given_points, at - SPAN, at)) for at in {one.time for one in given_points}
    ]

    expected = {at: DEFINITIONS[kind](inside) for at, inside in windows}

    assert expected == dict(aggregates(given_points, of_kind(kind)))


@given(some_values, st.integers(0, 100))
def test_percentiles_equal_those_of_the_standard_library(rows, share):
    """On the line between the two nearest numbers."""
    given_points = points(rows)
    found = aggregates(given_points, of_kind("value_percentile", percentile=share))

    for at, number in found:
        assert percentile(numbers(between(given_points, at - SPAN, at)), share) == number


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, 10), (50, 25), (100, 40), (12.5, Fraction(55, 4))],
)
def test_percentiles_of_four_numbers(share, expected):
    """The ends, the middle of two, and a share that is no whole percent."""
    rows = [(0, 1, 10), (0, 1, 40), (1, 1, 20), (1, 1, 30)]
    *_, (_at, number) = aggregates(points(rows), of_kind("value_percentile", percentile=share))

    assert expected == number


def test_tenths_add_up_to_what_people_read():
    """0.1 + 0.2 is 0.3, also after larger numbers came and went."""
    rows = [(0, 1, 1e15), (10, 1, 0.1), (11, 1, 0.2)]
    *_, (_at, total) = aggregates(points(rows), of_kind("value_sum"))

    assert Fraction(3, 10) == total
    assert qualifies(of_kind("value_sum", condition=(("eq", 0.3),)), total)


def test_an_event_with_two_numbers_counts_with_both():
    """An alias may mean another field for each rule that the event matched."""
    both = Point(0, "e", 3, NOBODY, (2, 3))

    assert [(0, 5)] == list(aggregates([both], of_kind("value_sum")))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param((("gt", 1),), 7, id="highest"),
        pytest.param((("gt", 1), ("lte", 6)), 6, id="highest-that-qualifies"),
        pytest.param((("lt", 7),), 1, id="lowest"),
    ],
)
def test_the_peak_is_the_value_farthest_beyond_the_condition(condition, expected):
    """Sums of one window after the other: 1, 6, 7; the first windows may be cut."""
    rows = [(0, 1, 1), (20, 1, 6), (40, 1, 7)]
    own = of_kind("value_sum", condition=condition)

    assert expected == peak(points(rows), own, 0)
    assert peak(points(rows), of_kind("value_sum", condition=(("neq", 0),)), 20) == 7


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (5, 5),
        (Fraction(10, 2), 5),
        (Fraction(1, 4), 0.25),
        (2**63 - 1, 2**63 - 1),
        (2**63, float(2**63)),
        (10**400, sys.float_info.max),
        (-(10**400), -sys.float_info.max),
    ],
)
def test_plain_numbers_fit_into_json(number, expected):
    """64-bit integers, else the nearest finite float."""
    found = plain(number)

    assert (expected, type(expected)) == (found, type(found))
