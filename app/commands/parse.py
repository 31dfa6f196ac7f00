"""`haidang parse`: what a data set makes of log lines."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

import click

from collectors import files
from collectors.dataset import dataset_names, load_dataset
from collectors.parse import parse_lines
from collectors.record import Context
from haidang.errors import HaidangError
from haidang.model.instant import from_datetime


@click.command()
@click.option(
    "--dataset",
    "name",
    type=click.Choice(dataset_names()),
    required=True,
    help="The format and meaning of the lines.",
)
@click.option("--host", default="", help="The host's name, where the lines do not tell it.")
@click.option("--explain", is_flag=True, help="Say for each record how it was understood.")
@click.argument("file", type=click.File("rb"), default="-")
def command(name: str, host: str, explain: bool, file: BinaryIO) -> None:
    """Parse FILE (- or nothing: standard input) as the collector would.

    One JSON line a record, in input order: the event, or the reason why it is none. Personal
    numbers and secrets are masked as they would be; nothing is stored.
    """
    context = Context(host, seen=from_datetime(datetime.now(UTC)))
    output = sys.stdout.buffer
    for line in parse_lines(load_dataset(name), _records(file), context, b"parse", explain=explain):
        output.write(line + b"\n")


def _records(file: BinaryIO) -> Iterator[bytes]:
    """The records of a file, which its name may say is packed. Raises HaidangError."""
    name = str(getattr(file, "name", ""))  # standard input may have none
    try:
        yield from files.lines(file, name)
    except files.BROKEN as error:
        raise HaidangError(f"{name}: {error}") from error
