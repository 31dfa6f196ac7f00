"""The rules as the correlator noted them: modes, reach, how often each matched and alerted."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeAlias, get_args

import orjson
from sqlalchemy import Connection, Row, func, select

from correlator.tally import Tally, tallies
from correlator.tick import evaluated
from haidang.model.detection import LEVELS
from haidang.model.fold import plain
from haidang.model.instant import Instant
from haidang.model.packing import by_language
from haidang.model.scope import Scope
from haidang.store.audit import Act, acts_on
from haidang.store.state import tables
from rules.modes import MODES

Order: TypeAlias = Literal["mode", "noise", "alerts", "name"]
ORDERS: tuple[Order, ...] = get_args(Order)
PAGE = 100
_NONE = Tally()
_LIGHT = tuple(one for one in tables.rule_card.c if one.name not in {"details", "search"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks for; empty: all. `blind` keeps rules that can never fire."""

    mode: str = ""
    level: str = ""
    origin: str = ""
    text: str = ""
    blind: bool = False
    order: Order = "mode"
    page: int = 1


@dataclass(frozen=True, slots=True)
class Backtest:
    """The last one of a rule's content as it was then."""

    at: Instant
    days: int
    alerts: int
    busiest: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `alerts` counts those that the reader may see, matches are everybody's.

    `today`, `week` and `last` are None for readers who do not see everybody's events.
    """

    id: str
    name: str
    title: str
    level: str
    status: str
    author: str
    origin: str
    file: str
    mode: str
    reason: str
    since: Instant
    reach: str
    fires: bool
    today: int | None
    week: int | None
    last: Instant | None
    alerts: int
    backtest: Backtest | None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A page of rules, `found` in all; how many of each mode and level there are among all."""

    wanted: Wanted
    evaluated: Instant
    figures: bool
    rules: tuple[Rule, ...]
    found: int
    pages: int
    modes: Mapping[str, int]
    origins: tuple[str, ...]
    blind: int


@dataclass(frozen=True, slots=True)
class RuleDetail:
    """All about one rule; `history` are the changes of its mode, the oldest first."""

    rule: Rule
    tags: tuple[str, ...]
    falsepositives: Mapping[str, tuple[str, ...]]
    sentences: Mapping[str, str]
    first_steps: Mapping[str, tuple[str, ...]]
    source: str
    examples: tuple[str, ...]
    history: tuple[Act, ...]
    evaluated: Instant


def asked(parameters: Mapping[str, str]) -> Wanted:
    """Read an address; what cannot be read is left out, so an old bookmark leads to a page."""
    said = {name: value.strip()[:200] for name, value in parameters.items()}
    mode, level = said.get("mode", ""), said.get("level", "")
    page = said.get("page", "")
    return Wanted(
        mode=mode if mode in MODES else "",
        level=level if level in LEVELS else "",
        origin=said.get("set", ""),
        text=said.get("q", ""),
        blind=said.get("blind") == "1",
        order=next((one for one in ORDERS if one == said.get("order")), ORDERS[0]),
        page=max(int(page), 1) if page.isascii() and page.isdigit() and len(page) < 5 else 1,
    )


def read_rulebook(connection: Connection, scope: Scope, wanted: Wanted, now: Instant) -> Rulebook:
    """The rules that are asked for. None is parsed, and only those of the page are read whole."""
    card, mode = tables.rule_card, tables.rule_mode
    kinds = (mode.c.mode, card.c.origin, card.c.fires)
    known = select(*kinds, func.count().label("rules")).join(card, card.c.rule == mode.c.rule)
    every = connection.execute(known.group_by(*kinds)).all()
    figures = _Figures.read(connection, scope, now)
    found = _ordered(_found(connection, wanted), wanted.order, figures)
    pages = max(-(-len(found) // PAGE), 1)
    page = min(wanted.page, pages)
    shown = found[(page - 1) * PAGE : page * PAGE]
    modes: Counter[str] = Counter()
    for row in every:
        modes[row.mode] += row.rules
    return Rulebook(
        wanted=replace(wanted, page=page),
        evaluated=evaluated(connection),
        figures=scope.units is None,
        rules=_rules(connection, shown, figures),
        found=len(found),
        pages=pages,
        modes={mode: modes[mode] for mode in MODES},
        origins=tuple(sorted({row.origin for row in every})),
        blind=sum(row.rules for row in every if not row.fires),
    )


def read_rule(connection: Connection, scope: Scope, id_: str, now: Instant) -> RuleDetail | None:
    """One rule by its id, None if there is none."""
    figures = _Figures.read(connection, scope, now)
    found = next(iter(_rules(connection, (id_,), figures)), None)
    if found is None:
        return None
    card = tables.rule_card
    packed = select(card.c.details).where(card.c.rule == id_)
    details = orjson.loads(connection.execute(packed).scalar_one())
    return RuleDetail(
        rule=found,
        tags=tuple(details["tags"]),
        falsepositives=by_language(details["falsepositives"]),
        sentences=details["sentences"],
        first_steps=by_language(details["first_steps"]),
        source=details["source"],
        examples=figures.tally(id_).examples,
        history=tuple(acts_on(connection, id_, "rule.")),
        evaluated=evaluated(connection),
    )


@dataclass(frozen=True, slots=True)
class _Figures:
    """How loud the rules are: their matches (None: not for this reader) and visible alerts."""

    tallies: Mapping[str, Tally] | None
    alerts: Mapping[str, int]

    @classmethod
    def read(cls, connection: Connection, scope: Scope, now: Instant) -> Self:
        return cls(
            tallies(connection, now) if scope.units is None else None, _alerts(connection, scope)
        )

    def tally(self, rule: str) -> Tally:
        return (self.tallies or {}).get(rule, _NONE)


def _found(connection: Connection, wanted: Wanted) -> Sequence[Row[str, str, str]]:
    """Id, mode and level of the rules that are asked for, by title."""
    card, mode = tables.rule_card, tables.rule_mode
    query = select(card.c.rule, mode.c.mode, card.c.level).join(mode, mode.c.rule == card.c.rule)
    for column, value in (
        (mode.c.mode, wanted.mode),
        (card.c.level, wanted.level),
        (card.c.origin, wanted.origin),
    ):
        query = query.where(column == value) if value else query
    for word in plain(wanted.text).split():
        query = query.where(card.c.search.contains(word, autoescape=True))
    if wanted.blind:
        query = query.where(card.c.fires == 0)
    return connection.execute(query.order_by(card.c.search, card.c.rule)).all()


def _ordered(found: Sequence[Row[str, str, str]], order: Order, figures: _Figures) -> Sequence[str]:
    """The ids in the order that is asked for; of equals, by title as they come."""
    ranks: Mapping[Order, Callable[[Any], tuple[int, ...]]] = {
        "mode": lambda row: (MODES.index(row.mode), -LEVELS.index(row.level)),
        "noise": lambda row: (-figures.tally(row.rule).week, -figures.tally(row.rule).today),
        "alerts": lambda row: (-figures.alerts.get(row.rule, 0),),
        "name": lambda _: (),
    }
    return [row.rule for row in sorted(found, key=ranks[order])]


def _rules(connection: Connection, ids: Sequence[str], figures: _Figures) -> tuple[Rule, ...]:
    """Rules whole, in the order of their ids; unknown ones are left out."""
    card, mode, backtest = tables.rule_card, tables.rule_mode, tables.rule_backtest
    tried = select(backtest).where(backtest.c.rule.in_(ids))
    last = {row.rule: row for row in connection.execute(tried)}
    query = select(*_LIGHT, mode.c.mode, mode.c.reason, mode.c.since)
    query = query.join(mode, mode.c.rule == card.c.rule).where(card.c.rule.in_(ids))
    rows = {row.rule: row for row in connection.execute(query)}
    return tuple(_rule(rows[id_], figures, last.get(id_)) for id_ in ids if id_ in rows)


def _rule(row: Any, figures: _Figures, tried: Row[Any] | None) -> Rule:
    tally = None if figures.tallies is None else figures.tally(row.rule)
    return Rule(
        id=row.rule,
        name=row.name,
        title=row.title,
        level=row.level,
        status=row.status,
        author=row.author,
        origin=row.origin,
        file=row.file,
        mode=row.mode,
        reason=row.reason,
        since=row.since,
        reach=row.reach,
        fires=bool(row.fires),
        today=tally.today if tally else None,
        week=tally.week if tally else None,
        last=tally.last if tally else None,
        alerts=figures.alerts.get(row.rule, 0),
        backtest=Backtest(tried.at, tried.days, tried.alerts, tried.busiest) if tried else None,
    )


def _alerts(connection: Connection, scope: Scope) -> Mapping[str, int]:
    """How many alerts each rule raised, of those that the reader may see."""
    alert, unit = tables.alert, tables.alert_unit
    query = select(alert.c.rule, func.count()).where(alert.c.superseded_by == "")
    if scope.units is not None:
        mine = select(unit.c.alert).where(unit.c.unit.in_(scope.units))
        query = query.where(alert.c.id.in_(mine))
    rows = connection.execute(query.group_by(alert.c.rule)).all()
    return {row[0]: row[1] for row in rows}
