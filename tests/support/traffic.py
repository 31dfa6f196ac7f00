"""Writers and readers of an event store, each a thread, while servers come and go."""

import threading
import time
from abc import ABC, abstractmethod
from collections import Counter

from haidang.errors import Unavailable
from haidang.model.event import Event, encode
from haidang.model.instant import SECOND
from haidang.model.scope import Scope
from haidang.store.events.protocol import START, EventStore, Position

NOON = 1_795_000_000 * SECOND
BATCH = 100
PAUSE_SECS = 0.1


class Worker(ABC):
    """A thread that works in steps until it is told to stop; its error is raised by `stop`."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.unavailable = 0
        self._error: BaseException | None = None
        self._stopping, self._abandoned = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the current step."""
        self._stopping.set()
        self._thread.join(120)
        if self._error or self._thread.is_alive():
            raise RuntimeError(f"{type(self).__name__}: {self._error!r}") from self._error

    def abandon(self) -> None:
        """End after the current step, whatever is half done."""
        self._abandoned.set()
        self._thread.join(120)

    def _run(self) -> None:
        try:
            while not (self._abandoned.is_set() or (self._stopping.is_set() and self.may_stop())):
                try:
                    self.step()
                except Unavailable:
                    self.unavailable += 1
                time.sleep(PAUSE_SECS)
        except BaseException as error:  # noqa: BLE001 - raised again by `stop`
            self._error = error

    def may_stop(self) -> bool:
        """Whether nothing is half done."""
        return True

    @abstractmethod
    def step(self) -> None:
        """One piece of work; what raised Unavailable is gone on with by the next step."""


class Writer(Worker):
    """Appends batch after batch; where an outcome is unknown it asks, as the collector does."""

    def __init__(self, store: EventStore, number: int, dataset: str) -> None:
        self.accepted: list[str] = []
        self.asked = 0  # events of unknown outcome that had arrived
        self._number, self._dataset, self._made = number, dataset, 0
        self._batch: list[Event] = []
        self._settled: Position | None = None
        self._is_known = True
        super().__init__(store)

    def step(self) -> None:
        """Append a batch, or what is left of one."""
        if self._settled is None:
            self._settled = self.store.head()
        if not self._is_known:
            there = self.store.ids_after(self._settled)
            self.asked += self._take(there)
            self._is_known = True
        self._batch = self._batch or [self._next() for _ in range(BATCH)]
        self._is_known = False
        receipt = self.store.append(self._batch)
        assert not receipt.refused
        self._is_known = True
        self._take({event.id for event in self._batch})
        self._settled = receipt.position

    def may_stop(self) -> bool:
        """Whether every batch is accepted."""
        return not self._batch

    def _take(self, there: set[str] | frozenset[str]) -> int:
        done = [event.id for event in self._batch if event.id in there]
        self.accepted += done
        self._batch = [event for event in self._batch if event.id not in there]
        return len(done)

    def _next(self) -> Event:
        self._made += 1
        id_, time_ = f"w{self._number}-{self._made:06}", NOON + self._made * SECOND
        words = ("source", self._dataset, "unit", ("unit",), "zone", 3)
        return Event(id_, time_, time_, *words, encode({"message": f"dòng {id_}"}))


class Reader(Worker):
    """Follows the feed from its start and counts how often each event is delivered."""

    def __init__(self, store: EventStore) -> None:
        self.delivered: Counter[str] = Counter()
        self._position: Position = START
        self._at_end = False
        super().__init__(store)

    def step(self) -> None:
        """Read a page."""
        self._at_end = False
        page = self.store.read(Scope.system(), self._position, 2000)
        self.delivered.update(event.id for event in page.events)
        self._at_end = page.position == self._position
        self._position = page.position

    def may_stop(self) -> bool:
        """Whether there was nothing more to read."""
        return self._at_end
