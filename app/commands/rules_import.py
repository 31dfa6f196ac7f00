"""`haidang rules import`, `sets`, `use`, `report`: sets of rules by name and version."""

import re
from contextlib import closing
from pathlib import Path

import click

from app import config, rulesets
from app.commands import CONFIG
from app.rule_report import judge
from app.rulesets import sets_folder
from app.schedule import receive_clock
from app.settings import Config
from app.stores import open_database
from haidang.errors import InputError, Problem
from rules import sets
from rules.archive import read_archive
from rules.sets import Version

_NEXT = "`haidang correlate` takes it at its next start"


@click.command("import")
@CONFIG
@click.argument("archive", type=click.Path(path_type=Path, exists=True))
@click.option("--set", "name", help="Name of the set; by default that of the folder or archive.")
@click.option("--version", default="", help="Name of the version; by default the content's hash.")
def import_(config_path: Path, archive: Path, name: str | None, version: str) -> None:
    """Import the rules of a folder or ZIP archive, and use them.

    All of them or, if the archive is broken, none. Rules that cannot be used are named with file,
    line and reason; the others go on without them. The same content again adds nothing.
    """
    settings = config.load(config_path)
    files = read_archive(archive)
    found, new = sets.add(sets_folder(settings), name or _name(archive), version, files)
    _use(settings, found)
    report = judge(settings, found)
    for problem in report.refused:
        click.echo(f"refused: {problem}")
    click.echo(f"{'imported' if new else 'was here already'}: {report.summary()}")
    click.echo(f"`haidang rules report {found.set}` says more; {_NEXT}", err=True)


def _name(archive: Path) -> str:
    """A folder's or archive's own name as the name of a set."""
    return re.sub(r"[^a-z0-9._-]+", "-", archive.absolute().stem.lower()).strip("-._")


def _use(settings: Config, wanted: Version) -> bool:
    with closing(open_database(settings)) as database:
        return rulesets.use(database, wanted, receive_clock())


@click.command("sets")
@CONFIG
def sets_(config_path: Path) -> None:
    """List the imported sets with their versions; `*` marks the version in use."""
    settings = config.load(config_path)
    with closing(open_database(settings)) as database:
        used = {(one.set, one.version) for one in rulesets.used_versions(database)}
    found = sets.versions(sets_folder(settings))
    for one in found:
        mark = "*" if (one.set, one.version) in used else " "
        click.echo(f"{mark} {one.set} {one.version} files={one.files} hash={one.hash[:12]}")
    if not found:
        click.echo("no set was imported; see `haidang rules import --help`")


@click.command()
@CONFIG
@click.argument("name", metavar="SET")
@click.argument("version")
def use(config_path: Path, name: str, version: str) -> None:
    """Use another imported version of SET, such as the one before."""
    settings = config.load(config_path)
    wanted = sets.find(sets_folder(settings), name, version)
    done = _use(settings, wanted)
    click.echo(f"{name} {version}: " + (f"used from now on; {_NEXT}" if done else "in use already"))


@click.command()
@CONFIG
@click.argument("name", metavar="SET")
def report(config_path: Path, name: str) -> None:
    """Say of the used version of SET which rules can be used, and why the others cannot.

    Warnings name fields that nothing maps; last come log sources that no data set has.
    """
    settings = config.load(config_path)
    with closing(open_database(settings)) as database:
        used = {one.set: one for one in rulesets.used_versions(database)}
    if name not in used:
        what = f"no such set is used; known: {', '.join(used) or 'none'}"
        raise InputError([Problem(name, 0, "", what)])
    for line in judge(settings, used[name]).lines():
        click.echo(line)


COMMANDS = (import_, sets_, use, report)
