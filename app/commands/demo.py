"""`haidang demo`: the day in tỉnh Mẫu, simulated logs through the real product."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from threading import Event

import click

from alerts.display import WIDTH, wrap
from alerts.listing import list_alerts
from app.commands.health import clean_line
from app.demo import attack_folder
from app.demo.clock import MIDNIGHT, STEPS
from app.demo.cluster import Cluster
from app.demo.live import SimulatedClock, console, interruptible
from app.demo.silences import Silence, silences
from app.demo.story import Stage, Step
from app.demo.world import make_world
from haidang.model.alert import LEVEL_WORDS, Alert
from haidang.model.instant import HOUR, SECOND, Instant, to_local

BANNER = "DỮ LIỆU MÔ PHỎNG · simulated data"

_ELASTIC = {"elastic": ["elastic"]}
_MORNING = MIDNIGHT + 10 * HOUR


@click.command()
@click.option("--once", is_flag=True, help="End after the day instead of watching the files on.")
@click.option(
    "--attack",
    is_flag=True,
    help="No day: watch a folder in which you paste lines, and show what they raise.",
)
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
def command(*, once: bool, attack: bool, seed: int, kind: str, folder: Path) -> None:
    """Play a simulated day of a province: logs are written, collected, correlated, told.

    The last line counts: events = indexed + quarantined + dropped, then what came of them. Without
    --once the console is open from the beginning, and afterwards the files stay watched: append a
    line to one of them and see what it raises; Ctrl-C ends. While a store is away the simulated
    clock waits for it.
    """
    if once and attack:
        raise click.UsageError("--attack goes on until Ctrl-C; leave --once out")
    world = make_world(seed)
    parts = [f"seed-{seed}", *(["attack"] if attack else []), *_ELASTIC.get(kind, [])]
    place = folder / "-".join(parts)
    with ExitStack() as stack:
        cluster = None
        if kind == "elastic":
            click.echo("Đang khởi động · starting Elasticsearch, PostgreSQL …")
            cluster = Cluster.start(place, stack)
        more = attack_folder.inputs(world, place) if attack else ()
        stage = Stage.open(place, world, stack, cluster, more)
        click.echo(f"{BANNER}: {to_local(MIDNIGHT):%d/%m/%Y}, {stage.folder}")
        if once:
            _play(stage, SimulatedClock(MIDNIGHT), Event())
        else:
            _live(stage, stack, attack=attack)
        for line in closing(stage):
            click.echo(line)


def _live(stage: Stage, stack: ExitStack, *, attack: bool) -> None:
    """The day, or the folder of attacks, with the console open; until Ctrl-C."""
    clock = SimulatedClock(max(_MORNING, stage.evaluated() + SECOND) if attack else MIDNIGHT)
    ended = stack.enter_context(interruptible())
    door = stack.enter_context(console(stage.settings, clock, BANNER.partition(" ·")[0]))
    click.echo(f"Bảng điều khiển · console: {door.address}")
    click.echo(f"  tài khoản · account: {door.account}")
    click.echo(f"  mật khẩu dùng một lần · one-time password: {door.password}")
    with suppress(KeyboardInterrupt):
        if attack:
            clock.go_on(clock())
            _invite(stage, clock())
        else:
            _play(stage, clock, ended)
            clock.go_on(max(STEPS[-1], stage.evaluated()))
            click.echo(f"Đang theo dõi {stage.folder}/logs · watching; Ctrl-C ends")
        for step in stage.watch(clock, lambda: _moment(ended)):
            if step.framed or step.alerts or step.stopped:
                _tell(step)
    click.echo()


def _play(stage: Stage, clock: SimulatedClock, ended: Event) -> None:
    """The day; a Ctrl-C that `ended` heard interrupts it between two steps."""
    steps = _stepping(stage.play(lambda: _moment(ended)), clock, ended)
    told = {alert.id for step in hourly(steps) for alert in _tell(step)}
    _tell_known(stage, told)
    for line in silent_lines(silences(stage, STEPS[-1])):
        click.echo(line)


def _stepping(steps: Iterable[Step], clock: SimulatedClock, ended: Event) -> Iterator[Step]:
    for step in steps:
        clock.stand(step.at)
        yield step
        if ended.is_set():
            raise KeyboardInterrupt


def _invite(stage: Stage, moment: Instant) -> None:
    """Which file takes what, with lines to paste that are of now."""
    folder = stage.folder / attack_folder.FOLDER
    folder.mkdir(exist_ok=True)
    for one in attack_folder.samples(stage.world, moment):
        (folder / one.file).touch()
        click.echo(f"\n{folder}/{one.file}  ({one.about}; {one.host.name})")
        click.echo(one.lines(moment).decode(), nl=False)
    click.echo(
        f"\nDán dòng vào tệp để xem cảnh báo · paste lines into a file of {folder}; Ctrl-C ends"
    )


def _moment(ended: Event) -> None:
    if ended.wait(1):
        raise KeyboardInterrupt


def hourly(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps worth telling: with new alerts, stopped, or ending an hour; records are added up.

    Of an alert that was revised within an hour only the last state is told, at its end.
    """
    framed, known, revised = 0, set[str](), dict[str, Alert]()
    for step in steps:
        framed += step.framed
        new = tuple(one for one in step.alerts if one.id not in known)
        known |= {one.id for one in new}
        revised |= {one.id: one for one in step.alerts if one not in new}
        if new or step.stopped or step.at % HOUR == 0:
            later = () if step.at % HOUR else tuple(revised.values())
            yield replace(step, framed=framed, alerts=(*new, *later))
            framed, revised = 0, {} if later else revised


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


def silent_lines(found: Iterable[Silence]) -> Iterator[str]:
    """What raised no alert, for the terminal: how much of what, and why."""
    yield "Im lặng · silent:"
    for number, one in enumerate(found, 1):
        marks = chain([f"{number}."], repeat("  "))
        for language in ("vi", "en"):
            for line in wrap(clean_line(one.words[language]), WIDTH - 10):
                yield f"       {next(marks)} {line}"


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
