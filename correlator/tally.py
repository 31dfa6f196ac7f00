"""How often each rule matched, by day of receipt, with its last events; bounded for ever.

Every match counts, whatever the mode of its rule: trial rules are judged by these figures. The
rows are written in the transaction that moves the feed's position, so each match counts once.
Matches that an exclusion covers are not among them (`correlator.exclusions`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Row, delete, func, insert, select

from haidang.model.detection import Match
from haidang.model.instant import DAY, HOUR, Instant
from haidang.store.state import tables

KEPT_DAYS = 31
EXAMPLES = 5  # last events of a rule and day
_VIETNAM = 7 * HOUR


@dataclass(frozen=True, slots=True)
class Tally:
    """Matches of one rule today and in seven days; `last` is the newest event's time, 0 if none."""

    today: int = 0
    week: int = 0
    last: Instant = 0
    examples: tuple[str, ...] = ()


def day_of(at: Instant) -> int:
    """The number of a day in Vietnam."""
    return (at + _VIETNAM) // DAY


def count(connection: Connection, matches: Sequence[Match], closing: Instant) -> None:
    """Count what was matched in the tick that closes at `closing`; part of its transaction."""
    found: dict[str, list[Match]] = {}
    for match in matches:
        found.setdefault(match.rule, []).append(match)
    add(connection, tables.rule_tally.c.rule, found, closing, KEPT_DAYS)


def add(
    connection: Connection,
    name: Column[str],
    found: Mapping[str, Sequence[Match]],
    closing: Instant,
    kept_days: int,
) -> None:
    """Add matches to the day's rows of a table, by what its column `name` holds."""
    if not found:
        return
    table, day = name.table, day_of(closing)
    mine = (table.c.day == day) & name.in_(list(found))
    query = select(table, name.label("name")).where(mine)
    known = {row.name: row for row in connection.execute(query)}
    connection.execute(delete(table).where(mine | (table.c.day <= day - kept_days)))
    rows = [{name.name: one, **_row(day, new, known.get(one))} for one, new in found.items()]
    connection.execute(insert(table), rows)


def _row(day: int, new: Sequence[Match], old: Row[Any] | None) -> dict[str, Any]:
    examples = [*(orjson.loads(old.examples) if old else ()), *(one.event for one in new)]
    return {
        "day": day,
        "matches": len(new) + (old.matches if old else 0),
        "last": max(*(one.time for one in new), old.last if old else 0),
        "examples": orjson.dumps(examples[-EXAMPLES:]).decode(),
    }


def tallies(connection: Connection, now: Instant) -> Mapping[str, Tally]:
    """The figures of every rule that matched in the kept days; episodes for correlations."""
    today = day_of(now)
    found: dict[str, Tally] = {}
    table = tables.rule_tally
    for row in connection.execute(select(table).order_by(table.c.day)):
        old = found.get(row.rule, Tally())
        found[row.rule] = Tally(
            today=row.matches if row.day == today else 0,
            week=old.week + (row.matches if row.day > today - 7 else 0),
            last=max(old.last, row.last),
            examples=(*old.examples, *orjson.loads(row.examples))[-EXAMPLES:],
        )
    return found | _episodes(connection, now)


def _episodes(connection: Connection, now: Instant) -> dict[str, Tally]:
    """Of a correlation, the episodes that ended in those days; it has no matches of its own."""
    table = tables.episode
    midnight = day_of(now) * DAY - _VIETNAM
    within = func.count().filter
    query = (
        select(
            table.c.rule,
            within(table.c.end >= midnight).label("today"),
            within(table.c.end >= midnight - 6 * DAY).label("week"),
            func.max(table.c.end).label("last"),
        )
        .where(table.c.superseded_by == "")
        .group_by(table.c.rule)
    )
    return {row.rule: Tally(row.today, row.week, row.last) for row in connection.execute(query)}
