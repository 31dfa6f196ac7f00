"""`haidang store`: make the stores, check them, and keep or drop what lies in them."""

import datetime as dt
from hashlib import sha256
from pathlib import Path

import click

from alerts.display import json_line
from app import config, retention, stores, wiring
from app.commands import CONFIG
from app.schedule import receive_clock
from haidang.model.event import Event
from haidang.model.instant import VIETNAM, from_datetime, to_iso
from haidang.store.inventory import Inventory

_CASE = click.argument("case")


@click.group()
def command() -> None:
    """Make, check and keep in order what the events and the state are stored in.

    In both profiles; see `haidang store COMMAND --help`.
    """


@command.command()
@CONFIG
@click.option("--force", is_flag=True, help="Replace a template that somebody else changed.")
def init(config_path: Path, *, force: bool) -> None:
    """Make what the stores need before their first use.

    Templates and tables (cluster) or files (embedded); doing it again changes nothing.
    """
    for line in stores.init(config.load(config_path), force=force):
        click.echo(line)


@command.command()
@CONFIG
def check(config_path: Path) -> None:
    """Say whether both stores are as they must be.

    Every problem is a line; none is `ok`. A warning names what merely costs time or room.
    """
    found = stores.check(config.load(config_path))
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    for problem in found.problems:
        click.echo(problem, err=True)
    if found.problems:
        raise SystemExit(1)
    click.echo(f"ok: {found.summary}")


@command.command()
@CONFIG
@click.option(
    "--level",
    type=click.IntRange(0, 5),
    required=True,
    help="Only events of systems of this level; 0 = of no known system.",
)
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    required=True,
    help="Only what was received before this day began (UTC+7).",
)
def drop(config_path: Path, level: int, before: dt.datetime) -> None:
    """Drop old events for ever.

    Whole segments or indices at a time, and never what the correlator has not matched yet;
    alerts keep their evidence and holds their events. The audit trail notes it before and after.
    """
    now = receive_clock()
    until = from_datetime(before.replace(tzinfo=VIETNAM))
    if until > now:
        raise click.BadParameter("is a day to come", param_hint="--before")
    with wiring.open_stores(config.load(config_path)) as one:
        events = retention.drop(one, level, until, now)
    click.echo(f"dropped: {events} events of level {level} received before {before:%Y-%m-%d}")


@command.command()
@CONFIG
@_CASE
@click.option("--alert", "alerts", multiple=True, help="Hold the events of its evidence; its id.")
@click.option("--event", "events", multiple=True, help="Hold the event with this id.")
def hold(config_path: Path, case: str, alerts: tuple[str, ...], events: tuple[str, ...]) -> None:
    """Copy events to the legal hold of CASE.

    Retention does not reach them there. What is held already stays as it is. Both options may
    be repeated.
    """
    if not alerts and not events:
        raise click.UsageError("name at least one --alert or --event")
    with wiring.open_stores(config.load(config_path)) as one:
        done = retention.hold(one, case, alerts, events, receive_clock())
    click.echo(f"held for {case}: {done.events} events, {done.new} of them new")
    if done.gone:
        click.echo(f"{done.gone} events are left only as their alert's evidence", err=True)


@command.command()
@CONFIG
@_CASE
@click.option(
    "--unit", "units", multiple=True, help="Only what this unit may see; may be repeated."
)
def held(config_path: Path, case: str, units: tuple[str, ...]) -> None:
    """List the events of CASE's legal hold.

    By time, a line of JSON each, with its SHA-256.
    """
    settings = config.load(config_path)
    with wiring.open_stores(settings) as one:
        scope = one.scope
        if units:
            scope = wiring.units_scope(settings, Inventory.load(settings.inventory), units)
        for event in one.store.held(scope, case):
            click.echo(event_line(event))


def event_line(event: Event) -> str:
    """An event as one line of JSON; `sha256` is over the bytes of its ECS document."""
    fields = {
        "event": event.id,
        "time": to_iso(event.time),
        "received": to_iso(event.received),
        "dataset": event.dataset,
        "operator": event.operator,
        "affected": event.affected,
        "system_level": event.level,
        "sha256": sha256(event.ecs).hexdigest(),
        "ecs": event.ecs.decode(),
    }
    return json_line(fields)
