"""`haidang alerts`: what was found, in Vietnamese and English."""

from pathlib import Path

import click

from alerts.display import to_json, to_table
from alerts.listing import Order, list_alerts, list_evidence
from app import config, wiring
from app.commands import CONFIG
from haidang.store.inventory import Inventory


@click.command()
@CONFIG
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="A table for people, or one JSON object a line.",
)
@click.option(
    "--unit", "units", multiple=True, help="Only what this unit may see; may be repeated."
)
@click.option(
    "--order",
    type=click.Choice(["newest", "level"]),
    default="newest",
    show_default=True,
    help="The last raised first, or the highest level first.",
)
@click.option("--superseded", is_flag=True, help="Also alerts that a later one absorbed.")
@click.option(
    "--detail", is_flag=True, help="Also the rule, its ATT&CK techniques and the first steps."
)
@click.option("--evidence", "proof", is_flag=True, help="Also the copied events with their hashes.")
def command(  # noqa: PLR0913, PLR0917 - click gives each option as an argument
    config_path: Path,
    form: str,
    units: tuple[str, ...],
    order: Order,
    superseded: bool,
    detail: bool,
    proof: bool,
) -> None:
    """List alerts: level, time, unit, and the sentence that says what happened."""
    settings = config.load(config_path)
    inventory = Inventory.load(settings.inventory)
    with wiring.open_stores(settings) as soc:
        scope = wiring.units_scope(settings, inventory, units) if units else soc.scope
        found = list_alerts(soc.database, scope, order=order, superseded=superseded)
        copies = {one.id: list_evidence(soc.database, scope, one.id) for one in found if proof}
        if not found and form == "table":
            click.echo("Chưa có cảnh báo · no alerts")
        elif form == "json":
            for alert in found:
                click.echo(to_json(alert, copies.get(alert.id)))
        else:
            click.echo(to_table(found, inventory, copies, detail), nl=False)
