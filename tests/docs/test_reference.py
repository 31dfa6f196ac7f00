"""Nothing is documented by hand that code can list: the reference is generated and current."""

import ast
import dataclasses
import re
from pathlib import Path

import click
import pytest

from app import cli, reference, settings

ROOT = Path(__file__).parents[2]
WRITTEN = [name for name in cli.COMMANDS if (ROOT / f"app/commands/{name}.py").exists()]


def test_reference_is_current():
    """docs/reference.md is what `python -m app.reference` writes now."""
    assert reference.build() == (ROOT / "docs/reference.md").read_text("utf-8")


@pytest.mark.parametrize("name", WRITTEN)
def test_command_and_each_of_its_options_have_help(name):
    """A command, a subcommand, an option without a word of help is not finished."""
    command = cli.load(name)
    every = [command, *getattr(command, "commands", {}).values()]
    silent = [
        f"{each.name} {one.name}"
        for each in every
        for one in each.params
        if isinstance(one, click.Option) and not (one.help or one.hidden)
    ]

    assert [] == [each.name for each in every if not each.help]
    assert [] == silent


def test_every_setting_is_documented():
    """Each field of the settings has its line in the reference."""
    text = "\n".join(reference.settings())
    classes = (one for one in vars(settings).values() if dataclasses.is_dataclass(one))
    every = [one for kind in classes for one in dataclasses.fields(kind)]
    every = [one for one in every if one.name != "place"]  # where it was said, not what

    assert [] == [one.name for one in every if f"| `{one.name}` |" not in text]
    assert "| `interval_secs` | whole number | `60` | Seconds between two runs" in text
    assert "| `data_dir` | path | required | Folder of" in text
    assert "| `timezone` | `±HH:MM` | `+07:00` | UTC offset" in text


def test_described_command_shows_usage_help_and_options():
    """The section of a command holds its usage line, its help and a row for each option."""

    @click.command(help="Do it.\n\nReally\ndo it.")
    @click.argument("file")
    @click.option("--fast/--slow", default=True, help="How | quick.", show_default=True)
    def probe(file, *, fast):
        del file, fast

    expected = (
        "### haidang probe\n\n```\nhaidang probe [OPTIONS] FILE\n```\n\n"
        "Do it.\n\nReally do it.\n\n"
        "| option | meaning |\n|---|---|\n| `--fast / --slow` | How \\| quick.  [default: fast] |\n"
    )
    assert expected.replace("  [", " [") == "\n".join(reference.describe("probe", probe))


def test_every_key_of_the_inventory_is_documented():
    """The form of inventory.yml names each key that its reader takes."""
    tree = ast.parse((ROOT / "haidang/store/inventory/reading.py").read_text("utf-8"))
    lists = [
        node.args if isinstance(node, ast.Call) else node.value.elts
        for node in ast.walk(tree)
        if (isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "known")
        or (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "known")
    ]
    taken = {one.value for names in lists for one in names if isinstance(one, ast.Constant)}
    form = reference.build().partition("## Inventory")[2].partition("## Data sets")[0]

    assert {"predecessors", "sections", "aliases", "cidr", "domain"} <= taken
    assert [] == sorted(name for name in taken if not re.search(rf"\b{name}\b", form))
