"""Windows and episodes against an oracle that looks at every window and every chain."""

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from correlator.points import Owner, Point
from correlator.windows import anchors, first_fired, is_monotone, runs, witness
from tests.support.correlation import rule

NOBODY = Owner("", (), "", 0)


def correlation(kind="event_count", timespan=10, condition=(("gte", 3),), steps=2, masks=None):
    """A correlation over `steps` rules."""
    of = tuple(f"r{step}" for step in range(steps))
    return rule("c", kind, of=of, span=timespan, condition=condition, masks=masks)


def points(*pairs):
    """Points from (time, steps) pairs, sorted."""
    found = [Point(time, f"e{n}", steps, NOBODY) for n, (time, steps) in enumerate(pairs)]
    return sorted(found)


def oracle(given_points, rule):
    """The anchors by definition: every window, every way to pick one point a step."""
    found = []
    for anchor in sorted({point.time for point in given_points}):
        inside = [p for p in given_points if anchor - rule.timespan < p.time <= anchor]
        if rule.kind == "event_count":
            (name, number), *_ = rule.condition
            count = len(inside)
            holds = {
                "gte": count >= number,
                "gt": count > number,
                "lt": count < number,
                "lte": count <= number,
                "eq": count == number,
                "neq": count != number,
            }[name]
        else:
            (mask,) = rule.masks
            steps = [[p.time for p in inside if p.steps >> n & 1] for n in range(len(rule.rules))]
            wanted = [times for n, times in enumerate(steps) if mask >> n & 1]
            barred = any(times for n, times in enumerate(steps) if not mask >> n & 1)
            holds = not barred and any(list(one) == sorted(one) for one in product(*wanted))
        if holds:
            found.append(anchor)
    return found


some_points = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 7)), min_size=0, max_size=9
).map(lambda pairs: points(*pairs))


@given(some_points, st.sampled_from(["gt", "gte", "lt", "lte", "eq", "neq"]), st.integers(1, 5))
def test_counted_windows_equal_the_definition(given_points, operator, number):
    """event_count finds exactly the windows whose count satisfies the condition."""
    rule = correlation(condition=((operator, number),))

    assert oracle(given_points, rule) == list(anchors(given_points, rule))


@given(some_points, st.integers(1, 3))
def test_ordered_windows_equal_the_definition(given_points, steps):
    """temporal_ordered finds exactly the windows that hold a chain in the listed order."""
    rule = correlation("temporal_ordered", steps=steps)

    assert oracle(given_points, rule) == list(anchors(given_points, rule))


@given(some_points, st.sampled_from([3, 5, 6]))
def test_ordered_windows_without_a_step_equal_the_definition(given_points, mask):
    """What must be absent is absent from the whole window, before and after the chain."""
    rule = correlation("temporal_ordered", steps=3, masks={mask})

    assert oracle(given_points, rule) == list(anchors(given_points, rule))


@given(some_points)
def test_episodes_are_maximal_runs_of_overlapping_windows(given_points):
    """Runs are disjoint, hold every anchor once, and two runs never overlap."""
    rule = correlation(condition=(("gte", 2),))

    found = runs(given_points, rule)

    assert list(anchors(given_points, rule)) == [at for run in found for at in run.anchors]
    for earlier, later in pairwise(found):
        assert later.first - earlier.last >= rule.timespan


@pytest.mark.parametrize(
    ("last", "fires"),
    [pytest.param(9, True, id="inside"), pytest.param(10, False, id="start is open")],
)
def test_a_window_is_open_at_its_start_and_closed_at_its_end(last, fires):
    """(t - span, t]: an event exactly one timespan before the anchor is outside."""
    rule = correlation(condition=(("gte", 2),))

    assert fires == bool(list(anchors(points((0, 1), (last, 1)), rule)))


def test_steps_of_one_instant_count_as_in_order():
    """Access logs have whole seconds: the same second must not break a chain."""
    rule = correlation("temporal_ordered")

    assert [5] == list(anchors(points((5, 2), (5, 1)), rule))


def test_the_wrong_order_does_not_qualify():
    """Step two before step one is not a chain."""
    rule = correlation("temporal_ordered")

    assert [] == list(anchors(points((1, 2), (5, 1)), rule))


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        pytest.param([(5, 2), (9, 1)], [9], id="any-order"),
        pytest.param([(5, 3)], [5], id="one-event-for-both"),
        pytest.param([(5, 2), (14, 1)], [14], id="just-inside"),
        pytest.param([(5, 2), (15, 1)], [], id="just-outside"),
        pytest.param([(5, 2), (9, 4)], [], id="another-rule"),
    ],
)
def test_temporal_needs_every_rule_in_any_order(pairs, expected):
    """The third rule is not among those needed, and keeps its window from qualifying."""
    assert expected == list(anchors(points(*pairs), correlation("temporal", steps=3, masks={3})))


def test_what_must_be_absent_is_looked_for_in_the_timespan_before():
    """A failure seventeen units before is out of the window that a success ends."""
    rule = correlation("temporal", steps=2, masks={1})

    assert [3, 20] == list(anchors(points((3, 1), (5, 2), (9, 1), (20, 1)), rule))


def test_the_witness_of_a_set_is_the_latest_point_of_each_rule():
    """The sentence tells what is nearest to the end of the window."""
    rule = correlation("temporal", steps=2)
    given_points = points((1, 1), (4, 1), (6, 2), (7, 1), (8, 1))

    assert [4, 6] == [point.time for point in witness(given_points, rule, 6)]
    assert [6, 8] == [point.time for point in witness(given_points, rule, 8)]


def test_a_range_needs_both_bounds():
    """Two operators in one condition are a range."""
    rule = correlation(condition=(("gte", 2), ("lt", 4)))
    given_points = points((1, 1), (2, 1), (3, 1), (4, 1), (5, 1))

    assert [2, 3] == list(anchors(given_points, rule))


def test_the_witness_is_the_chain_that_started_latest():
    """The sentence tells of one chain: one point a step, inside the window."""
    rule = correlation("temporal_ordered")
    given_points = points((1, 1), (4, 1), (6, 2))

    assert [4, 6] == [point.time for point in witness(given_points, rule, 6)]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param((("gte", 2),), True, id="gte"),
        pytest.param((("gt", 2), ("lte", 9)), False, id="range"),
        pytest.param((("eq", 2),), False, id="eq"),
    ],
)
def test_only_lower_bounds_are_monotone(condition, expected):
    """A window whose condition more events could break must wait until it is final."""
    assert expected == is_monotone(correlation(condition=condition))


@pytest.mark.parametrize(
    ("kind", "masks", "expected"),
    [
        pytest.param("temporal", {3}, True, id="all"),
        pytest.param("temporal", {1, 2, 3}, True, id="any"),
        pytest.param("temporal", {1, 3}, True, id="one"),
        pytest.param("temporal", {1}, False, id="one-without-the-other"),
        pytest.param("temporal", {1, 2}, False, id="exactly-one"),
        pytest.param("temporal_ordered", {3}, True, id="ordered"),
    ],
)
def test_sets_are_monotone_where_one_more_rule_changes_nothing(kind, masks, expected):
    """A `not`, or an upper bound on the number of rules, must wait."""
    assert expected == is_monotone(correlation(kind, masks=masks))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("value_count", True),
        ("value_sum", False),
        ("value_avg", False),
        ("value_percentile", False),
    ],
)
def test_of_values_only_their_number_is_monotone(kind, expected):
    """A number may be negative, so a sum may fall again."""
    assert expected == is_monotone(correlation(kind))


@given(some_points, st.randoms(use_true_random=False))
def test_the_first_fired_window_is_the_one_that_fired_as_points_came(given_points, random):
    """Bisection finds what feeding the points one by one finds."""
    rule = correlation(condition=(("gte", 2),))
    arrived = [point for point in given_points if random.random() < 0.7]
    before = [point for point in given_points if point not in arrived]
    for run in runs(given_points, rule):
        if any(run.first <= at <= run.last for at in anchors(before, rule)):
            continue
        fed = list(before)
        for point in arrived:
            fed = sorted([*fed, point])
            fired = [at for at in anchors(fed, rule) if run.first <= at <= run.last]
            if fired:
                assert fired[0] == first_fired(before, arrived, rule, run)
                break
