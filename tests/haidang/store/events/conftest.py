"""The stores under the contract, and events to put into them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from haidang.model.event import Event, encode
from haidang.model.instant import HOUR, SECOND
from haidang.model.scope import Scope
from haidang.store.events.parquet.store import ParquetStore
from haidang.store.events.protocol import START, EventStore, Position

NOON = 500_000 * HOUR


@pytest.fixture
def parquet_store(tmp_path: Path) -> Iterator[ParquetStore]:
    """An empty embedded store."""
    store = ParquetStore.open(tmp_path / "events")
    yield store
    store.close()


@pytest.fixture(params=["parquet"])
def event_store(request: pytest.FixtureRequest) -> EventStore:
    """An empty store of each kind; another kind joins by a fixture `<kind>_store`."""
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture
def make_event() -> Callable[..., Event]:
    """A function that makes the event number `n`, one second after the one before it."""
    return event_of


def event_of(number: int, document: dict[str, Any] | None = None, **changes: Any) -> Event:
    """An event whose id, time and document tell its number."""
    fields: dict[str, Any] = {
        "id": f"event-{number:06}",
        "time": NOON + number * SECOND,
        "received": NOON + number * SECOND,
        "source": "source-1",
        "dataset": "linux.auth",
        "operator": "so-noi-vu",
        "affected": ("so-noi-vu",),
        "zone": "zone-1",
        "level": 3,
        "ecs": encode({"event": {"sequence": number}} if document is None else document),
    }
    return Event(**{**fields, **changes})


@pytest.fixture
def feed_of() -> Callable[..., list[Event]]:
    """A function that reads a whole feed page by page."""
    return read_all


def read_all(
    store: EventStore, after: Position = START, limit: int = 1000, scope: Scope | None = None
) -> list[Event]:
    """Every event after a position, as a reader gets them."""
    events: list[Event] = []
    while True:
        page = store.read(scope or Scope.system(), after, limit)
        if page.position == after:
            assert not page.events
            return events
        events.extend(page.events)
        after = page.position
