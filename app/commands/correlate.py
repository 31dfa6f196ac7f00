"""`haidang correlate`: match rules, correlate in event time, raise alerts."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path

import click

from app import config, wiring
from app.commands import CONFIG
from app.schedule import every, receive_clock
from haidang.errors import Superseded, Unavailable
from haidang.model.instant import Instant


@click.command()
@CONFIG
@click.option("--once", is_flag=True, help="Take the feed up to now and end.")
def command(config_path: Path, once: bool) -> None:
    """Match rules on new events, correlate, and raise alerts.

    Without --once this goes on every `interval_secs`: never two runs at a time, and after a pause
    everything that came meanwhile is taken.
    """
    settings = config.load(config_path)
    with ExitStack() as stack:
        run = opened(partial(wiring.open_soc, settings), stack)
        if once:
            click.echo(run(receive_clock()).line())
            return
        every(settings.interval_secs, news(run))


def opened(
    open_soc: Callable[[Instant], AbstractContextManager[wiring.Soc]], stack: ExitStack
) -> Callable[[Instant], wiring.Pass]:
    """Runs of a centre that the first one which finds its servers opens; `stack` closes it."""
    soc: wiring.Soc | None = None

    def run(now: Instant) -> wiring.Pass:
        nonlocal soc
        if soc is None:
            soc = stack.enter_context(open_soc(now))
            for warning in soc.warnings():
                click.echo(warning, err=True)
        return soc.correlate(now)

    return run


def news(run: Callable[[Instant], wiring.Pass]) -> Callable[[Instant], None]:
    """Runs of which what another try may mend ends none; a trouble is said when it begins."""
    said = ""

    def step(now: Instant) -> None:
        nonlocal said
        trouble = ""
        try:
            click.echo(run(now).line())
        except (Superseded, Unavailable) as error:
            trouble = f"stopped: {error}; nothing is lost, the next run goes on from here"
        if trouble and trouble != said:
            click.echo(trouble, err=True)
        said = trouble

    return step
