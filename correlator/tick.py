"""A tick: everything the feed held at one receive time goes through matching and correlation.

A tick is opened durably (its receive time and the feed's head) before any work, and a tick that a
crash left open is finished with that same time and head. So which events are taken together, and
hence every alert's id, does not depend on crashes.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import orjson
from sqlalchemy import Connection, delete, select

from correlator import activity, coverage, figures
from correlator.correlate import Clock, correlate
from correlator.match import Engine, match_events, store_matches
from correlator.plan import Plan
from haidang.model.detection import Match
from haidang.model.instant import Instant
from haidang.model.packing import unpack_matches
from haidang.model.scope import Scope
from haidang.store.events.protocol import START, EventStore, Filter, Position, Range
from haidang.store.state import tables
from haidang.store.state.database import Database, move_cursor, read_cursor

PAGE = 5_000
PAGES_A_TICK = 20  # so that a backlog is worked off in bounded memory
REPLAYED = 100_000  # events that a replay holds at once


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick's place; kept as the cursor `tick`.

    `closing` is its receive time, `since` the closing time of the newest tick before it that was
    `complete`, that is, read the feed to its head.
    """

    number: int = 0
    since: Instant = 0
    closing: Instant = 0
    head: Position = START
    pages: int = 0
    done: bool = True
    complete: bool = True

    @property
    def reached(self) -> Instant:
        """When the feed was last read to its end and everything in it correlated; 0 = never."""
        return self.closing if self.complete else self.since


@dataclass(frozen=True, slots=True)
class Report:
    """What the ticks of one call did."""

    ticks: int = 0
    events: int = 0
    matches: int = 0
    detections: int = 0
    poisoned: int = 0


@dataclass(frozen=True, slots=True)
class Correlator:
    """The stage with what it needs; `scope` is the system's, made in `app.wiring`."""

    database: Database
    store: EventStore
    engine: Engine
    scope: Scope
    allowance: Instant

    def run(self, now: Instant) -> Report:
        """Finish an open tick, then take ticks until the feed is read to its head of now.

        Raises Unavailable (try again later) and Superseded (another correlator did this).
        """
        report = Report()
        while True:
            tick = self._open(now)
            report = self._replay(tick, report)
            tick, complete, report = self._match(tick, report)
            report = self._correlate(tick, complete, report)
            if tick.closing >= now and complete:
                return report

    def _open(self, now: Instant) -> Tick:
        with self.database.reading() as connection:
            old = read_cursor(connection, "tick")
            reached = read_cursor(connection, "match")
        last = _unpack(old)
        if not last.done:
            return last
        head = self.store.head() or reached
        closing = max(now, last.closing)
        since = last.closing if last.complete else last.since
        tick = Tick(last.number + 1, since, closing, head, 0, done=False, complete=False)
        with self.database.transaction("tick") as connection:
            move_cursor(connection, "tick", old, _pack(tick))
        return tick

    def _match(self, tick: Tick, report: Report) -> tuple[Tick, bool, Report]:
        """The tick as it stands after matching, and whether the feed was read to the tick's head.

        The head itself is never reached where retention dropped the events before it.
        """
        while True:
            with self.database.reading() as connection:
                position = read_cursor(connection, "match")
            if position == tick.head:
                return tick, True, report
            if tick.pages >= PAGES_A_TICK:
                return tick, False, report
            page = self.store.read(self.scope, position, PAGE, until=tick.head)
            if page.position == position:
                return tick, True, report
            matches, poison = match_events(self.engine, page.events)
            turned = replace(tick, pages=tick.pages + 1)
            with self.database.transaction("match") as connection:
                move_cursor(connection, "match", position, page.position)
                move_cursor(connection, "tick", _pack(tick), _pack(turned))
                store_matches(connection, self.engine.plan, matches, poison, tick.closing)
                version = self.engine.version
                coverage.note(connection, version, page.events, tick.since, tick.closing)
                activity.note(connection, page.events, tick.closing)
                figures.matched(connection, page.events, matches, len(poison), tick.closing)
            tick = turned
            report = replace(
                report,
                events=report.events + len(page.events),
                matches=report.matches + len(matches),
                poisoned=report.poisoned + len(poison),
            )

    def _correlate(self, tick: Tick, complete: bool, report: Report) -> Report:
        done = replace(tick, done=True, complete=complete)
        # While a backlog waits, nothing after the last complete tick is final.
        watermark = (tick.closing if complete else tick.since) - self.allowance
        with self.database.transaction("correlate") as connection:
            move_cursor(connection, "tick", _pack(tick), _pack(done))
            clock = Clock(tick.closing, watermark)
            detections = correlate(connection, self.engine.plan, _take(connection), clock)
            if complete:
                coverage.note_silence(connection, self.engine.version, tick.closing)
            figures.correlated(connection, 1, len(detections))
        return replace(
            report, ticks=report.ticks + 1, detections=report.detections + len(detections)
        )

    def _replay(self, tick: Tick, report: Report) -> Report:
        """A correlation that is new or was edited starts empty: its timespan is matched again.

        Events that are matched twice count once, by their ids.
        """
        with self.database.reading() as connection:
            packed = read_cursor(connection, "correlations")
        plan = self.engine.plan
        known = set(packed.split())
        current = {one.card.hash: one for one in plan.correlations}
        if known == set(current):
            return report
        new = [one for hash_, one in current.items() if hash_ not in known]
        partial = plan.only({one.card.hash for one in new})
        matches: list[Match] = []
        if new and tick.number > 1:  # the first tick reads the feed from its start
            span = max(plan.reach(one) for one in new)
            matches = list(self._matches(partial, tick.closing - span, tick.closing + 1))
        # Events of this tick are still to come, so nothing new is final.
        clock = Clock(tick.closing, tick.since - self.allowance)
        # Detections must become visible in the order of their ids, or the alert stage would pass
        # some by: who inserts any holds the tick's lock. The tick itself stays as it is.
        packed_tick = _pack(tick)
        with self.database.transaction("replay") as connection:
            move_cursor(connection, "tick", packed_tick, packed_tick)
            move_cursor(connection, "correlations", packed, " ".join(sorted(current)))
            detections = correlate(connection, partial, matches, clock)
            figures.correlated(connection, 0, len(detections))
        return replace(report, detections=report.detections + len(detections))

    def _matches(self, plan: Plan, start: Instant, end: Instant) -> Iterator[Match]:
        """The matches of stored events that feed a correlation; halves the time if too many."""
        between = Range(start, end)
        events = list(self.store.search(self.scope, Filter(), between, limit=REPLAYED))
        if len(events) == REPLAYED and end - start > 1:
            events.clear()
            middle = (start + end) // 2
            yield from self._matches(plan, start, middle)
            yield from self._matches(plan, middle, end)
            return
        matches, _poison = match_events(self.engine, events)
        wanted = (match for match in matches if not match.excluded)
        yield from (match for match in wanted if plan.feeds.get(match.rule))


def evaluated(connection: Connection) -> Instant:
    """Until when everything that had been received was evaluated; 0 before the first tick."""
    return last_tick(connection).reached


def last_tick(connection: Connection) -> Tick:
    """The newest tick, maybe still open; its number is 0 where there was none."""
    return _unpack(read_cursor(connection, "tick"))


def _take(connection: Connection) -> list[Match]:
    table = tables.match_batch
    rows = connection.execute(select(table).order_by(table.c.id)).all()
    connection.execute(delete(table).where(table.c.id.in_([row.id for row in rows])))
    return [match for row in rows for match in unpack_matches(row.payload)]


def _pack(tick: Tick) -> str:
    return orjson.dumps(asdict(tick)).decode()


def _unpack(packed: str) -> Tick:
    return Tick(**orjson.loads(packed)) if packed else Tick()
