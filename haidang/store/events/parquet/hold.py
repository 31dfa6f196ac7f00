"""Legal holds: copies of events in a store of their own, `holds/<case>/`, which is never merged."""

from collections.abc import Iterable, Iterator
from heapq import merge

from haidang.errors import Unavailable
from haidang.model.event import Event
from haidang.model.instant import Instant
from haidang.model.scope import Scope
from haidang.store.events.parquet import segment as segments
from haidang.store.events.parquet.folder import Folder
from haidang.store.events.parquet.manifest import Reader, Segment
from haidang.store.events.parquet.schema import ENVELOPE_NAMES, to_events
from haidang.store.events.protocol import START, EventStore

_FLUSH_EVENTS = 5_000
_FLUSH_BYTES = 16 << 20


def keep(folder: Folder, store: EventStore, events: Iterable[Event]) -> int:
    """Add the events that the hold in this folder, opened as `store`, has not; how many.

    After a crash, what was added is there and is not added again. Raises OSError, Unavailable.
    """
    with folder.locked("hold.lock"):
        known = set(store.ids_after(START))
        before = len(known)
        for some in _flushes(events):
            new = {event.id: event for event in some if event.id not in known}
            store.append(sorted(new.values(), key=_place))
            known |= new.keys()
        return len(known) - before


def kept(folder: Folder, scope: Scope) -> Iterator[Event]:
    """Visible events of the hold by (@timestamp, id); none if there is no such hold.

    Memory: some MiB for each flush. Raises Unavailable, HaidangError (unknown version).
    """
    live = Reader(folder.manifest).read().segments if folder.manifest.exists() else ()
    # `keep` wrote each file in this order.
    for event in merge(*(_events(folder, segment) for segment in live), key=_place):
        if scope.sees(event.operator, event.affected):
            yield event


def _events(folder: Folder, segment: Segment) -> Iterator[Event]:
    path, rows = folder.path / segment.file, segment.extent.rows
    try:
        batches = segments.batches(path, segments.metadata(path, rows), ENVELOPE_NAMES)
        # Small files are closed at once: a hold may consist of more than a process may have open.
        for batch in list(batches) if rows <= segments.BATCH_ROWS else batches:
            yield from to_events(batch)
    except FileNotFoundError as error:
        raise Unavailable(f"{path}: is missing; restore this file from the backup") from error


def _place(event: Event) -> tuple[Instant, str]:
    return event.time, event.id


def _flushes(events: Iterable[Event]) -> Iterator[list[Event]]:
    some: list[Event] = []
    size = 0
    for event in events:
        some.append(event)
        size += len(event.ecs)
        if len(some) == _FLUSH_EVENTS or size >= _FLUSH_BYTES:
            yield some
            some, size = [], 0
    yield some
