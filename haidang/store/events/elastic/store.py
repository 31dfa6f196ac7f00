"""`ElasticStore`: the event store of the profile *cluster*."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from haidang.model.event import Event
from haidang.model.instant import MINUTE, SECOND, Instant
from haidang.model.scope import Scope
from haidang.store.events.elastic import bulk, feed, position, retention, template
from haidang.store.events.elastic.client import Client, Connection
from haidang.store.events.elastic.search import search
from haidang.store.events.protocol import Filter, Page, Position, Range, Receipt

_MAINTAIN_EVERY = 300 * SECOND


class ElasticStore:
    """An `EventStore` of data streams (see `names`); safe for threads and processes.

    A position is described in `position`. Every method may raise `Unavailable` (see the protocol)
    and `HaidangError` (a template that somebody changed, a position of another store).
    """

    def __init__(self, client: Client, patience: bulk.Patience) -> None:
        """Use `open`."""
        self._client = client
        self._patience = patience
        self._is_checked = False
        self._known: position.Marks = {}
        self._maintained: Instant | None = None

    @classmethod
    def open(cls, connection: Connection, patience: bulk.Patience | None = None) -> Self:
        """A store that is not connected yet: its server may start later.

        Raises HaidangError for settings that cannot work.
        """
        return cls(Client.open(connection), patience or bulk.Patience())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def init(self, *, force: bool = False) -> None:
        """Put the index template; see `template.init`."""
        template.init(self._client, force=force)

    def check(self) -> template.Findings:
        """Everything that differs from what this store needs; see `template.find`."""
        return template.find(self._client)

    def _ready(self) -> Client:
        """The client, after one look at the templates; a look that failed is taken again."""
        if not self._is_checked:
            template.check(self._client)
            self._is_checked = True
        return self._client

    def append(self, batch: Sequence[Event]) -> Receipt:
        """See the protocol; `bulk.write`."""
        refused = bulk.write(self._ready(), batch, self._patience) if batch else {}
        return Receipt(self.head(), refused)

    def ids_after(self, position: Position) -> frozenset[str]:
        """See the protocol; first the requests of unknown outcome have to end."""
        client = self._ready()
        bulk.await_running(client, self._patience)
        return feed.ids_after(client, position)

    def head(self) -> Position:
        """See the protocol. A shard that has no primary now counts as it was seen last."""
        self._known = feed.head(self._ready(), self._known)
        return position.encode(self._known)

    def read(
        self, scope: Scope, after: Position, limit: int, until: Position | None = None
    ) -> Page:
        """See the protocol; memory as in `feed.read`."""
        return feed.read(self._ready(), scope, after, limit, until)

    def search(
        self, scope: Scope, wanted: Filter, between: Range, limit: int = 1000
    ) -> Iterator[Event]:
        """See the protocol."""
        return search(self._ready(), scope, wanted, between, limit)

    def drop(self, before: Instant, level: int, passed: Position) -> int:
        """See the protocol; a stream's newest index stays."""
        return retention.drop(self._ready(), before, level, passed)

    def hold(self, case: str, events: Iterable[Event]) -> int:
        """See the protocol. The copies lie in the index `<prefix>-hold-<case>`."""
        return retention.hold(self._ready(), case, events, self._patience)

    def held(self, scope: Scope, case: str) -> Iterator[Event]:
        """See the protocol."""
        return retention.held(self._ready(), scope, case)

    def maintain(self, now: Instant) -> None:
        """See the protocol: rolls streams over, at most every five minutes of `now`.

        One that failed is due again after a minute: it may have waited long for a new index.
        """
        last = self._maintained
        if last is None or not 0 <= now - last < _MAINTAIN_EVERY:
            self._maintained = now - _MAINTAIN_EVERY + MINUTE
            retention.maintain(self._ready())
            self._maintained = now
