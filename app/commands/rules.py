"""`haidang rules`: import rules, say which are used, which can fire, and what they raised."""

import click

from app.commands import rules_import


@click.group()
def command() -> None:
    """Import sets of rules, and say which rules are on and why.

    See `haidang rules COMMAND --help`.
    """


for _one in rules_import.COMMANDS:
    command.add_command(_one)
