"""`haidang match`: rules on events from a file, without any store."""

import sys
from pathlib import Path
from typing import BinaryIO

import click

from correlator.offline import FieldNames, match_lines, prepare
from haidang.errors import InputError, Problem
from rules.fields import load_fields
from rules.load import load


@click.command()
@click.option(
    "--rules",
    "paths",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    required=True,
    help="A rule file, or a folder of them; may be repeated.",
)
@click.option(
    "--events",
    type=click.File("rb"),
    default="-",
    show_default=True,
    help="JSON lines, as `haidang parse` prints them; - is stdin.",
)
@click.option(
    "--fields",
    "names",
    type=click.Choice(["ecs", "sigma"]),
    default="ecs",
    show_default=True,
    help="ecs: events as we store them. sigma: Sigma's names, with the log source in "
    "logcategory, logproduct, logservice.",
)
def command(paths: tuple[Path, ...], events: BinaryIO, names: FieldNames) -> None:
    """Match Sigma rules on events; one JSON line a match.

    {"rule": id, "index": line number from 0, "event": event id}. Rules that cannot be used and
    lines that are no events are named on standard error; the others go on.
    """
    loaded = load(paths)
    for problem in loaded.problems:
        click.echo(f"rule left out: {problem}", err=True)
    if not loaded.rules:
        raise InputError([Problem(str(paths[0]), 0, "", "no rule here can be used")])
    matcher = prepare(loaded.rules, load_fields(), names)
    if names == "ecs":
        for rule, fields in matcher.unmapped.items():
            click.echo(f"rule {rule} reads unmapped fields: {', '.join(fields)}", err=True)

    def report(index: int, what: str) -> None:
        click.echo(f"line {index}: {what}", err=True)

    output = sys.stdout.buffer
    for line in match_lines(matcher, events, names, report):
        output.write(line)
