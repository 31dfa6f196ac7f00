"""`haidang demo`: the day in tỉnh Mẫu, simulated logs through the real product."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click

from alerts.display import WIDTH, wrap
from alerts.listing import list_alerts
from app.demo.clock import STEPS
from app.demo.cluster import Cluster
from app.demo.story import Stage, Step
from app.demo.world import make_world
from haidang.model.alert import LEVEL_WORDS, Alert
from haidang.model.instant import HOUR, Instant, to_local

BANNER = "DỮ LIỆU MÔ PHỎNG · simulated data"


@click.command()
@click.option("--once", is_flag=True, help="End after the day instead of watching the files on.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another world.")
@click.option(
    "--store",
    "kind",
    type=click.Choice(["embedded", "elastic"]),
    default="embedded",
    show_default=True,
    help="Files, or an Elasticsearch and a PostgreSQL of its own; the alerts are the same.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default="demo-data",
    show_default=True,
    help="Where the day's files are kept; a second run there adds nothing.",
)
def command(once: bool, seed: int, kind: str, folder: Path) -> None:
    """Play a simulated day of a province: logs are written, collected, correlated, told.

    The last line counts: events = indexed + quarantined + dropped, then what came of them. Without
    --once the files stay watched: append a line to one of them and see what it raises. While a
    store is away the simulated clock waits for it.
    """
    with ExitStack() as stack:
        cluster = None
        place = folder / f"seed-{seed}"
        if kind == "elastic":
            place = place.with_name(f"{place.name}-elastic")
            click.echo("Đang khởi động · starting Elasticsearch, PostgreSQL …")
            cluster = Cluster.start(place, stack)
        stage = Stage.open(place, make_world(seed), stack, cluster)
        click.echo(f"{BANNER}: {to_local(STEPS[0]):%d/%m/%Y}, {stage.folder}")
        told = {alert.id for step in hourly(stage.play(_moment)) for alert in _tell(step)}
        _tell_known(stage, told)
        if not once:
            _watch(stage)
        for line in closing(stage):
            click.echo(line)


def _watch(stage: Stage) -> None:
    """The simulated clock goes on from the end of the day, until Ctrl-C."""
    click.echo(f"Đang theo dõi {stage.folder}/logs · watching; Ctrl-C ends")
    started = time.monotonic_ns()

    def clock() -> Instant:
        return STEPS[-1] + (time.monotonic_ns() - started) // 1_000

    try:
        for step in stage.watch(clock, _moment):
            if step.framed or step.alerts or step.stopped:
                _tell(step)
    except KeyboardInterrupt:
        click.echo()


def _moment() -> None:
    time.sleep(1)


def hourly(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps worth telling: with alerts, stopped, or ending an hour; records are added up."""
    framed = 0
    for step in steps:
        framed += step.framed
        if step.alerts or step.stopped or step.at % HOUR == 0:
            yield replace(step, framed=framed)
            framed = 0


def _tell(step: Step) -> tuple[Alert, ...]:
    click.echo(f"{to_local(step.at):%H:%M}  {step.framed:5} bản ghi mới · new records")
    if step.stopped:
        click.echo(f"       stopped: {step.stopped}", err=True)
    for alert in step.alerts:
        for line in sentences(alert):
            click.echo(line)
    return step.alerts


def sentences(alert: Alert) -> Iterator[str]:
    """An alert for the terminal: level, then the sentence in Vietnamese, the English below."""
    word = LEVEL_WORDS.get(alert.level, alert.level)
    again = f" · cập nhật lần {alert.revision - 1}" if alert.revision > 1 else ""
    yield f"       [{word}]{again}"
    for language in ("vi", "en"):
        for line in wrap(alert.sentences.get(language, ""), WIDTH - 7):
            yield f"       {line}"


def _tell_known(stage: Stage, told: set[str]) -> None:
    """Alerts of an earlier run in this folder: they are there, and are not raised again."""
    found = list_alerts(stage.soc.database, stage.soc.scope)
    for alert in reversed([one for one in found if one.id not in told]):
        click.echo(f"{to_local(alert.raised):%H:%M}  đã có từ lần chạy trước · from an earlier run")
        for line in sentences(alert):
            click.echo(line)


def closing(stage: Stage) -> Iterator[str]:
    """The ledger in words, and the machine-readable last line."""
    counts = stage.totals()
    unresolved = " ".join(f"{kind}:{n}" for kind, n in sorted(counts.unresolved.items())) or "0"
    yield f"derived={counts.derived} unresolved={unresolved}"
    alerts = list_alerts(stage.soc.database, stage.soc.scope)
    yield (
        f"events={counts.read} indexed={counts.indexed} quarantined={counts.quarantined} "
        f"dropped={counts.dropped.total()} alerts={len(alerts)} cases=0 notices=0 acknowledged=0"
    )
