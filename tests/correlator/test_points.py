"""Points: their order, and what one point gains by coming through several rules."""

from correlator.points import Owner, Point, between

OWNER = Owner("op", ("unit",), "zone", 3)


def point(time, steps=1, **more):
    """One point, named by its time."""
    return Point(time, f"e{time}", steps, OWNER, **more)


def test_points_are_ordered_by_time_and_id_alone():
    """What else they hold does not count."""
    assert point(1, 4, values=(9,)) == point(1, 1)
    assert [1, 2] == [one.time for one in sorted([point(2), point(1, 2)])]


def test_a_point_joins_what_it_brings_by_another_rule():
    """Steps, values and carried values, each once and sorted, in either order."""
    one = point(1, 1, values=(3, 2), carried=(("b",),))
    other = point(1, 2, values=(1, 2), carried=(("a",),))

    for joined in (one.joined(other), other.joined(one)):
        assert (3, (1, 2, 3), (("a",), ("b",))) == (joined.steps, joined.values, joined.carried)


def test_a_point_that_gains_nothing_stays_itself():
    """So that it is not taken for fresh."""
    one = point(1, 3, values=(1, 2))

    assert one is one.joined(point(1, 2, values=(2,)))


def test_windows_of_inner_correlations_are_told_from_events():
    """By the form of their ids."""
    assert Point(1, "rule|group|1", 1, OWNER).inner
    assert not point(1).inner


def test_between_is_open_at_its_start_and_closed_at_its_end():
    """As windows are."""
    assert [2, 3] == [one.time for one in between([point(n) for n in range(6)], 1, 3)]
