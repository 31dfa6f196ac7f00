"""What exclusions of the calendar kept silent: matches by exclusion and day of receipt.

Written in the transaction that moves the feed's position, so each match counts once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, select

from correlator import tally
from haidang.model.detection import Match
from haidang.model.instant import Instant
from haidang.store.state import tables

KEPT_DAYS = 400  # longer than the longest exclusion


@dataclass(frozen=True, slots=True)
class Excluded:
    """Matches of one exclusion, in all and today; `last` is the newest event's time, 0 if none."""

    matches: int = 0
    today: int = 0
    last: Instant = 0
    examples: tuple[str, ...] = ()


def count(connection: Connection, matches: Sequence[Match], closing: Instant) -> None:
    """Count excluded matches of the tick that closes at `closing`; part of its transaction."""
    found: dict[str, list[Match]] = {}
    for match in matches:
        found.setdefault(match.excluded, []).append(match)
    tally.add(connection, tables.exclusion_tally.c.exclusion, found, closing, KEPT_DAYS)


def counted(connection: Connection, now: Instant) -> Mapping[str, Excluded]:
    """The figures of every exclusion that covered a match, by id; also of those that are gone."""
    table, today = tables.exclusion_tally, tally.day_of(now)
    found: dict[str, Excluded] = {}
    for row in connection.execute(select(table).order_by(table.c.day)):
        old = found.get(row.exclusion, Excluded())
        found[row.exclusion] = Excluded(
            matches=old.matches + row.matches,
            today=row.matches if row.day == today else 0,
            last=max(old.last, row.last),
            examples=(*old.examples, *orjson.loads(row.examples))[-tally.EXAMPLES :],
        )
    return found
