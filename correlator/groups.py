"""What a correlation remembers of a group: its points, packed by time chunk in the state store.

A chunk is kept for a day after it was last touched (receive clock), plus the correlation's
timespan: late events find their neighbours, and logs of years ago, imported now, correlate too.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, delete, func, insert, select

from correlator.points import Owner, Point
from haidang.model.fold import fold
from haidang.model.ids import make_id
from haidang.model.instant import DAY, Instant
from haidang.model.zone import is_private, parse_address
from haidang.store.state import tables
from rules.rule import Correlation

RETENTION: Instant = DAY
HOSTS = ("host.", "Computer", "Hostname")  # group-by fields that name a machine


@dataclass(frozen=True, slots=True)
class Key:
    """One group of one correlation: its id and the values it was made of."""

    id: str
    values: Mapping[str, str]


@dataclass(slots=True)
class Group:
    """A group's points as stored, by id."""

    values: Mapping[str, str]
    points: dict[str, Point] = field(default_factory=dict)

    def sorted_points(self) -> list[Point]:
        """In event time, then by id."""
        return sorted(self.points.values())


def key_of(correlation: Correlation, values: Mapping[str, str], zone: str) -> Key | None:
    """The group of a match, or None: without a group-by field an event is correlated with nothing.

    Values are compared folded (`ADMIN` and `admin` are one group) and shown as written. Private
    addresses and host names repeat in 150 networks, so they count only with their zone.
    """
    own = {name: values.get(name, "") for name in correlation.group_by}
    if not all(own.values()):
        return None
    return Key(make_id(correlation.card.id, *identity(correlation, own, zone)), own)


def identity(correlation: Correlation, values: Mapping[str, str], zone: str) -> list[str]:
    """What two sets of named values must share to be the same: the zone if local, then each."""
    local = any(
        name.startswith(HOSTS) or name in correlation.hosts or is_private(value)
        for name, value in values.items()
    )
    parts = [part for name, value in values.items() for part in (name, _same(value))]
    return [zone if local else "", *parts]


def _same(value: str) -> str:
    """One spelling for values that mean the same: `::ffff:10.0.0.1` is 10.0.0.1."""
    return str(parse_address(value) or fold(value))


def load(connection: Connection, correlation: Correlation, group_id: str) -> Group:
    """The group as committed (and changed earlier in this transaction); empty if unknown."""
    chunk = tables.group_chunk
    rows = connection.execute(
        select(chunk.c.payload).where(
            chunk.c.rule_hash == correlation.card.hash, chunk.c.group_id == group_id
        )
    ).scalars()
    group = Group({})
    for payload in rows:
        values, points = _unpack(payload)
        group.values = values
        group.points.update((point.id, point) for point in points)
    return group


def add(
    connection: Connection,
    correlation: Correlation,
    key: Key,
    arrived: Iterable[Point],
    touched: Instant,
) -> tuple[Group, list[Point], list[Point]]:
    """Store points: (the group after, points it had before, those that are new or gained more).

    A point that is there already keeps its time and only gains steps and values; the group keeps
    the spelling of its values by which it was first seen.
    """
    group = load(connection, correlation, key.id)
    group.values = group.values or key.values
    before = dict(group.points)
    for point in arrived:
        old = group.points.get(point.id)
        group.points[point.id] = point if old is None else old.joined(point)
    fresh = sorted(p for p in group.points.values() if before.get(p.id) is not p)
    chunks: dict[int, list[Point]] = {point.time // correlation.timespan: [] for point in fresh}
    for point in group.points.values():
        if (members := chunks.get(point.time // correlation.timespan)) is not None:
            members.append(point)
    place = {"rule_hash": correlation.card.hash, "group_id": key.id}
    packed = {number: _pack(group.values, members) for number, members in chunks.items()}
    _save(connection, place, packed, touched)
    fresh_ids = {point.id for point in fresh}
    return group, sorted(p for p in before.values() if p.id not in fresh_ids), fresh


def _save(
    connection: Connection, place: Mapping[str, str], packed: Mapping[int, bytes], touched: Instant
) -> None:
    """Replace these chunks of the group that `place` names by its key columns."""
    if not packed:
        return
    chunk = tables.group_chunk
    same = [chunk.c[name] == value for name, value in place.items()]
    connection.execute(delete(chunk).where(*same, chunk.c.chunk.in_(packed)))
    rows = [
        {**place, "chunk": number, "touched": touched, "payload": payload}
        for number, payload in packed.items()
    ]
    connection.execute(insert(chunk), rows)


def _pack(values: Mapping[str, str], points: Sequence[Point]) -> bytes:
    owners = {owner: number for number, owner in enumerate({point.owner for point in points})}
    row = [
        dict(values),
        [[owner.operator, owner.affected, owner.zone, owner.level] for owner in owners],
        [_row(point, owners[point.owner]) for point in sorted(points)],
    ]
    return zlib.compress(orjson.dumps(row), 1)


def _row(point: Point, owner: int) -> list[Any]:
    more = [point.values, point.carried] if point.values or point.carried else []
    return [point.time, point.id, point.steps, owner, *more]


def _unpack(payload: bytes) -> tuple[dict[str, str], list[Point]]:
    values, owner_rows, rows = orjson.loads(zlib.decompress(payload))
    owners = [Owner(one[0], tuple(one[1]), one[2], one[3]) for one in owner_rows]
    return values, [_point(row, owners) for row in rows]


def _point(row: list[Any], owners: Sequence[Owner]) -> Point:
    time, id_, steps, owner, *more = row
    if not more:
        return Point(time, id_, steps, owners[owner])
    values, carried = more
    return Point(time, id_, steps, owners[owner], tuple(values), tuple(map(tuple, carried)))


def expire(
    connection: Connection, correlations: Iterable[Correlation], now: Instant
) -> list[tuple[Correlation, str, list[Point]]]:
    """Forget chunks that nothing touched for long; what was forgotten, for the episodes' counts.

    Chunks of rules that are gone or were edited are forgotten without a word.
    """
    chunk, due = tables.group_chunk, tables.due
    oldest = connection.execute(select(func.min(chunk.c.touched))).scalar_one()
    if oldest is None or oldest >= now - RETENTION:
        return []
    current = {one.card.hash: one for one in correlations}
    gone = chunk.c.rule_hash.not_in(current) & (chunk.c.touched < now - RETENTION)
    connection.execute(delete(chunk).where(gone))
    stale = due.c.rule_hash.not_in(current) & (due.c.at < now - RETENTION)
    connection.execute(delete(due).where(stale))
    forgotten = []
    for hash_, correlation in current.items():
        before = now - RETENTION - correlation.timespan
        old = (chunk.c.rule_hash == hash_) & (chunk.c.touched < before)
        rows = connection.execute(select(chunk.c.group_id, chunk.c.payload).where(old)).all()
        forgotten += [(correlation, row.group_id, _unpack(row.payload)[1]) for row in rows]
        if rows:
            connection.execute(delete(chunk).where(old))
    return forgotten
