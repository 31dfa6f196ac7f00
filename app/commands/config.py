"""`haidang config`: check the configuration, show what holds, print a commented example."""

import os
from pathlib import Path

import click

from alerts.display import json_line
from app import example
from app.checks import check as look
from app.commands import CONFIG
from app.shown import shown


@click.group()
def command() -> None:
    """Check the configuration, show what is in force, print a commented example."""


@command.command()
@CONFIG
@click.option("--strict", is_flag=True, help="A warning ends with 1, too.")
def check(config_path: Path, *, strict: bool) -> None:
    """Say everything that is wrong with the configuration, and change nothing.

    The file, the inventory, the calendar, rules, secrets, files of the inputs, folders; every
    problem at once, with its place. Ends with 1 if there is one.
    """
    found = look(config_path, os.environ)
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    for problem in found.problems:
        click.echo(problem, err=True)
    word = "not usable" if found.problems else "ok"
    counts = f"{len(found.problems)} problems, {len(found.warnings)} warnings"
    click.echo(f"{word}: {found.summary}; {counts}")
    if found.problems or (strict and found.warnings):
        raise SystemExit(1)


@command.command()
@CONFIG
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Lines for people, or one line of JSON a setting.",
)
def show(config_path: Path, form: str) -> None:
    """Show every setting in force, and where it comes from.

    A line of the file, or the default; of a secret only in which file or variable it is.
    """
    for one in shown(config_path, os.environ):
        if form == "json":
            click.echo(json_line({"key": one.key, "value": one.value, "from": one.origin}))
        else:
            value = "-" if one.value is None else one.value
            click.echo(f"{one.key} = {value}  ({one.origin})")


@command.command("example")
@click.option("--inventory", is_flag=True, help="An inventory instead.")
def example_command(*, inventory: bool) -> None:
    """Print a commented haidang.yml: every setting with its meaning and default.

    As it is, beside the example of an inventory, it can be used.
    """
    click.echo(example.INVENTORY.read_text("utf-8") if inventory else example.build(), nl=False)
