"""`haidang health`: which sources are heard, which fell silent, whose line is down."""

from collections.abc import Iterator
from pathlib import Path

import click

from alerts.wording import clean
from app import config, wiring
from app.calendars import site_calendar
from app.commands import CONFIG
from correlator.health import Health
from dashboards.health import sentence, site_health
from haidang.model.instant import Instant, to_local
from haidang.store.inventory import Inventory


@click.command()
@CONFIG
@click.option(
    "--unit", "units", multiple=True, help="Only what this unit may see; may be repeated."
)
def command(config_path: Path, units: tuple[str, ...]) -> None:
    """Say which sources are heard, which fell silent, and whose line is or was down.

    As of the last evaluation; what ended more than a day before it is left out.
    """
    settings = config.load(config_path)
    inventory = Inventory.load(settings.inventory)
    calendar = site_calendar(settings, inventory)
    with wiring.open_stores(settings) as one:
        scope = wiring.units_scope(settings, inventory, units) if units else one.scope
        health = site_health(one.database, scope, inventory, calendar)
    for line in (*finding_lines(health, inventory), *source_lines(health, inventory)):
        click.echo(line)


def finding_lines(health: Health, inventory: Inventory) -> Iterator[str]:
    """What was found, newest first, each with an English line; then what is not seen at all."""
    for finding in health.findings:
        for language, indent in (("vi", ""), ("en", "  ")):
            yield indent + clean_line(sentence(finding, health, inventory, language))
    if health.blind:
        names = ", ".join(map(inventory.unit_name, health.blind))
        yield f"Chưa đủ dữ liệu · not enough data: {clean_line(names)}"


def source_lines(health: Health, inventory: Inventory) -> Iterator[str]:
    """A line for each source."""
    yield f"as of {_clock(health.as_of)}: {len(health.sources)} sources"
    for one in health.sources:
        usual = "-" if one.usual is None else f"{one.usual} min"
        silent = f" since {_clock(one.silence.start)}" if one.silence else ""
        yield (
            f"{one.state}{silent}  last {_clock(one.source.last)}  usual {usual}  "
            f"today {one.today}  {one.source.dataset}  {clean(one.source.host)}  "
            f"{clean(inventory.unit_name(one.unit))}"
        )


def clean_line(text: str) -> str:
    """A sentence made of several values, each of which may be hostile."""
    return " ".join(clean(word) for word in text.split(" "))


def _clock(at: Instant) -> str:
    return to_local(at).strftime("%d/%m/%Y %H:%M") if at else "-"
