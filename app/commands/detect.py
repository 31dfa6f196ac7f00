"""`haidang detect`: which data set fits a file."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click
import orjson

from collectors import files
from collectors.dataset import dataset_names, load_dataset
from collectors.detect import MAX_RECORDS, Fit, Ranking, detect
from collectors.record import Context
from haidang.errors import HaidangError
from haidang.model.instant import from_datetime

_LONGEST = 1 << 20
_SHOWN = 6
_NONE = 1


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a text.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def command(click_context: click.Context, as_json: bool, file: Path) -> None:
    """Name the data set of FILE by reading its first 200 lines with every data set.

    Shows how many records each reads, the best first. Exits with 1 where none fits.
    """
    context = Context(seen=from_datetime(datetime.now(UTC)))
    ranking = detect(map(load_dataset, dataset_names()), list(_first_lines(file)), context, file)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(_object(file, ranking)) + b"\n")
    else:
        click.echo("\n".join(_text(file, ranking)))
    if not ranking.best:
        click_context.exit(_NONE)


def _first_lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as raw:
        try:
            for line in islice(files.lines(raw, str(file), _LONGEST), MAX_RECORDS):
                yield line.rstrip(b"\r\n")
        except files.BROKEN as error:
            raise HaidangError(f"{file}: {error}") from error


def _object(file: Path, ranking: Ranking) -> dict[str, object]:
    names = [fit.dataset for fit in ranking.best]
    return {
        "file": str(file),
        "dataset": names[0] if names else None,
        "twins": names[1:],
        "records": ranking.records,
        "fault": ranking.fault or None,
        "ranking": [
            {
                "dataset": fit.dataset,
                "share": round(fit.share, 3),
                "events": fit.events,
                "timed": fit.timed,
                "headers": fit.headers,
                "refused": fit.refused,
                "fields": fit.fields,
            }
            for fit in ranking.fits
        ],
    }


def _text(file: Path, ranking: Ranking) -> Iterator[str]:
    best = [fit.dataset for fit in ranking.best]
    if best:
        yield f"{file}: {best[0]}"
    elif ranking.records == 0:
        yield f"{file}: the file has no records"
    else:
        yield f"{file}: no data set fits" + (f": {ranking.fault}" if ranking.fault else "")
    if len(best) > 1:
        yield f"  {', '.join(best[1:])} would fit as well: which program writes the file decides"
    for fit in ranking.fits[:_SHOWN]:
        yield f"  {fit.dataset:24} {_counts(fit)}"
    if not best and not ranking.fault:
        yield "docs/datasets.md says how to write a data set."


def _counts(fit: Fit) -> str:
    records = fit.events + fit.refused
    untimed = fit.events - fit.timed
    more = f", {untimed} of them without a time" if untimed else ""
    headers = f", {fit.headers} header lines" if fit.headers else ""
    return f"reads {fit.events} of {records} records{more}{headers}"
