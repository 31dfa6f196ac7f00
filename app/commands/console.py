"""`haidang console`: the pages for people, on one address."""

from contextlib import ExitStack
from pathlib import Path

import click

from app import config
from app.commands import CONFIG
from app.console import bound, open_console, serve, stoppable, waited
from app.schedule import receive_clock
from dashboards.app import create_app


@click.command()
@CONFIG
def command(config_path: Path) -> None:
    """Show the queue of alerts, what is not seen, and the rules, on `console.listen`.

    It goes on until it is stopped; while its servers are away it waits for them and says so once.
    """
    settings = config.load(config_path)
    listen = settings.console.listen
    with stoppable(), bound(listen) as own, ExitStack() as stack:
        console = waited(lambda: open_console(settings, receive_clock, stack))
        click.echo(f"console: http://{listen}")
        serve(create_app(console), own)
