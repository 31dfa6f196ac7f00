"""When each source was heard, minute by minute: what its health is judged by.

Two rows of bits a source and day, by receive time and by event time; they are OR-ed in the
transaction that moves the feed's position, so the order in which events arrive changes nothing.
The state store has it, for a console is not on the machine of the collectors.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, true, tuple_
from sqlalchemy.sql.elements import ColumnElement

from correlator.tally import KEPT_DAYS, day_of
from haidang.model.event import Event
from haidang.model.fields import first_text
from haidang.model.instant import HOUR, MINUTE, Instant
from haidang.model.scope import Scope
from haidang.store.inventory.index import host_key
from haidang.store.state import tables

DAY_MINUTES = 1440
_BYTES = DAY_MINUTES // 8
_VIETNAM = 7 * HOUR


@dataclass(slots=True)
class Day:
    """The minutes heard in a day in Vietnam, bit 0 at 00:00, and the events received in it."""

    received: int = 0
    happened: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A source with the days that were asked for.

    `first` and `last` are receive times, `time` is the newest event time.
    """

    id: str
    dataset: str
    operator: str
    zone: str
    host: str
    first: Instant
    last: Instant
    time: Instant
    days: Mapping[int, Day] = field(default_factory=dict)


def minute_of(at: Instant) -> int:
    """The number of a minute in Vietnam; divided by 1,440 that of its day."""
    return (at + _VIETNAM) // MINUTE


def instant_of(minute: int) -> Instant:
    """The instant at which a minute begins."""
    return minute * MINUTE - _VIETNAM


def note(connection: Connection, events: Sequence[Event], closing: Instant) -> None:
    """Events of the tick that closes at `closing` were read; part of its transaction."""
    days: dict[tuple[str, int], Day] = {}
    newest: dict[str, Event] = {}
    for event in events:
        received, bit = divmod(minute_of(event.received), DAY_MINUTES)
        today = days.setdefault((event.source, received), Day())
        today.received |= 1 << bit
        today.events += 1
        happened, bit = divmod(minute_of(event.time), DAY_MINUTES)
        days.setdefault((event.source, happened), Day()).happened |= 1 << bit
        newest[event.source] = event
    oldest = day_of(closing) - KEPT_DAYS
    _note_days(connection, {key: day for key, day in days.items() if key[1] > oldest}, oldest)
    _note_sources(connection, events, newest)


def _note_days(connection: Connection, days: Mapping[tuple[str, int], Day], oldest: int) -> None:
    if not days:
        return
    table = tables.source_day
    sources, numbers = {source for source, _ in days}, {day for _, day in days}
    mine = table.c.source.in_(sources) & table.c.day.in_(numbers)
    for row in connection.execute(select(table).where(mine)):
        if day := days.get((row.source, row.day)):
            day.received |= int.from_bytes(row.received, "little")
            day.happened |= int.from_bytes(row.happened, "little")
            day.events += row.events
    same = tuple_(table.c.source, table.c.day).in_(list(days))
    connection.execute(delete(table).where(same | (table.c.day <= oldest)))
    connection.execute(insert(table), [_day_row(*key, day) for key, day in days.items()])


def _day_row(source: str, number: int, day: Day) -> dict[str, Any]:
    return {
        "source": source,
        "day": number,
        "received": day.received.to_bytes(_BYTES, "little"),
        "happened": day.happened.to_bytes(_BYTES, "little"),
        "events": day.events,
    }


def _note_sources(
    connection: Connection, events: Iterable[Event], newest: Mapping[str, Event]
) -> None:
    if not newest:
        return
    table = tables.source
    rows = {id_: _source_row(event) for id_, event in newest.items()}
    old = connection.execute(select(table).where(table.c.id.in_(list(rows)))).mappings().all()
    for event in events:
        row = rows[event.source]
        row["first"] = min(row["first"], event.received)
        row["last"] = max(row["last"], event.received)
        row["time"] = max(row["time"], event.time)
    for known in old:
        row = rows[known["id"]]
        row["first"] = min(row["first"], known["first"])
        row["last"] = max(row["last"], known["last"])
        row["time"] = max(row["time"], known["time"])
        if not row["host"]:
            row["host"], row["host_key"] = known["host"], known["host_key"]
    connection.execute(delete(table).where(table.c.id.in_(list(rows))))
    connection.execute(insert(table), list(rows.values()))


def _source_row(event: Event) -> dict[str, Any]:
    try:
        host = first_text(event.document(), "host.name")
    except ValueError:  # an unreadable event is still a sign of life
        host = ""
    return {
        "id": event.source,
        "dataset": event.dataset,
        "operator": event.operator,
        "zone": event.zone,
        "host": host,
        "host_key": host_key(host),
        "first": event.received,
        "last": event.received,
        "time": event.time,
    }


def sources(
    connection: Connection, scope: Scope, hosts: Collection[tuple[str, str]], since: int
) -> list[Source]:
    """Visible sources with their days from number `since` on, by data set, host and id.

    A unit sees what it operates and what its `hosts`, pairs of zone and `host_key`, send.
    """
    table, day = tables.source, tables.source_day
    seen = _visible(scope, hosts)
    days: dict[str, dict[int, Day]] = {}
    query = select(day).join(table, table.c.id == day.c.source).where(seen, day.c.day >= since)
    for row in connection.execute(query):
        received, happened = (int.from_bytes(b, "little") for b in (row.received, row.happened))
        days.setdefault(row.source, {})[row.day] = Day(received, happened, row.events)
    ordered = select(table).where(seen).order_by(table.c.dataset, table.c.host_key, table.c.id)
    return [
        Source(
            id=row.id,
            dataset=row.dataset,
            operator=row.operator,
            zone=row.zone,
            host=row.host,
            first=row.first,
            last=row.last,
            time=row.time,
            days=days.get(row.id, {}),
        )
        for row in connection.execute(ordered)
    ]


def _visible(scope: Scope, hosts: Collection[tuple[str, str]]) -> ColumnElement[bool]:
    table = tables.source
    if scope.units is None:
        return true()
    mine = table.c.operator.in_(scope.units)
    host = tuple_(table.c.zone, table.c.host_key)
    return or_(mine, host.in_(list(hosts))) if hosts else mine
