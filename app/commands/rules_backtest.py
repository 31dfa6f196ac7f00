"""`haidang rules backtest`: what the rules of imported sets would have raised on stored events."""

from pathlib import Path

import click

from app import backtest as tests
from app import config, wiring
from app.commands import CONFIG
from app.schedule import receive_clock
from haidang.model.instant import DAY


@click.command()
@CONFIG
@click.option(
    "--days",
    type=click.IntRange(1, 400),
    default=7,
    show_default=True,
    help="How many days back the events may lie.",
)
def backtest(config_path: Path, days: int) -> None:
    """Try on stored events the rules of sets that could be on, and keep the result.

    Those are the rules that can fire, of status test or stable and level high or critical. One
    of which no day showed more alerts than `rule_budget`, on at least `rule_days` days with events,
    is on from the correlator's next start; editing it takes that back. Correlations are not tried.
    """
    settings, now = config.load(config_path), receive_clock()
    with wiring.open_modes(settings, now) as modes:
        done = tests.run(modes, tests.candidates(modes), now - days * DAY, now + 1)
        tests.keep(modes, done, now)
    over = [one for one in done.outcomes if one.busiest > settings.rule_budget]
    for one in sorted(done.outcomes, key=lambda one: (-one.busiest, one.rule.card.name)):
        if one.alerts:
            mark = "over" if one.busiest > settings.rule_budget else "ok"
            card = one.rule.card
            click.echo(
                f"{mark:4} alerts={one.alerts} busiest_day={one.busiest} {card.level} "
                f"{card.id} {card.title} [{card.author}]"
            )
    click.echo(
        f"events={done.events} days={done.days} tried={len(done.outcomes)} over_budget={len(over)} "
        f"failed={done.failed} budget={settings.rule_budget}"
    )
    if not done.events:
        click.echo("no stored event in that time: nothing is proven, nothing was kept", err=True)
    elif done.days < settings.rule_days:
        click.echo(
            f"fewer than rule_days={settings.rule_days} days: no rule is on for it", err=True
        )


COMMANDS = (backtest,)
