"""`haidang quarantine`: see what could not become an event, and try it again."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from alerts.display import json_line
from app import config, wiring
from app.commands import CONFIG
from app.schedule import receive_clock
from collectors import quarantine
from collectors.quarantine import Group, Quarantined
from haidang.errors import HaidangError
from haidang.model.instant import Instant, to_iso, to_local

_NOTHING = "nothing is in quarantine"


@click.group()
def command() -> None:
    """List, show and retry records that could not become events.

    They are masked as everything else; see `haidang quarantine COMMAND --help`.
    """


@command.command("list")
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each group.")
def list_command(config_path: Path, *, as_json: bool) -> None:
    """Count what waits, by reason, data set and source.

    The newest first. Records that were retried with success are not counted.
    """
    contents = wiring.quarantined(config.load(config_path))
    found = quarantine.groups(contents.waiting())
    if as_json:
        for one in found:
            times = {"oldest": to_iso(one.oldest), "newest": to_iso(one.newest)}
            click.echo(json_line({**asdict(one), **times}))
        return
    click.echo(_header() if found else _NOTHING)
    for one in found:
        click.echo(_line(one))


@command.command()
@CONFIG
@click.argument("wanted", metavar="ID")
def show(config_path: Path, wanted: str) -> None:
    """Show one record as it was kept, masked; ID may be its first digits.

    Bytes that are no text, and characters that a terminal would act on, are shown as escapes.
    """
    contents = wiring.quarantined(config.load(config_path))
    record = _the_one(contents, wanted)
    for name in ("id", "reason", "dataset", "input", "source", "path", "generation", "offset"):
        click.echo(f"{name + ':':12}{printable(str(getattr(record, name)).encode())}")
    click.echo(f"{'received:':12}{_clock(record.at)}")
    mark = contents.retried.get(record.id)
    if mark is not None:
        click.echo(f"{'retried:':12}{_clock(mark.at)} {mark.outcome}")
    click.echo(f"{'record:':12}{len(record.record)} bytes")
    click.echo(printable(record.record))


@command.command()
@CONFIG
@click.argument("wanted", metavar="[ID]...", nargs=-1)
@click.option("--reason", help="Those whose reason holds this text.")
@click.option("--dataset", help="Those of this data set.")
@click.option("--all", "everything", is_flag=True, help="All that wait.")
def retry(
    config_path: Path,
    wanted: tuple[str, ...],
    reason: str | None,
    dataset: str | None,
    *,
    everything: bool,
) -> None:
    """Parse records again, with today's data sets, inputs and inventory.

    What becomes an event now is stored under the id it would have had, once, and leaves the list.
    `haidang collect` must not run meanwhile: stop it, retry, and start it again. Derived events
    cannot be retried.
    """
    if not (wanted or reason or dataset or everything):
        raise click.UsageError("name IDs, --reason, --dataset, or --all")
    settings = config.load(config_path)
    contents = wiring.quarantined(settings)
    ids = {_the_one(contents, one).id for one in wanted}
    for mark in (contents.retried[one] for one in sorted(ids & contents.retried.keys())):
        click.echo(f"{mark.id}: was retried {_clock(mark.at)}: {mark.outcome}")
    report = wiring.retry(settings, _chosen(ids, reason, dataset), receive_clock())
    click.echo(
        f"indexed={report.indexed} dropped={report.dropped} "
        f"still_refused={report.refused.total()} impossible={report.impossible.total()}"
    )
    for text, count in (*report.refused.most_common(), *report.impossible.most_common()):
        click.echo(f"{count:>7}  {printable(text.encode())}")


def _chosen(
    ids: set[str], reason: str | None, dataset: str | None
) -> Callable[[Quarantined], bool]:
    def chosen(one: Quarantined) -> bool:
        return (
            (not ids or one.id in ids)
            and (reason is None or reason in one.reason)
            and (dataset is None or dataset == one.dataset)
        )

    return chosen


def _the_one(contents: wiring.Quarantine, wanted: str) -> Quarantined:
    """The record of this id or of the only id that begins so. Raises HaidangError."""
    found = [one for one in contents.records() if one.id.startswith(wanted)]
    if len(found) != 1:
        known = f"{len(found)} ids begin so; give more digits" if found else "there is no such id"
        raise HaidangError(f"{printable(wanted.encode())}: {known} in the quarantine")
    return found[0]


def printable(content: bytes) -> str:
    """Text that is safe on a terminal: all but printable characters and line ends as escapes."""
    text = content.decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() or one == "\n" else _escape(one) for one in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _header() -> str:
    return f"{'records':>7}  {'newest':19}  {'an id':8}  data set: reason (source)"


def _line(one: Group) -> str:
    told = printable(f"{one.dataset}: {one.reason} ({one.path})".encode())
    return f"{one.count:>7}  {_clock(one.newest)}  {one.example[:8]}  {told}"


def _clock(instant: Instant) -> str:
    return to_local(instant).strftime("%d/%m/%Y %H:%M:%S")
