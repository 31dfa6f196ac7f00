"""A collector on a log that grows, with an event store that is lost again and again."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from collectors.collect import Collector, CollectSettings
from collectors.dataset import load_dataset
from collectors.intake import Input
from collectors.ledger import Report
from haidang.errors import Unavailable
from haidang.model.instant import SECOND, Instant
from haidang.model.scope import Scope
from haidang.store.events.elastic.bulk import Patience
from haidang.store.events.elastic.client import Client, Connection
from haidang.store.events.elastic.store import ElasticStore
from haidang.store.events.protocol import START, EventStore, Filter, Range
from haidang.store.inventory import Ownership

NOON = 1_795_000_000 * SECOND  # 18 November 2026
DATASET, STREAM = "nginx.access", "web-l3"
TIMEOUT_SECS = 4.0
SHORT = Patience(total_secs=2, most_secs=0.5)
_LINE = '203.0.113.9 - - [18/Nov/2026:15:15:00 +0700] "GET /trang/{} HTTP/1.1" 200 18 "-" "curl"\n'


@dataclass
class Site:
    """One log, its collector, and the store's client for what other people do to the server."""

    log: Path
    collector: Collector
    store: ElasticStore
    client: Client
    now: Instant = NOON
    written: Counter[str] = field(default_factory=Counter)

    def write(self, count: int) -> None:
        """So many more lines, each with a page of its own."""
        pages = [f"/trang/{len(self.written) + number}" for number in range(count)]
        with self.log.open("a", encoding="utf-8") as file:
            file.writelines(_LINE.format(page.rpartition("/")[2]) for page in pages)
        self.written.update(pages)

    def run(self) -> Report:
        """One pass of the collector, a second later."""
        self.now += SECOND
        return self.collector.run_once(self.now)

    def run_until_done(self, secs: float = 120) -> Report:
        """Passes until one is not stopped."""
        return until(lambda: (report := self.run()).stopped == "" and report, secs)

    def roll_over(self) -> None:
        """Begin a new index, as an administrator does, as soon as the server can."""
        path = f"/{self.client.prefix}-{STREAM}/_rollover"
        self.client.ask("POST", path, params={"wait_for_active_shards": "0"}, timeout_secs=30)

    @property
    def fed(self) -> Counter[str]:
        """The pages that a reader of the whole feed gets."""
        return pages_fed(self.store)

    @property
    def found(self) -> Counter[str]:
        """The pages that a search for everything finds."""
        events = self.store.search(Scope.system(), Filter(), Range(), limit=10**9)
        return Counter(event.document()["url"]["path"] for event in events)


@contextmanager
def site(folder: Path, url: str, prefix: str, patience: Patience = SHORT) -> Iterator[Site]:
    """A site whose store is not asked for anything yet."""
    connection = Connection((url,), prefix=prefix, timeout_secs=TIMEOUT_SECS)
    wanted = Input("web", str(folder / "access.log"), DATASET, "unit-a", "dmz", "web01")
    settings = CollectSettings(folder / "data", (wanted,), b"k" * 32, batch_events=2000)
    folder.mkdir(parents=True, exist_ok=True)
    with (
        closing(ElasticStore.open(connection, patience)) as store,
        closing(Client.open(connection)) as client,
        closing(Collector.open(settings, {DATASET: load_dataset(DATASET)}, store, _own)) as one,
    ):
        yield Site(folder / "access.log", one, store, client)


def _own(document, operator, zone, at) -> Ownership:
    return Ownership(operator, (operator,), zone, 3, ())


def pages_fed(store: EventStore) -> Counter[str]:
    """The page of every event of the feed, once for each time it is delivered."""
    pages: Counter[str] = Counter()
    position = START
    while (page := store.read(Scope.system(), position, 5000)).position != position:
        pages.update(event.document()["url"]["path"] for event in page.events)
        position = page.position
    return pages


def succeeds(act: Callable[[], object]) -> bool:
    """Whether it could be done now."""
    try:
        act()
    except Unavailable:
        return False
    return True


def until(attempt: Callable[[], object], secs: float = 60):
    """The first answer of `attempt` that says something."""
    end = time.monotonic() + secs
    while time.monotonic() < end:
        if answer := attempt():
            return answer
        time.sleep(0.1)
    raise TimeoutError(f"not within {secs} s")
