"""The second transaction: matches become detections, through the state of their groups.

Everything is recomputed from a group's points, so neither the order of events nor the borders of
batches show in the result; only what differs from the stored episodes is handed on.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

from sqlalchemy import Connection, delete, insert, select

from correlator import groups
from correlator.aggregates import peak, plain
from correlator.episodes import (
    Change,
    Stored,
    alert_id,
    count_expired,
    overlapping,
    reconcile,
    save,
    stored_episodes,
)
from correlator.groups import Key
from correlator.inputs import place
from correlator.members import Leaf, bounded, inner_id, leaves
from correlator.plan import Plan
from correlator.points import Owner, Point, between
from correlator.poison import guarded
from correlator.windows import Run, first_fired, is_monotone, runs
from haidang.model.detection import Detection, Episode, Match, Member
from haidang.model.instant import Instant
from haidang.model.packing import pack_detection
from haidang.store.state import tables
from rules.rule import Correlation

_NOBODY = Owner("", (), "", 0)


@dataclass(frozen=True, slots=True)
class Clock:
    """A tick's receive time, and the event time up to which windows are final."""

    closing: Instant
    watermark: Instant


@dataclass(slots=True)
class Arrivals:
    """Points that reach a correlation in this tick, by group."""

    keys: dict[str, Key] = field(default_factory=dict)
    points: dict[str, list[Point]] = field(default_factory=dict)

    def put(self, key: Key, point: Point) -> None:
        """One more point of a group."""
        self.keys.setdefault(key.id, key)
        self.points.setdefault(key.id, []).append(point)


def correlate(
    connection: Connection, plan: Plan, matches: Iterable[Match], clock: Clock
) -> list[Detection]:
    """Put a tick's matches into their groups; the detections that follow, stored and returned.

    Part of the caller's transaction. Matches are taken in the order (@timestamp, event id).
    """
    arrivals = {one.card.id: Arrivals() for one in plan.correlations}
    detections: list[Detection] = []
    for match in sorted(matches, key=lambda one: (one.time, one.event, one.rule)):
        _distribute(plan, match, arrivals)
        if match.rule in plan.cards and match.rule not in plan.silent:
            detections.append(_single(plan, match))
    for correlation in plan.correlations:
        mine = arrivals[correlation.card.id]
        _wake_due(connection, correlation, mine, clock)
        for group_id in sorted(mine.keys):
            with guarded(connection, correlation.card.id, group_id, clock.closing):
                work = _Work(connection, plan, correlation, mine.keys[group_id], clock, arrivals)
                detections += work.advance(mine.points.get(group_id, []))
    for correlation, group_id, points in groups.expire(
        connection, plan.correlations, clock.closing
    ):
        count_expired(connection, correlation, group_id, points)
    _store(connection, detections)
    return detections


def _distribute(plan: Plan, match: Match, arrivals: Mapping[str, Arrivals]) -> None:
    owner = Owner(match.operator, match.affected, match.zone, match.level)
    for correlation, steps in plan.feeds.get(match.rule, ()):
        point = Point(match.time, match.event, steps, owner)
        found = place(correlation, match.rule, match.values, match.zone, point)
        if found:
            arrivals[correlation.card.id].put(*found)


def _single(plan: Plan, match: Match) -> Detection:
    """A rule that stands alone: each matched event is an episode of its own."""
    card = plan.cards[match.rule]
    return Detection(
        alert=alert_id(match.rule, match.event, match.time),
        card=card,
        group=dict(match.values),
        zone=match.zone,
        episode=Episode(match.time, match.time, 1),
        fired=match.time,
        members=(Member(match.event, match.time, card.name),),
        counts={card.name: 1},
        operators=(match.operator,) if match.operator else (),
        affected=match.affected,
        system_level=match.level,
    )


def _wake_due(
    connection: Connection, correlation: Correlation, mine: Arrivals, clock: Clock
) -> None:
    """Groups whose waiting windows became final take part though nothing arrived."""
    due = tables.due
    ripe = (due.c.rule_hash == correlation.card.hash) & (due.c.at <= clock.watermark)
    for group_id in connection.execute(select(due.c.group_id).where(ripe)).scalars().all():
        if group_id not in mine.keys:
            values = groups.load(connection, correlation, group_id).values
            mine.keys[group_id] = Key(group_id, values)
    connection.execute(delete(due).where(ripe))


@dataclass(frozen=True, slots=True)
class _Work:
    """One group of one correlation in one tick."""

    connection: Connection
    plan: Plan
    correlation: Correlation
    key: Key
    clock: Clock
    arrivals: Mapping[str, Arrivals]

    def advance(self, arrived: Sequence[Point]) -> list[Detection]:
        """Store what arrived, find the episodes, hand on what changed."""
        group, before, fresh = groups.add(
            self.connection, self.correlation, self.key, arrived, self.clock.closing
        )
        points = group.sorted_points()
        self._wait(points)
        times = sorted(point.time for point in arrived)
        known = stored_episodes(self.connection, self.correlation.card.id, self.key.id)
        spans = sorted((one.first_anchor, one.last_anchor) for one in known)
        detections = []
        settled = self._settled(points)
        for run in runs(settled, self.correlation):
            if self._untouched(spans, run, times):
                continue
            joined = overlapping(known, run)
            fired = joined[0].fired if joined else self._fired(before, fresh, run)
            change = reconcile(known, run, self.correlation, self.key.id, fired)
            found = leaves(self.connection, self.plan, self.correlation, points, change.episode)
            change = replace(change, episode=_measured(change.episode, found))
            self._feed(change.episode, run, group, found)
            if change.before != change.episode or change.absorbed:
                save(self.connection, change)
                known = _after(known, change)
                if self.correlation.card.id not in self.plan.silent:
                    value = self._value(settled, run)
                    detections.append(self._detection(change, group.values, found, value))
        return detections

    def _untouched(
        self, spans: Sequence[tuple[Instant, Instant]], run: Run, times: Sequence[Instant]
    ) -> bool:
        """Whether the run is as stored: its windows are known, and nothing new lies in them.

        `spans` are the first and last anchors of the known episodes, which never overlap; sorted.
        """
        first = run.first - run.timespan
        if bisect_right(times, run.last) > bisect_right(times, first) or self._feeds_a_count():
            return False
        nearest = bisect_right(spans, run.first, key=itemgetter(0)) - 1
        return nearest >= 0 and run.last <= spans[nearest][1]

    def _settled(self, points: Sequence[Point]) -> Sequence[Point]:
        if self._at_once():
            return points
        return [point for point in points if point.time <= self.clock.watermark]

    def _at_once(self) -> bool:
        inner = {one.card.id for one in self.plan.correlations}
        counts_episodes = not self.correlation.temporal and any(
            rule in inner for rule in self.correlation.rules
        )
        return is_monotone(self.correlation) and not counts_episodes

    def _wait(self, points: Sequence[Point]) -> None:
        """Come back when the earliest window that is not final yet will be."""
        waiting = [point.time for point in points if point.time > self.clock.watermark]
        if waiting and (not self._at_once() or self._feeds_a_count()):
            due = tables.due
            row = {"rule_hash": self.correlation.card.hash, "group_id": self.key.id}
            same = [due.c[name] == value for name, value in row.items()]
            self.connection.execute(delete(due).where(*same))
            self.connection.execute(insert(due).values(row | {"at": min(waiting)}))

    def _feeds_a_count(self) -> bool:
        outer = self.plan.feeds.get(self.correlation.card.id, ())
        return any(not correlation.temporal for correlation, _steps in outer)

    def _fired(self, before: Sequence[Point], fresh: Sequence[Point], run: Run) -> Instant:
        if self._at_once():
            return first_fired(before, fresh, self.correlation, run)
        return run.first

    def _feed(
        self,
        episode: Stored,
        run: Run,
        group: groups.Group,
        found: Sequence[Leaf],
    ) -> None:
        """Hand an episode on: to a sequence, each of its windows is one point, at its end.

        To a count, the whole episode is one point, at its first window, once that is final.
        All windows are handed on again whenever an event arrives inside one: what is far from it in
        the outer correlation holds the same episode, which may have grown, and an outer correlation
        that was edited is fed anew by the replay.
        """
        zone = found[0].owner.zone if found else ""
        rule = self.correlation.card.id
        final = (episode.first_anchor,) if episode.first_anchor <= self.clock.watermark else ()
        for outer, steps in self.plan.feeds.get(rule, ()):
            ends = run.anchors if outer.temporal else final
            sample = Point(0, "", steps, _NOBODY)
            for carried, instants in _carried(self.correlation, group, ends).items():
                values = {**group.values, **dict(carried)}
                placed = place(outer, rule, values, zone, sample)
                if placed is None:
                    continue
                key, point = placed
                for at in instants:
                    named = replace(point, time=at, id=inner_id(rule, self.key.id, at))
                    self.arrivals[outer.card.id].put(key, named)

    def _value(self, points: Sequence[Point], run: Run) -> int | float | None:
        if not self.correlation.value_fields:
            return None
        inside = between(points, run.first - run.timespan, run.last)
        return plain(peak(inside, self.correlation, run.first))

    def _detection(
        self,
        change: Change,
        values: Mapping[str, str],
        found: Sequence[Leaf],
        value: float | None,
    ) -> Detection:
        episode = change.episode
        told = [leaf for leaf in found if leaf.member.told] or list(found)
        owners = {leaf.owner for leaf in found}
        counts: dict[str, int] = {}
        for leaf in told:
            counts[leaf.member.rule] = counts.get(leaf.member.rule, 0) + 1
        return Detection(
            alert=episode.alert,
            card=self.correlation.card,
            group=dict(values),
            zone=told[0].owner.zone if told else "",
            episode=Episode(episode.start, episode.end, episode.events),
            fired=episode.fired,
            members=bounded(found),
            counts=counts,
            operators=tuple(sorted({one.operator for one in owners} - {""})),
            affected=tuple(sorted({unit for one in owners for unit in one.affected})),
            system_level=max((one.level for one in owners), default=0),
            absorbed=change.absorbed,
            value=value,
        )


def _carried(
    correlation: Correlation, group: groups.Group, ends: Iterable[Instant]
) -> Mapping[tuple[tuple[str, str], ...], Iterable[Instant]]:
    """What correlations above read of the events at the ends of windows, each with its ends."""
    if not correlation.carried:
        return {(): ends}
    found: dict[tuple[tuple[str, str], ...], set[Instant]] = {}
    wanted = set(ends)
    for point in group.points.values():
        for values in point.carried if point.time in wanted else ():
            named = tuple(zip(correlation.carried, values, strict=True))
            found.setdefault(named, set()).add(point.time)
    return found


def _measured(episode: Stored, found: Sequence[Leaf]) -> Stored:
    """The episode with its start, end and number of distinct events."""
    if not found:
        return episode
    times = [leaf.member.time for leaf in found]
    start = min(times)
    if episode.expired_events:
        start = min(start, episode.start)
    events = len({leaf.member.event for leaf in found}) + episode.expired_events
    # An inner group may have been forgotten before this one: an episode never shrinks.
    events = max(events, episode.events)
    return replace(episode, start=start, end=max(times), events=events)


def _after(known: Sequence[Stored], change: Change) -> list[Stored]:
    """The known episodes, oldest alert first, after a change was saved."""
    if change.before is None:
        return [*known, change.episode]
    kept = [one for one in known if one.alert not in change.absorbed]
    return [change.episode if one.alert == change.episode.alert else one for one in kept]


def _store(connection: Connection, detections: Sequence[Detection]) -> None:
    if detections:
        rows = [{"payload": pack_detection(one)} for one in detections]
        connection.execute(insert(tables.detection), rows)
