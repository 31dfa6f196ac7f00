"""`haidang coverage`: which time was evaluated, and what became of every record."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from app import config, wiring
from app.commands import CONFIG
from app.commands.collect import counts_line
from collectors.ledger import SourceCounts
from correlator import coverage
from correlator.coverage import Range
from haidang.model.instant import SECOND, Instant, to_local


@click.command()
@CONFIG
def command(config_path: Path) -> None:
    """Show which receive times of each source were evaluated, and by which set of rules.

    Then the ledger: what became of each framed record of each source. Then what was set aside.
    """
    settings = config.load(config_path)
    with wiring.open_stores(settings) as one:
        sources = {one.source: one for one in wiring.ledger(settings)}
        with one.database.reading() as connection:
            found = coverage.ranges(connection)
        for line in coverage_lines(found, sources):
            click.echo(line)
        for line in ledger_lines(sources.values()):
            click.echo(line)
        for rule, event, reason in wiring.set_aside(one.database):
            click.echo(f"set aside: rule {rule or '(unreadable event)'} on {event}: {reason}")


def coverage_lines(found: Iterable[Range], sources: Mapping[str, SourceCounts]) -> Iterator[str]:
    """A line for each range; time between two ranges of a source that nobody evaluated too."""
    yield f"{'from':19}  {'to':19}  {'events':>9}  {'worst lag':>11}  rule set  source"
    before: Range | None = None
    for one in found:
        name = sources[one.source].path if one.source in sources else one.source
        if before and before.source == one.source and before.end < one.start:
            yield f"{_clock(before.end)}  {_clock(one.start)}  NOT EVALUATED{' ' * 22}{name}"
        lag = duration(one.lag)
        times = f"{_clock(one.start)}  {_clock(one.end)}"
        yield f"{times}  {one.events:>9}  {lag:>11}  {one.rule_set[:8]}  {name}"
        before = one


def ledger_lines(sources: Iterable[SourceCounts]) -> Iterator[str]:
    """What became of the records of each source."""
    for one in sources:
        yield f"{one.dataset} {one.path}: {counts_line(one.counts)}"


def duration(span: Instant) -> str:
    """A length of time in its two largest units, or seconds."""
    minutes, seconds = divmod(span / SECOND, 60)
    hours, minutes = divmod(int(minutes), 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {int(seconds)} s" if minutes else f"{seconds:.1f} s"


def _clock(instant: Instant) -> str:
    return to_local(instant).strftime("%d/%m/%Y %H:%M:%S")
