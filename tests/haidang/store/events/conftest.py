"""The stores under the contract, and events to put into them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from haidang.model.event import Event, encode
from haidang.model.instant import HOUR, SECOND
from haidang.model.scope import Scope
from haidang.store.events.elastic.client import Client, Connection
from haidang.store.events.elastic.store import ElasticStore
from haidang.store.events.parquet.store import ParquetStore
from haidang.store.events.protocol import START, EventStore, Position
from tests.support import elasticsearch

NOON = 500_000 * HOUR


@pytest.fixture
def parquet_store(tmp_path: Path) -> Iterator[ParquetStore]:
    """An empty embedded store."""
    store = ParquetStore.open(tmp_path / "events")
    yield store
    store.close()


@pytest.fixture(scope="session")
def elastic_connection() -> Iterator[Connection]:
    """The prefix of this process on the test server, with its template."""
    with elasticsearch.prepared() as connection:
        yield connection


@pytest.fixture
def elastic_store(elastic_connection: Connection) -> Iterator[ElasticStore]:
    """An empty store on the test server."""
    client = Client.open(elastic_connection)
    elasticsearch.empty(client)
    client.close()
    store = ElasticStore.open(elastic_connection)
    yield store
    store.close()


@pytest.fixture(params=["parquet", "elastic"])
def event_store(request: pytest.FixtureRequest) -> EventStore:
    """An empty store of each kind, by its fixture `<kind>_store`."""
    request.node.user_properties.append(("store", request.param))
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture
def seal() -> Callable[[EventStore], None]:
    """A function that ends the segments of a store, so that they may be dropped as a whole."""

    def end_segments(store: EventStore) -> None:
        if isinstance(store, ElasticStore):
            elasticsearch.seal(store._client)

    return end_segments


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
