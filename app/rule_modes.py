"""The mode of each rule of a site: facts gathered from settings and stores, decisions, changes.

`rules/modes.py` decides. The correlator notes what it runs with in `rule_mode`, and every change in
the audit trail.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, delete, insert, select

from app.rule_cards import keep_cards
from app.rulesets import OURS, SITE, SiteRules, cards
from app.settings import Config, RuleModeSettings
from haidang.model.ids import make_id
from haidang.model.instant import DAY, VIETNAM, Instant, from_datetime
from haidang.store.audit import record
from haidang.store.state import tables
from haidang.store.state.database import Database, move_cursor, read_cursor
from rules.fields import FieldMap
from rules.modes import MODES, Choice, Decision, Facts, Kind, Proof, Tried, choose, decide_all
from rules.packs import load_pack, packs_by_rule
from rules.reach import Provider, Reach, reach, reach_of_correlation
from rules.rule import RuleSet

ACTOR = "system:correlator"

# (mode, reason) by rule id, and the rows that stand.
_Rows: TypeAlias = Mapping[str, tuple[str, str]]
_Known: TypeAlias = Mapping[str, Row[Any]]


@dataclass(frozen=True, slots=True)
class SiteModes:
    """By rule id: what is known, and what follows from it."""

    facts: Mapping[str, Facts]
    decisions: Mapping[str, Decision]

    def of(self, mode: str) -> frozenset[str]:
        """The rules of one mode."""
        return frozenset(id_ for id_, one in self.decisions.items() if one.mode == mode)


def site_modes(
    settings: Config,
    site: SiteRules,
    reached: Mapping[str, Reach],
    database: Database,
    now: Instant,
) -> SiteModes:
    """The modes of all rules as of `now`. Raises InputError (packs), Unavailable."""
    packs = packs_by_rule([load_pack(name) for name in settings.packs])
    choices = site_choices(settings)
    tried = backtests(database)
    facts = {}
    for file, card in cards(site.rules):
        origin = site.origins[card.id]
        facts[card.id] = Facts(
            card=card,
            origin=origin,
            own=origin in {OURS, SITE},
            reach=reached[card.id],
            packs=packs.get(card.id, ()),
            choice=choose(choices, card, origin, now),
            tried=tried.get((card.id, card.hash)),
            file=file,
        )
    proof = Proof(settings.rule_days, settings.rule_budget)
    return SiteModes(facts, decide_all(site.rules, facts, proof))


def site_choices(settings: Config) -> list[Choice]:
    """The choices of `rule_modes`; one holds to the end of its last day in Vietnam."""
    return [
        Choice(kind, name, one.mode, one.reason, _end_of(one.until) if one.until is not None else 0)
        for one in settings.rule_modes
        for kind, name in named(one)
    ]


def named(one: RuleModeSettings) -> Iterator[tuple[Kind, str]]:
    """What an entry of `rule_modes` is about; the configuration sees that it is one thing."""
    pairs: tuple[tuple[Kind, str], ...] = (("rule", one.rule), ("tag", one.tag), ("set", one.set))
    yield from (pair for pair in pairs if pair[1])


def idle_choices(settings: Config, site: SiteRules) -> Iterator[str]:
    """Choices that name no rule of this site: a misspelt one would turn nothing off."""
    known = [(card, site.origins[card.id]) for _, card in cards(site.rules)]
    for written, one in zip(settings.rule_modes, site_choices(settings), strict=True):
        if not any(choose([one], card, origin, 0) for card, origin in known):
            file, line = written.place
            yield f"{file}:{line}: rule_modes: no rule here has the {one.kind} {one.name!r}"


def reaches(rules: RuleSet, providers: tuple[Provider, ...], fields: FieldMap) -> dict[str, Reach]:
    """Whether each rule and correlation can fire on these providers."""
    found = {one.card.id: reach(one, providers, fields) for one in rules.rules}
    waiting = {one.card.id: one for one in rules.correlations}
    while waiting:  # references lead to rules that loaded, and never in a circle
        ready = [one for one in waiting.values() if not waiting.keys() & set(one.rules)]
        for one in ready:
            found[one.card.id] = reach_of_correlation(one, found)
            del waiting[one.card.id]
    return found


def backtests(database: Database) -> dict[tuple[str, str], Tried]:
    """The last backtest of each rule, by id and hash of its content."""
    with database.reading() as connection:
        rows = connection.execute(select(tables.rule_backtest)).all()
    return {(row.rule, row.rule_hash): Tried(row.days, row.alerts, row.busiest) for row in rows}


def note_modes(database: Database, modes: SiteModes, at: Instant) -> None:
    """Keep the rules and modes that the correlator works with; each change is in the audit trail.

    Rules that are new or gone are counted there, not listed.
    """
    rows = {id_: (one.mode, one.reason) for id_, one in modes.decisions.items()}
    digest = make_id(*(part for id_ in sorted(rows) for part in (*rows[id_], *_said(modes, id_))))
    with database.reading() as connection:
        before = read_cursor(connection, "rule_mode")
    if digest == before:
        return
    with database.transaction("rule_mode") as connection:
        move_cursor(connection, "rule_mode", before, digest)
        known = {row.rule: row for row in connection.execute(select(tables.rule_mode))}
        _replace(connection, rows, known, at)
        keep_cards(connection, modes.facts.values())
        _tell(connection, rows, known, at)


def _said(modes: SiteModes, id_: str) -> tuple[str, ...]:
    """What a card says beyond the mode."""
    facts = modes.facts[id_]
    return id_, facts.card.hash, facts.origin, facts.file, str(facts.reach)


def _replace(connection: Connection, rows: _Rows, known: _Known, at: Instant) -> None:
    """Write the rows anew; a mode that stays keeps its `since`."""
    connection.execute(delete(tables.rule_mode))
    kept = {id_: row.since for id_, row in known.items() if rows.get(id_, ("", ""))[0] == row.mode}
    new = [
        {"rule": id_, "mode": mode, "reason": why, "since": kept.get(id_, at)}
        for id_, (mode, why) in rows.items()
    ]
    connection.execute(insert(tables.rule_mode), new)


def _tell(connection: Connection, rows: _Rows, known: _Known, at: Instant) -> None:
    """The audit rows of what changed."""
    for id_ in sorted(rows.keys() & known.keys()):
        (mode, why), old = rows[id_], known[id_].mode
        if mode != old:
            detail = {"mode": mode, "before": old, "reason": why}
            record(connection, at, ACTOR, "rule.mode", id_, detail)
    if rows.keys() != known.keys():
        new = Counter(rows[id_][0] for id_ in rows.keys() - known.keys())
        counts: dict[str, object] = {mode: new[mode] for mode in MODES}
        detail = {**counts, "gone": len(known.keys() - rows.keys())}
        record(connection, at, ACTOR, "rules.loaded", "rules", detail)


def _end_of(day: dt.date) -> Instant:
    midnight = dt.datetime.combine(day, dt.time(), VIETNAM)
    return from_datetime(midnight) + DAY
