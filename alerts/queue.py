"""Reading the queue: groups of alerts in order of urgency, filtered, page after page.

Each read takes a scope and enforces it in SQL. Pages go on behind the last row's own values, so a
late page costs what the first one does, and no row is skipped or seen twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import orjson
from sqlalchemy import ColumnElement, Connection, Integer, Row, func, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from alerts.grouping import CURSOR, OPEN
from haidang.model.detection import LEVELS
from haidang.model.fold import plain
from haidang.model.instant import Instant
from haidang.model.scope import Scope
from haidang.store.state import tables
from haidang.store.state.database import Database, read_cursor

Order: TypeAlias = Literal["severity", "waiting", "newest"]
_GROUP, _UNIT = tables.alert_group, tables.alert_group_unit
_ORDERS: Mapping[Order, tuple[str, ...]] = {
    "severity": ("rank", "system_level", "activity", "id"),
    "waiting": ("raised", "id"),
    "newest": ("activity", "id"),
}
ORDERS = tuple(_ORDERS)
_LAST = 2**63 - 1  # of what a database can compare
_NEWS = 1000  # more than a page could name one by one


class Holds(GenericFunction[int]):
    """Where in a text another stands, 0 for nowhere: many times as fast as LIKE on SQLite."""

    type = Integer()
    inherit_cache = True


@compiles(Holds, "sqlite")
def _instr(element: Holds, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(Holds, "postgresql")
def _strpos(element: Holds, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks for; empty values leave a question open.

    `attack` is a technique (its sub-techniques too) or tactic id, `unit` an operator or affected
    unit, `since` and `until` bound the events (since <= last, first < until). Every word of `text`
    must occur in the title, sentences, entity or units; case and accents do not matter.
    """

    levels: frozenset[str] = frozenset()
    unit: str = ""
    rule: str = ""
    attack: str = ""
    text: str = ""
    since: Instant | None = None
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One row of the queue.

    `first` and `last` are times of events, `raised` (of the first alert) and `activity` are times
    of the receive clock; `entity` maps group-by fields to values made harmless; `newest` is the
    last raised alert, whose level, title and sentences these are.
    """

    id: str
    rule: str
    title: str
    level: str
    system_level: int
    zone: str
    entity: Mapping[str, str]
    operators: tuple[str, ...]
    affected: tuple[str, ...]
    first: Instant
    last: Instant
    raised: Instant
    activity: Instant
    alerts: int
    events: int
    newest: str
    sentences: Mapping[str, str]
    techniques: tuple[str, ...]
    tactics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Groups in order; `after` leads to the next page, "" where there is none.

    `levels` counts what the filter leaves by level, whichever levels are asked for; `position` is
    where news begins that this page does not show.
    """

    groups: tuple[Group, ...]
    after: str
    levels: Mapping[str, int]
    position: int


@dataclass(frozen=True, slots=True)
class News:
    """Ids of groups that came or changed after a position, and the position after them."""

    position: int
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def read_page(  # noqa: PLR0913, PLR0917 - who, what, in which order, from where, how many
    database: Database,
    scope: Scope,
    wanted: Wanted,
    order: Order = "severity",
    after: str = "",
    limit: int = 50,
) -> Page:
    """Visible open groups in order. Raises ValueError (`after` is no place), Unavailable."""
    chosen = _chosen(scope, wanted)
    columns = [_GROUP.c[name] for name in _ORDERS[order]]
    query = select(_GROUP).where(*chosen, *_levels(wanted)).limit(limit + 1)
    query = query.order_by(*(one if order == "waiting" else one.desc() for one in columns))
    if after:
        passed, last = tuple_(*columns), tuple_(*_place(after, len(columns)))
        query = query.where(passed > last if order == "waiting" else passed < last)
    with database.reading() as connection:
        rows = connection.execute(query).all()
        counted = select(_GROUP.c.rank, func.count()).where(*chosen).group_by(_GROUP.c.rank)
        ranks = {row[0]: row[1] for row in connection.execute(counted)}
        position = _position(connection)
    more = _place_of(rows[limit - 1], order) if len(rows) > limit else ""
    levels = {level: ranks.get(rank, 0) for rank, level in reversed(list(enumerate(LEVELS)))}
    return Page(tuple(map(_to_group, rows[:limit])), more, levels, position)


def read_news(database: Database, scope: Scope, wanted: Wanted, position: int) -> News:
    """Visible groups of this choice that came or changed since; at most 1000 of them.

    Raises Unavailable.
    """
    with database.reading() as connection:
        now = _position(connection)
        if now <= position:
            return News(now)
        query = select(_GROUP.c.id, _GROUP.c.born).where(
            _GROUP.c.change > position, *_chosen(scope, wanted), *_levels(wanted)
        )
        rows = connection.execute(query.order_by(_GROUP.c.change, _GROUP.c.id).limit(_NEWS)).all()
    new = tuple(row.id for row in rows if row.born > position)
    return News(now, new, tuple(row.id for row in rows if row.born <= position))


def get_group(database: Database, scope: Scope, group: str) -> Group | None:
    """One visible group; None where there is none or it is not visible, alike."""
    query = select(_GROUP).where(_GROUP.c.id == group, *_visible(scope))
    with database.reading() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else _to_group(row)


def _position(connection: Connection) -> int:
    return int(read_cursor(connection, CURSOR) or 0)


def _place(after: str, length: int) -> list[int | str]:
    *numbers, id_ = after.split(".")
    place = [int(one) for one in numbers]
    if len(numbers) != length - 1 or any(abs(one) > _LAST for one in place):
        raise ValueError("not a place in this order")
    return [*place, id_]


def _place_of(row: Row[Any], order: Order) -> str:
    return ".".join(str(row._mapping[name]) for name in _ORDERS[order])  # noqa: SLF001 - SQLAlchemy's documented name


def _visible(scope: Scope) -> list[ColumnElement[bool]]:
    if scope.units is None:
        return []
    own = _UNIT.c.unit.in_(sorted(scope.units))
    return [_GROUP.c.id.in_(select(_UNIT.c.group).where(own, _UNIT.c.reads == 1))]


def _levels(wanted: Wanted) -> list[ColumnElement[bool]]:
    ranks = [rank for rank, level in enumerate(LEVELS) if level in wanted.levels]
    return [_GROUP.c.rank.in_(ranks)] if wanted.levels else []


def _chosen(scope: Scope, wanted: Wanted) -> list[ColumnElement[bool]]:
    """What every row must fulfil, levels apart."""
    asked = [_GROUP.c.state == OPEN, *_visible(scope)]
    if wanted.unit:
        concerned = select(_UNIT.c.group).where(_UNIT.c.unit == wanted.unit)
        asked.append(_GROUP.c.id.in_(concerned))
    if wanted.rule:
        asked.append(_GROUP.c.rule == wanted.rule)
    if wanted.attack:
        asked.append(_GROUP.c.attack.contains(f" {wanted.attack.upper()}", autoescape=True))
    if wanted.since is not None:
        asked.append(_GROUP.c.last >= wanted.since)
    if wanted.until is not None:
        asked.append(_GROUP.c.first < wanted.until)
    words = plain(wanted.text).split()
    return asked + [Holds(_GROUP.c.search, word) > 0 for word in words]


def _to_group(row: Row[Any]) -> Group:
    details = orjson.loads(row.details)
    return Group(
        id=row.id,
        rule=row.rule,
        title=row.title,
        level=row.level,
        system_level=row.system_level,
        zone=row.zone,
        entity=details["entity"],
        operators=tuple(details["operators"]),
        affected=tuple(details["affected"]),
        first=row.first,
        last=row.last,
        raised=row.raised,
        activity=row.activity,
        alerts=row.alerts,
        events=row.events,
        newest=row.newest,
        sentences=details["sentences"],
        techniques=tuple(details["techniques"]),
        tactics=tuple(details["tactics"]),
    )
