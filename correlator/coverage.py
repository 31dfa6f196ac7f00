"""Which receive times of which source were evaluated, by which set of rules.

Contiguous ranges, extended in place: one row a source and rule set for as long as nothing breaks,
never a row a minute. A gap between two ranges of a source is time that nobody evaluated.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from haidang.model.event import Event
from haidang.model.instant import Instant
from haidang.store.state import tables


@dataclass(frozen=True, slots=True)
class Range:
    """Receive times from `start` to `end` of one source; `lag` is the worst delay of an event."""

    rule_set: str
    source: str
    start: Instant
    end: Instant
    events: int
    lag: Instant


@dataclass(slots=True)
class _Seen:
    events: int = 0
    lag: Instant = 0
    first: Instant = 0
    last: Instant = 0


def note(
    connection: Connection, rule_set: str, events: Iterable[Event], since: Instant, closing: Instant
) -> None:
    """Events were evaluated in the tick that closes at `closing`.

    The feed had been read to its end when it was `since`. Sources are covered up to their newest
    event here: more may wait in the feed (`note_silence` tells when not). Part of the transaction
    that stores their matches.
    """
    seen: dict[str, _Seen] = {}
    for event in events:
        one = seen.setdefault(event.source, _Seen(first=event.received))
        one.events += 1
        one.lag = max(one.lag, event.received - event.time)
        one.first = min(one.first, event.received)
        one.last = max(one.last, event.received)
    for source, what in seen.items():
        end = max(since, min(what.last, closing))
        more = Range(rule_set, source, since, end, what.events, what.lag)
        _extend(connection, more, what.first)


def note_silence(connection: Connection, rule_set: str, closing: Instant) -> None:
    """The feed was read to its end: every known source is covered up to `closing`."""
    newest = select(tables.coverage.c.source).distinct()
    for source in connection.execute(newest).scalars().all():
        _extend(connection, Range(rule_set, source, 0, closing, 0, 0), closing)


def _extend(connection: Connection, more: Range, first: Instant) -> None:
    """Continue the newest range of the source; its very first one may begin at `first`."""
    table = tables.coverage
    last = connection.execute(
        select(table)
        .where(table.c.source == more.source)
        .order_by(table.c.end.desc(), table.c.id.desc())
        .limit(1)
    ).first()
    gap = last is not None and more.start > last.end
    if last is None or gap or last.rule_set != more.rule_set:
        start = last.end if last and not gap else more.start or min(first, more.end)
        row = {name: getattr(more, name) for name in Range.__slots__}
        row |= {"start": start, "end": max(start, more.end)}
        connection.execute(insert(table).values(row))
        return
    values = {
        "end": max(last.end, more.end),
        "events": last.events + more.events,
        "lag": max(last.lag, more.lag),
    }
    connection.execute(update(table).where(table.c.id == last.id).values(values))


def ranges(connection: Connection, since: Instant = 0) -> list[Range]:
    """Every range that ends at `since` or later, by source and time."""
    table = tables.coverage
    late = select(table).where(table.c.end >= since)
    rows = connection.execute(late.order_by(table.c.source, table.c.start, table.c.id))
    return [Range(**{name: row[name] for name in Range.__slots__}) for row in rows.mappings()]
