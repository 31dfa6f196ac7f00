"""`haidang rules`: import rules, say which are used, which can fire, and what they raised."""

import click

from app.commands import rules_backtest, rules_fires, rules_import, rules_status


@click.group()
def command() -> None:
    """Import sets of rules, and say which rules are on and why.

    See `haidang rules COMMAND --help`.
    """


_EVERY = (
    *rules_status.COMMANDS,
    *rules_fires.COMMANDS,
    *rules_backtest.COMMANDS,
    *rules_import.COMMANDS,
)
for _one in _EVERY:
    command.add_command(_one)
