"""The single events behind an episode, found through inner correlations down to the leaves."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from correlator import groups
from correlator.episodes import Stored, stored_episodes
from correlator.plan import Plan
from correlator.points import Owner, Point, between
from correlator.windows import witness
from haidang.model.detection import KEPT, Member
from haidang.model.instant import Instant
from rules.rule import Correlation


@dataclass(frozen=True, slots=True)
class Leaf:
    """One event of one single-event rule, and whom it concerns."""

    member: Member
    owner: Owner


def inner_id(rule: str, group_id: str, anchor: Instant | str) -> str:
    """The id under which an inner correlation's window enters the outer one as a point."""
    return f"{rule}|{group_id}|{anchor}"


@dataclass(slots=True)
class _Below:
    """The inner groups and episodes that one look at an episode needs, each read once."""

    connection: Connection
    plan: Plan
    loaded: dict[tuple[str, str], groups.Group] = field(default_factory=dict)
    episodes: dict[tuple[str, str], list[Stored]] = field(default_factory=dict)
    seen: set[tuple[str, bool]] = field(default_factory=set)

    def unseen(
        self, point: Point, told: bool
    ) -> Iterable[tuple[Correlation, groups.Group, Stored]]:
        """The inner episodes of an inner window, unless they came already, as well told."""
        rule, group_id = place = _inner_group(point)
        if place not in self.episodes:
            self.episodes[place] = stored_episodes(self.connection, rule, group_id)
        for episode in self.episodes[place]:
            ours = episode.first_anchor <= point.time <= episode.last_anchor
            if not ours or not self.seen.isdisjoint({(episode.alert, True), (episode.alert, told)}):
                continue
            self.seen.add((episode.alert, told))
            inner = self.plan.correlation(rule)
            if place not in self.loaded:
                self.loaded[place] = groups.load(self.connection, inner, group_id)
            yield inner, self.loaded[place], episode


def leaves(
    connection: Connection,
    plan: Plan,
    correlation: Correlation,
    points: Sequence[Point],
    episode: Stored,
) -> list[Leaf]:
    """The episode's events by time; `told` marks those of the chain that the sentence tells of.

    `points` are the group's, sorted.
    """
    below = _Below(connection, plan)
    found: dict[tuple[str, str], Leaf] = {}
    for leaf in _leaves(below, correlation, points, episode, told=True):
        key = (leaf.member.event, leaf.member.rule)
        if key not in found or leaf.member.told:
            found[key] = leaf
    return sorted(found.values(), key=lambda leaf: (leaf.member.time, leaf.member.event))


def _leaves(
    below: _Below,
    correlation: Correlation,
    points: Sequence[Point],
    episode: Stored,
    *,
    told: bool,
) -> Iterator[Leaf]:
    inside = between(points, episode.first_anchor - correlation.timespan, episode.last_anchor)
    for point, chosen in _told(inside, correlation, episode):
        aloud = told and chosen
        if not point.inner:
            yield from _own(below.plan, correlation, point, aloud)
            continue
        for inner, group, one in below.unseen(point, aloud):
            yield from _leaves(below, inner, group.sorted_points(), one, told=aloud)


def _told(
    inside: Sequence[Point], correlation: Correlation, episode: Stored
) -> Iterable[tuple[Point, bool]]:
    """Each point with whether the sentence tells of it.

    Of several inner groups only the first chain's, or the sentence would mix two attackers.
    """
    if not correlation.temporal:
        return [(point, True) for point in inside]
    chain = witness(inside, correlation, episode.first_anchor)
    first = {_inner_group(point) for point in chain if point.inner}
    return [(point, not point.inner or _inner_group(point) in first) for point in inside]


def _inner_group(point: Point) -> tuple[str, str]:
    rule, group_id, _anchor = point.id.rsplit("|", 2)
    return rule, group_id


def _own(plan: Plan, correlation: Correlation, point: Point, told: bool) -> Iterator[Leaf]:
    """The event of a point, once for each rule that it matched."""
    for step, rule in enumerate(correlation.rules):
        if point.steps >> step & 1:
            yield Leaf(Member(point.id, point.time, plan.cards[rule].name, told), point.owner)


def bounded(found: Sequence[Leaf]) -> tuple[Member, ...]:
    """The first and last `KEPT` events of each rule, in time order."""
    by_rule: dict[str, list[Member]] = {}
    for leaf in found:
        by_rule.setdefault(leaf.member.rule, []).append(leaf.member)
    kept = [
        member
        for members in by_rule.values()
        for member in (members if len(members) <= 2 * KEPT else members[:KEPT] + members[-KEPT:])
    ]
    return tuple(sorted(kept, key=lambda member: (member.time, member.event, member.rule)))
