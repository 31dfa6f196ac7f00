"""Playing the simulated day against the real collector, correlator and alerts.

The driver knows no expected number and no sentence. Every step appends what is missing of each log
file, so a second run, or one after a crash at any byte, goes on where the files end.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sqlalchemy import func, select

from alerts.listing import list_alerts
from app import config, stores, wiring
from app.demo.announced import calendar_yaml
from app.demo.clock import STEPS, WHOLE_DAY, Span, within
from app.demo.cluster import Cluster
from app.demo.configuration import config_yaml, inventory_yaml
from app.demo.day import files_until
from app.demo.world import World
from app.settings import Config, InputSettings
from collectors.ledger import Counts
from haidang.errors import HaidangError, Unavailable
from haidang.model.alert import Alert
from haidang.model.instant import Instant
from haidang.store.state import tables


@dataclass(frozen=True, slots=True)
class Step:
    """What happened at one receive time of the simulated clock; `stopped` says why not all."""

    at: Instant
    framed: int
    alerts: tuple[Alert, ...]
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """The world's folder with both sides of the product opened on it."""

    folder: Path
    world: World
    settings: Config
    collecting: wiring.Collecting
    soc: wiring.Soc

    @classmethod
    def open(
        cls,
        folder: Path,
        world: World,
        stack: ExitStack,
        cluster: Cluster | None = None,
        more: tuple[InputSettings, ...] = (),
    ) -> Self:
        """Write configuration, inventory, calendar where they are missing, then open everything.

        `more` are inputs of this run alone, besides the world's.
        """
        folder.mkdir(parents=True, exist_ok=True)
        _write_once(folder / "inventory.yml", inventory_yaml(world))
        _write_once(folder / "calendar.yml", calendar_yaml(world))
        file = folder / "haidang.yml"
        _write_once(file, config_yaml(world, cluster.settings() if cluster else None))
        if cluster:
            file.write_text(cluster.addressed(file.read_text("utf-8")), encoding="utf-8")
        settings = config.load(file)
        settings = replace(settings, inputs=(*settings.inputs, *more))
        for _line in stores.init(settings):
            pass
        collecting = stack.enter_context(wiring.open_collecting(settings))
        soc = stack.enter_context(wiring.open_soc(settings))
        return cls(folder, world, settings, collecting, soc)

    def play(self, wait: Callable[[], None], spans: tuple[Span, ...] = WHOLE_DAY) -> Iterator[Step]:
        """The day step by step of the simulated clock; `wait` passes a moment of an outage.

        A day of some `spans` has their lines and their steps only: a shorter day of its own. What
        an earlier run has evaluated is passed over, but for its last step, which it may not have
        finished.
        """
        done = min(self.evaluated(), STEPS[-1])
        for at in (step for step in STEPS if within(step, spans)):
            files = files_until(self.world, at, spans)
            grown = [append_missing(self.folder / path, content) for path, content in files.items()]
            if any(grown) or at >= done:
                yield from self._lasting(at, wait)
            else:
                yield Step(at, 0, ())

    def turn(self, at: Instant) -> Step:
        """Collect what is there, then correlate, both at this receive time."""
        report = self.collecting.run_once(at)
        step = Step(at, report.run.read, (), report.stopped)
        if report.stopped:
            return step
        try:
            return replace(step, alerts=self.soc.correlate(at).alerts)
        except Unavailable as error:
            stopped = f"{error}; nothing is lost, it is tried again until it works"
            return replace(step, stopped=stopped)

    def _lasting(self, at: Instant, wait: Callable[[], None]) -> Iterator[Step]:
        """The step of this receive time; where it is stopped, that step once, then the rest."""
        step = self.turn(at)
        if step.stopped:
            yield step
            framed = 0
            while step.stopped:
                wait()
                step = self._again(at)
                framed += step.framed
            step = replace(step, framed=framed)
        yield step

    def _again(self, at: Instant) -> Step:
        """Another try, with the alerts that an earlier one had raised before it was stopped."""
        step = self.turn(at)
        if step.stopped:
            return step
        try:
            known = list_alerts(self.soc.database, self.soc.scope)
        except Unavailable as error:
            return replace(step, stopped=str(error))
        return replace(step, alerts=tuple(one for one in reversed(known) if one.revised == at))

    def watch(self, clock: Callable[[], Instant], wait: Callable[[], None]) -> Iterator[Step]:
        """Go on for ever: `clock` gives the simulated receive time, `wait` passes a moment."""
        while True:
            wait()
            yield from self._lasting(clock(), wait)

    def evaluated(self) -> Instant:
        """The newest receive time that was evaluated, 0 where nothing was."""
        newest = select(func.max(tables.coverage.c.end))
        with self.soc.database.reading() as connection:
            return connection.execute(newest).scalar_one() or 0

    def totals(self) -> Counts:
        """The ledger since the first run."""
        return self.collecting.totals()


def append_missing(file: Path, content: bytes) -> bool:
    """Let `file` grow to `content`, and tell whether it did; what somebody appended after stays.

    Raises HaidangError if the file holds something else: it is not of this day.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as opened:
        opened.seek(0)
        there = opened.read(len(content))
        if not content.startswith(there):
            raise HaidangError(
                f"{file} is not of this simulated day; remove the folder or choose another --dir"
            )
        return opened.write(content[len(there) :]) > 0


def _write_once(file: Path, text: str) -> None:
    if not file.exists():
        file.write_text(text, encoding="utf-8")
