"""Episodes as stored, and how the runs of a group's windows become or change them.

An alert's id is made once, from the window that first fired; its episode then only grows. When a
late event joins two episodes, the younger one is superseded by the older.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, insert, select, update

from correlator.points import Point
from correlator.windows import Run
from haidang.model.ids import make_id
from haidang.model.instant import Instant
from haidang.store.state import tables
from rules.rule import Correlation


@dataclass(frozen=True, slots=True)
class Stored:
    """One row of the table `episode`; `raised` numbers the episodes of a group as they appeared."""

    alert: str
    rule: str
    group_id: str
    fired: Instant
    start: Instant
    end: Instant
    first_anchor: Instant
    last_anchor: Instant
    events: int
    expired_events: int
    raised: int
    superseded_by: str = ""

    def covers(self, time: Instant, timespan: Instant) -> bool:
        """Whether `time` lies in one of the episode's windows."""
        return self.first_anchor - timespan < time <= self.last_anchor


@dataclass(frozen=True, slots=True)
class Change:
    """An episode that is new or may have grown, and the younger ones it absorbed just now."""

    episode: Stored
    absorbed: tuple[str, ...]
    before: Stored | None


def alert_id(rule: str, group_id: str, fired: Instant) -> str:
    """The identity of an alert: rule, group, and the end of the window that first fired."""
    return make_id("alert", rule, group_id, fired)


def stored_episodes(connection: Connection, rule: str, group_id: str) -> list[Stored]:
    """The group's episodes that are not superseded, oldest alert first."""
    table = tables.episode
    rows = connection.execute(
        select(table)
        .where(table.c.rule == rule, table.c.group_id == group_id, table.c.superseded_by == "")
        .order_by(table.c.raised)
    ).mappings()
    return [Stored(**row) for row in rows]


def reconcile(
    known: list[Stored], run: Run, correlation: Correlation, group_id: str, fired: Instant
) -> Change:
    """What a run of windows means, given the group's known episodes (oldest alert first)."""
    joined = overlapping(known, run)
    if not joined:
        rule = correlation.card.id
        new = Stored(
            alert=alert_id(rule, group_id, fired),
            rule=rule,
            group_id=group_id,
            fired=fired,
            start=run.first,
            end=run.last,
            first_anchor=run.first,
            last_anchor=run.last,
            events=0,
            expired_events=0,
            raised=1 + max((one.raised for one in known), default=0),
        )
        return Change(new, (), None)
    kept, *younger = joined
    grown = replace(
        kept,
        first_anchor=min(run.first, *(one.first_anchor for one in joined)),
        last_anchor=max(run.last, *(one.last_anchor for one in joined)),
        start=min(one.start for one in joined),
        expired_events=sum(one.expired_events for one in joined),
    )
    return Change(grown, tuple(one.alert for one in younger), kept)


def overlapping(known: Iterable[Stored], run: Run) -> list[Stored]:
    """The known episodes whose windows overlap those of a run, in their order."""
    after, span = run.first - run.timespan, run.timespan
    return [one for one in known if one.first_anchor - span < run.last and after < one.last_anchor]


def save(connection: Connection, change: Change) -> None:
    """Write the episode and mark what it absorbed."""
    table = tables.episode
    row = {name: getattr(change.episode, name) for name in Stored.__slots__}
    where = table.c.alert == change.episode.alert
    if not connection.execute(update(table).where(where).values(row)).rowcount:
        connection.execute(insert(table).values(row))
    if change.absorbed:
        connection.execute(
            update(table)
            .where(table.c.alert.in_(change.absorbed))
            .values(superseded_by=change.episode.alert)
        )


def count_expired(
    connection: Connection, correlation: Correlation, group_id: str, points: Iterable[Point]
) -> None:
    """Points were forgotten: the episodes that hold them remember how many events they were.

    A window of an inner correlation is no event.
    """
    gone = [point for point in points if not point.inner]
    if not gone:
        return
    for one in stored_episodes(connection, correlation.card.id, group_id):
        lost = sum(one.covers(point.time, correlation.timespan) for point in gone)
        if lost:
            connection.execute(
                update(tables.episode)
                .where(tables.episode.c.alert == one.alert)
                .values(expired_events=one.expired_events + lost)
            )
