"""One module a command; each has a click command named `command`, imported on its first use."""

from pathlib import Path

import click

CONFIG = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    default="haidang.yml",
    show_default=True,
    help="The configuration.",
)
