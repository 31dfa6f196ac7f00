"""`haidang rules fires`: which rules can never fire on what this site sends, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from alerts.display import json_line
from app import config, wiring
from app.commands import CONFIG
from app.providers import seen_providers
from app.schedule import receive_clock
from rules.modes import Facts

_SHOWN = 15


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that can never fire for one reason: log source by log source, or field by field."""

    reason: str
    detail: str
    rules: tuple[str, ...]


@click.command()
@CONFIG
@click.option("--set", "origin", help="Only rules of this set; or haidang, site.")
@click.option("--all", "every", is_flag=True, help="Every group, with the ids of its rules.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def fires(config_path: Path, origin: str | None, every: bool, as_json: bool) -> None:
    """Say how many rules can fire on the sources of this site, and why the others never can.

    Sources are the configured inputs, and what the collector of this folder has indexed.
    """
    settings = config.load(config_path)
    seen = [one.name for one in seen_providers(settings, wiring.ledger(settings))]
    with wiring.open_modes(settings, receive_clock()) as one:
        facts = [each for each in one.modes.facts.values() if origin in {None, each.origin}]
    never = grouped(facts)
    able = len(facts) - sum(len(group.rules) for group in never)
    if as_json:
        fields = [{"reason": g.reason, "detail": g.detail, "rules": list(g.rules)} for g in never]
        total = {"seen": seen, "rules": len(facts), "can_fire": able, "never": fields}
        click.echo(json_line(total))
        return
    click.echo(f"sources seen: {', '.join(seen) or 'none'}")
    click.echo(f"rules={len(facts)} can_fire={able} never={len(facts) - able}")
    for reason in dict.fromkeys(group.reason for group in never):
        _tell(reason, [group for group in never if group.reason == reason], every=every)


def grouped(facts: Iterable[Facts]) -> list[Group]:
    """The rules that can never fire, by reason and detail; the largest groups first."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in facts:
        if not one.reach.providers:
            found.setdefault((one.reach.reason, one.reach.detail), []).append(one.card.id)
    groups = [Group(*key, tuple(sorted(rules))) for key, rules in found.items()]
    return sorted(groups, key=lambda group: (group.reason, -len(group.rules), group.detail))


def _tell(reason: str, groups: list[Group], *, every: bool) -> None:
    click.echo(f"{reason}: {sum(len(group.rules) for group in groups)}")
    for group in groups if every else groups[:_SHOWN]:
        click.echo(f"{len(group.rules):>6}  {group.detail}")
        for rule in group.rules if every else ():
            click.echo(f"        {rule}")
    if len(groups) > _SHOWN and not every:
        rest = sum(len(group.rules) for group in groups[_SHOWN:])
        click.echo(f"{rest:>6}  for {len(groups) - _SHOWN} more reasons; --all names them")


COMMANDS = (fires,)
