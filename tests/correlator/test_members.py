"""The events behind an episode: all of them, once each, and which the sentence tells of."""

import pytest
from sqlalchemy import select

from correlator import groups
from correlator.episodes import stored_episodes
from correlator.members import Leaf, bounded, inner_id, leaves
from correlator.points import Owner
from haidang.model.detection import KEPT, Member
from haidang.store.state import tables
from tests.support.correlation import match, plan_of, rule, run

NOBODY = Owner("", (), "", 0)
BURST = rule("burst", by=("host.name", "source.ip"), span=10)
STORY = rule("story", "temporal_ordered", of=("burst", "s"), span=20)
PLAN = plan_of(BURST, STORY)


def burst(start, address="203.0.113.7", first=0):
    """Three events of one address."""
    return [match("f", start + n, first + n, address=address) for n in range(3)]


def found_in(opened, correlation, name):
    """The leaves of the only episode of a correlation."""
    with opened.reading() as connection:
        column = tables.episode.c
        where = select(column.group_id).where(column.rule == name)
        group_id = connection.execute(where).scalar_one()
        (episode,) = stored_episodes(connection, name, group_id)
        points = groups.load(connection, correlation, group_id).sorted_points()
        return leaves(connection, PLAN, correlation, points, episode)


def told(found):
    """(event, whether it is told), in order."""
    return [(leaf.member.event, leaf.member.told) for leaf in found]


def test_single_events_of_an_episode_are_its_members():
    """In time order, with the rule's name; what lies outside the windows is left out."""
    batch = [*burst(10), match("f", 90, 50)]
    opened, _ = run(PLAN, [batch])

    found = found_in(opened, PLAN.correlation("burst"), "burst")

    assert [("e0000", 10), ("e0001", 11), ("e0002", 12)] == [
        (leaf.member.event, leaf.member.time) for leaf in found
    ]
    assert {"f"} == {leaf.member.rule for leaf in found}


def test_members_are_found_through_the_inner_correlation():
    """Each inner event once, though each window of the inner one is a point of the outer."""
    opened, _ = run(PLAN, [[*burst(1), match("f", 4, 7), match("s", 6, 9)]])

    found = found_in(opened, PLAN.correlation("story"), "story")

    assert ["e0000", "e0001", "e0002", "e0007", "e0009"] == [leaf.member.event for leaf in found]
    assert all(leaf.member.told for leaf in found)


def test_only_the_first_chain_is_told():
    """A second address on the host is evidence, and no part of the sentence."""
    second = burst(12, address="198.51.100.9", first=20)
    opened, _ = run(PLAN, [[*burst(1), match("s", 6, 9), *second, match("s", 16, 30)]])

    found = found_in(opened, PLAN.correlation("story"), "story")

    assert [("e0020", False), ("e0021", False), ("e0022", False)] == told(found)[-4:-1]
    assert ("e0030", True) == told(found)[-1]


def test_an_episode_reached_by_two_ways_is_told_by_the_one_that_tells():
    """The outer chain names the burst itself; that it belongs to another story, too, is no harm."""
    twice = rule("twice", "temporal", of=("burst", "story"), by=("host.name",), span=40)
    plan = plan_of(BURST, STORY, twice)
    other = burst(3, address="198.51.100.9", first=20)

    _opened, found = run(plan, [[*burst(1), *other, match("s", 6, 9)]])

    assert {"f", "s"} == {one.rule for one in found[-1].members if one.told}
    assert 7 == len(found[-1].members)


def test_an_event_that_matched_two_rules_is_a_member_for_each():
    """One event in the count, two rules in the evidence."""
    both = rule("both", of=("f", "s"), span=10, condition=(("gte", 2),))
    plan = plan_of(both)
    batch = [match("f", 1, 1), match("s", 1, 1), match("f", 2, 2)]

    _opened, (found,) = run(plan, [batch])

    assert 2 == found.episode.events
    assert [("e0001", "f"), ("e0001", "s"), ("e0002", "f")] == [
        (one.event, one.rule) for one in found.members
    ]


@pytest.mark.parametrize(
    ("total", "kept"),
    [(2 * KEPT, 2 * KEPT), (2 * KEPT + 1, 2 * KEPT), (7 * KEPT, 2 * KEPT), (0, 0)],
)
def test_the_first_and_last_events_of_each_rule_are_kept(total, kept):
    """A long attack is told by its two ends, and a rare step is never crowded out."""
    many = [Leaf(Member(f"e{n:04}", n, "many"), NOBODY) for n in range(total)]
    rare = Leaf(Member("rare", total // 2, "rare"), NOBODY)

    found = bounded([*many, rare])

    names = [one.event for one in found if one.rule == "many"]
    assert ("rare" in [one.event for one in found], kept) == (True, len(names))
    half = kept // 2
    expected = [one.member.event for one in many]
    assert expected[:half] + expected[len(expected) - (kept - half) :] == names


def test_inner_windows_have_names_of_their_own():
    """Rule, group and end; none is like an event's."""
    assert "burst|g|5" == inner_id("burst", "g", 5)
