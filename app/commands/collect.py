"""`haidang collect`: read the inputs into the event store."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from app import config, wiring
from app.commands import CONFIG
from app.schedule import every, receive_clock
from collectors.ledger import Counts, Report
from haidang.model.instant import Instant


@click.command()
@CONFIG
@click.option("--once", is_flag=True, help="Read what is there now and end.")
def command(config_path: Path, once: bool) -> None:
    """Read new records of every input, turn them into events, and store them.

    Without --once this goes on every second. A record that cannot become an event goes to
    quarantine.ndjson in data_dir, masked, with its reason and position.
    """
    settings = config.load(config_path)
    with wiring.open_collecting(settings) as collecting:
        if not once:
            every(1, news(collecting.run_once))
            return
        report = collecting.run_once(receive_clock())
        show(report, quiet=False)
    raise SystemExit(1 if report.stopped else 0)


def news(run: Callable[[Instant], Report]) -> Callable[[Instant], None]:
    """Passes that say each trouble when it begins, not every second while it lasts."""
    said: frozenset[str] = frozenset()

    def step(now: Instant) -> None:
        nonlocal said
        report = run(now)
        warnings = tuple(one for one in report.warnings if one not in said)
        stopped = "" if report.stopped in said else report.stopped
        said = frozenset((*report.warnings, report.stopped))
        show(replace(report, warnings=warnings, stopped=stopped), quiet=True)

    return step


def show(report: Report, quiet: bool) -> None:
    """The ledger of this pass and since the first start; with `quiet` only if something came."""
    for warning in report.warnings:
        click.echo(f"warning: {warning}", err=True)
    if report.stopped:
        click.echo(f"stopped: {report.stopped}", err=True)
    if report.run.read or report.run.derived or not quiet:
        click.echo(f"this pass: {counts_line(report.run)}")
        click.echo(f"in all:    {counts_line(report.totals)}")


def counts_line(counts: Counts) -> str:
    """The conservation law in figures; derived events and unresolved owners apart."""
    line = (
        f"events={counts.read} indexed={counts.indexed} quarantined={counts.quarantined} "
        f"dropped={counts.dropped.total()} derived={counts.derived}"
    )
    if not counts.balanced:
        line += " DOES NOT ADD UP"
    unresolved = " ".join(f"{kind}:{number}" for kind, number in sorted(counts.unresolved.items()))
    return f"{line} unresolved={unresolved}" if unresolved else line
