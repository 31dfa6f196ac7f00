"""`haidang rules status` and `show`: which rules are on, in trial or off, and why."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from alerts.display import json_line
from app import config, wiring
from app.commands import CONFIG
from app.rule_modes import SiteModes
from app.rulesets import cards
from app.schedule import receive_clock
from correlator.tally import Tally, tallies
from haidang.errors import InputError, Problem
from haidang.model.detection import LEVELS, Card
from haidang.model.instant import Instant, to_iso, to_local
from rules.modes import MODES, Mode

_NONE = Tally()


@dataclass(frozen=True, slots=True)
class Line:
    """One rule with all that is shown of it."""

    card: Card
    file: str
    origin: str
    mode: Mode
    reason: str
    reach: str
    tally: Tally

    def row(self) -> str:
        """For a list: mode, level, matches, name, title, reason."""
        card, tally = self.card, self.tally
        counted = f"{tally.today:>7} {tally.week:>8}  {_clock(tally.last):16}"
        author = f" [{card.author}]" if card.author else ""
        return (
            f"{self.mode:5} {card.level:13} {card.status or '-':12} {counted}  {card.name}  "
            f"{card.title} — {self.reason}{author}"
        )

    def fields(self) -> dict[str, Any]:
        """For programs."""
        return {
            "id": self.card.id,
            "name": self.card.name,
            "title": self.card.title,
            "author": self.card.author,
            "level": self.card.level,
            "status": self.card.status,
            "tags": list(self.card.tags),
            "from": self.origin,
            "file": self.file,
            "mode": self.mode,
            "reason": self.reason,
            "reach": self.reach,
            "matches_today": self.tally.today,
            "matches_7_days": self.tally.week,
            "last_match": to_iso(self.tally.last) if self.tally.last else None,
            "examples": list(self.tally.examples),
        }


def _clock(at: Instant) -> str:
    return to_local(at).strftime("%d/%m/%Y %H:%M") if at else "-"


def site_lines(config_path: Path, now: Instant) -> list[Line]:
    """Every rule of the site, the highest level first. Raises InputError, Unavailable."""
    with wiring.open_modes(config.load(config_path), now) as one:
        with one.database.reading() as connection:
            counted = tallies(connection, now)
        found = cards(one.site.rules)
        lines = [_line(file, card, one.modes, counted) for file, card in found]
    return sorted(lines, key=_rank)


def _line(file: str, card: Card, modes: SiteModes, counted: Mapping[str, Tally]) -> Line:
    facts, decision = modes.facts[card.id], modes.decisions[card.id]
    return Line(
        card=card,
        file=file,
        origin=facts.origin,
        mode=decision.mode,
        reason=decision.reason,
        reach=str(facts.reach),
        tally=counted.get(card.id, _NONE),
    )


def _rank(line: Line) -> tuple[int, int, str]:
    return MODES.index(line.mode), -LEVELS.index(line.card.level), line.card.name


@click.command()
@CONFIG
@click.option("--all", "every", is_flag=True, help="A line for each rule.")
@click.option("--mode", type=click.Choice(MODES), help="Only the rules of this mode, each a line.")
@click.option("--set", "origin", help="Only the rules of this set, each a line; or haidang, site.")
@click.option("--matched", is_flag=True, help="Only what matched within seven days, each a line.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def status(  # noqa: PLR0913, PLR0917 - click gives each option as an argument
    config_path: Path,
    every: bool,
    mode: Mode | None,
    origin: str | None,
    matched: bool,
    as_json: bool,
) -> None:
    """Say how many rules are on, in trial and off; with an option, each with the reason.

    As the settings and stores are now; a running `haidang correlate` keeps the modes of its start.
    """
    lines = site_lines(config_path, receive_clock())
    shown = [
        one
        for one in lines
        if mode in {None, one.mode}
        and origin in {None, one.origin}
        and (one.tally.week or not matched)
    ]
    if as_json:
        for one in shown:
            click.echo(json_line(one.fields()))
        return
    for text in totals(lines):
        click.echo(text)
    if every or mode or origin or matched:
        click.echo(f"{'mode':5} {'level':13} {'status':12} {'today':>7} {'7 days':>8}  last match")
        for one in shown:
            click.echo(one.row())


def totals(lines: list[Line]) -> Iterator[str]:
    """How many of each mode: of all, then of each origin."""
    every = Counter(one.mode for one in lines)
    yield "rules: " + " ".join(f"{mode}={every[mode]}" for mode in MODES)
    for origin in sorted({one.origin for one in lines}):
        mine = Counter(one.mode for one in lines if one.origin == origin)
        yield f"  {origin}: " + " ".join(f"{mode}={mine[mode]}" for mode in MODES)


@click.command()
@CONFIG
@click.argument("rule")
def show(config_path: Path, rule: str) -> None:
    """Say all about RULE, by its id or name: author, mode and reason, sources, last events."""
    lines = site_lines(config_path, receive_clock())
    for one in lines:
        if rule in {one.card.id, one.card.name}:
            break
    else:
        raise InputError([Problem(rule, 0, "", "no rule that loaded has this id or name")])
    for name, value in one.fields().items():
        text = ", ".join(value) if isinstance(value, list) else value
        click.echo(f"{name:14}  {text if text not in (None, '') else '-'}")
    for text in one.card.falsepositives.get("en", ()):
        click.echo(f"{'false positive':14}  {text}")


COMMANDS = (status, show)
