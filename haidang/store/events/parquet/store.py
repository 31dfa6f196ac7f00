"""`ParquetStore`: the embedded event store, one folder that several processes may use at once."""

import errno
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

import pyarrow as pa

from haidang import durable
from haidang.errors import HaidangError, Unavailable
from haidang.model.event import Event
from haidang.model.instant import SECOND, Instant
from haidang.model.scope import Scope
from haidang.store.events.holds import check_case
from haidang.store.events.parquet import hold, merge
from haidang.store.events.parquet import segment as segments
from haidang.store.events.parquet.folder import Folder, prepare
from haidang.store.events.parquet.manifest import Manifest, Reader, Segment
from haidang.store.events.parquet.order import Run, Source, interleave
from haidang.store.events.parquet.schema import (
    ENVELOPE_NAMES,
    ORDER_NAMES,
    Key,
    to_batch,
    to_events,
)
from haidang.store.events.parquet.search import Searcher
from haidang.store.events.protocol import START, Filter, Page, Position, Range, Receipt

_BEFORE_ALL: Key = (0, -1)
_PAGE_BYTES = 16 << 20  # a page of long events is cut: its reader holds all of it in memory
_MERGE_EVERY = 60 * SECOND
_FOOTERS = 16  # open footers kept: the pages of a feed read the same file again and again

Answer = TypeVar("Answer")


class ParquetStore:
    """An `EventStore` of segment files in a folder (see `folder`); safe for threads and processes.

    A position is "segment:row". Every method may raise `Unavailable` (see the protocol) and
    `HaidangError` (files of an unknown version, a position of another store).
    """

    def __init__(self, folder: Folder, searcher: Searcher) -> None:
        """Use `open`."""
        self._folder = folder
        self._searcher = searcher
        self._manifest = Reader(folder.manifest)
        self._footer = lru_cache(maxsize=_FOOTERS)(segments.metadata)
        self._swept = False
        self._merged: Instant | None = None

    @classmethod
    def open(cls, path: Path, memory_limit: str = "128MB", threads: int = 1) -> Self:
        """Open or create the store in a folder; memory and threads bound each search.

        Makes pyarrow's memory pool and thread count of this process small. Raises Unavailable
        and HaidangError.
        """
        pa.set_memory_pool(pa.system_memory_pool())
        pa.set_cpu_count(1)
        pa.set_io_thread_count(1)
        folder = prepare(path)
        store = cls(folder, Searcher(folder.path, memory_limit, threads))
        store._manifest.read()
        return store

    def close(self) -> None:
        """Free the memory of searches."""
        self._searcher.close()

    def append(self, batch: Sequence[Event]) -> Receipt:
        """See the protocol; one flush, one segment file for each level in it. Refuses nothing."""
        if not batch:
            return Receipt(self.head())
        with self._clear_errors(), self._folder.locked():
            manifest = self._manifest.read()
            self._sweep_once(manifest)
            try:
                return Receipt(self._flush(manifest, batch))
            except Exception:
                self._swept = False
                self._sweep_once(self._manifest.read())
                raise

    def _flush(self, manifest: Manifest, batch: Sequence[Event]) -> Position:
        levels: dict[int, list[tuple[Key, Event]]] = defaultdict(list)
        number = manifest.next_segment
        for row, event in enumerate(batch):
            levels[event.level].append(((number, row), event))
        written = [
            self._write(level, rows, manifest.generation + 1)
            for level, rows in sorted(levels.items())
        ]
        head = (number, len(batch) - 1)
        self._folder.commit(manifest.with_flush(written, head), "manifest")
        return _position(head)

    def _write(self, level: int, rows: list[tuple[Key, Event]], generation: int) -> Segment:
        number = rows[0][0][0]
        file = self._folder.segment_file(level, number, number, generation)
        target = self._folder.path / file
        aside = target.with_name(f".{target.name}.tmp")
        extent = segments.write(aside, _batches(rows), "segment")
        size = aside.stat().st_size
        durable.rename(aside, target, "segment")
        return Segment(level, file, number, number, "flush", size, extent)

    def _sweep_once(self, manifest: Manifest) -> None:
        if not self._swept:
            self._folder.sweep(manifest)
            self._swept = True

    def ids_after(self, position: Position) -> frozenset[str]:
        """See the protocol."""
        after = _key(position)

        def ids(manifest: Manifest) -> frozenset[str]:
            _check_not_ahead(manifest, after)
            live = [segment for segment in manifest.segments if segment.last >= after[0]]
            columns = [*ORDER_NAMES, "id"]
            return frozenset(
                name
                for segment in live
                for run in self._runs(segment, columns, after)
                for name in run.rows.column("id").to_pylist()
            )

        return self._retried(ids)

    def head(self) -> Position:
        """See the protocol."""
        head = self._manifest.read().head
        return _position(head) if head else START

    def read(
        self, scope: Scope, after: Position, limit: int, until: Position | None = None
    ) -> Page:
        """See the protocol. Memory: some row groups (8 MiB of JSON each) and the page (16 MiB)."""
        start = _key(after)
        stop = None if until is None else _key(until)

        def page(manifest: Manifest) -> Page:
            _check_not_ahead(manifest, start)
            if manifest.head == start or limit <= 0:
                return Page((), after)
            return _page(self._feed(manifest, start, stop), scope, after, limit, stop)

        return self._retried(page)

    def _feed(
        self, manifest: Manifest, after: Key, until: Key | None
    ) -> Iterator[Run[list[Event]]]:
        live = [
            segment
            for segment in manifest.segments
            if segment.last >= after[0] and (until is None or segment.first <= until[0])
        ]
        return interleave([self._source(segment, after) for segment in live])

    def _source(self, segment: Segment, after: Key) -> Source[list[Event]]:
        def events() -> Iterator[Run[list[Event]]]:
            for run in self._runs(segment, (*ORDER_NAMES, *ENVELOPE_NAMES), after):
                yield Run(run.keys, to_events(run.rows))

        return max((segment.first, 0), after), events

    def _runs(self, segment: Segment, columns: Sequence[str], after: Key) -> Iterator[Run[Any]]:
        path = self._folder.path / segment.file
        return segments.runs(path, self._footer(path, segment.extent.rows), columns, after)

    def search(
        self, scope: Scope, wanted: Filter, between: Range, limit: int = 1000
    ) -> Sequence[Event]:
        """See the protocol."""
        if limit <= 0 or (wanted.ids is not None and not wanted.ids):
            return ()

        def answer(manifest: Manifest) -> list[Event]:
            return self._searcher.search(manifest.segments, scope, wanted, between, limit)

        return self._retried(answer)

    def drop(self, before: Instant, level: int, passed: Position) -> int:
        """See the protocol."""
        reader = _key(passed)
        with self._clear_errors(), self._folder.locked():
            manifest = self._manifest.read()
            _check_not_ahead(manifest, reader)
            old = [
                segment
                for segment in manifest.segments
                if segment.level == level
                and segment.extent.max_received < before
                and self._is_passed(segment, reader)
            ]
            if old:
                self._folder.commit(manifest.without(old), "drop.manifest")
            for segment in old:
                (self._folder.path / segment.file).unlink(missing_ok=True)
        return sum(segment.extent.rows for segment in old)

    def _is_passed(self, segment: Segment, reader: Key) -> bool:
        if segment.last != reader[0]:
            return segment.last < reader[0]
        return next(self._runs(segment, ORDER_NAMES, reader), None) is None

    def hold(self, case: str, events: Iterable[Event]) -> int:
        """See the protocol. The copies lie in the folder `holds/<case>/`."""
        folder = self._hold(case)
        with self._clear_errors():
            return hold.keep(folder, ParquetStore.open(folder.path), events)

    def held(self, scope: Scope, case: str) -> Iterator[Event]:
        """See the protocol."""
        return hold.kept(self._hold(case), scope)

    def _hold(self, case: str) -> Folder:
        check_case(case)
        return Folder(self._folder.path / "holds" / case)

    def maintain(self, now: Instant) -> None:
        """See the protocol: `merge`, at most once a minute of `now`."""
        if self._merged is None or not 0 <= now - self._merged < _MERGE_EVERY:
            self._merged = now
            self.merge(now)

    def merge(self, now: Instant, max_rows: int = merge.MAX_ROWS) -> int:
        """Merge finished hours and days into one file each; the number of files merged away.

        For one process to call, see `maintain`. `max_rows` bounds a merged file.
        """
        with self._clear_errors():
            return self._retried(lambda _: merge.merge(self._folder, self._manifest, now, max_rows))

    def _retried(self, read: Callable[[Manifest], Answer]) -> Answer:
        """`read` by the manifest, again where a merge removed a file meanwhile."""
        manifest = self._manifest.read()
        while True:
            try:
                return read(manifest)
            except FileNotFoundError as error:
                newer = self._manifest.read()
                if newer is manifest:
                    what = "is missing; restore this file from the backup"
                    raise Unavailable(f"{error.filename}: the segment {what}") from error
                manifest = newer

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            what = "the disk is full; make room, nothing was lost" if full else error.strerror
            raise Unavailable(f"{error.filename or self._folder.path}: {what}") from error


def _batches(rows: list[tuple[Key, Event]]) -> Iterator[pa.RecordBatch]:
    """Record batches of bounded rows and JSON bytes, so that a flush of large events is cut."""
    keys: list[Key] = []
    events: list[Event] = []
    size = 0
    for key, event in rows:
        if size + len(event.ecs) > segments.GROUP_BYTES or len(keys) == segments.BATCH_ROWS:
            if keys:
                yield to_batch(events, keys)
            keys, events, size = [], [], 0
        keys.append(key)
        events.append(event)
        size += len(event.ecs)
    yield to_batch(events, keys)


def _page(
    feed: Iterator[Run[list[Event]]], scope: Scope, after: Position, limit: int, until: Key | None
) -> Page:
    events: list[Event] = []
    looked = size = 0
    last: Key | None = None
    for run in feed:
        for key, event in zip(run.keys, run.rows, strict=True):
            full = looked == limit or size >= _PAGE_BYTES
            if full or (until is not None and key > until):
                return Page(events, _position(last) if last else after)
            looked += 1
            size += len(event.ecs)
            last = key
            if scope.sees(event.operator, event.affected):
                events.append(event)
    return Page(events, _position(last) if last else after)


def _check_not_ahead(manifest: Manifest, after: Key) -> None:
    """A reader ahead of the store would silently skip what comes next."""
    if after > (manifest.head or _BEFORE_ALL):
        what = "is after the newest event: was the store restored from an older backup?"
        raise Unavailable(f"position {_position(after)} {what}")


def _position(key: Key) -> Position:
    return f"{key[0]}:{key[1]}"


def _key(position: Position) -> Key:
    if position == START:
        return _BEFORE_ALL
    segment, _, row = position.partition(":")
    if not (segment.isdecimal() and row.isdecimal()):
        raise HaidangError(f"{position!r} is not a position of this store (segment:row)")
    return int(segment), int(row)
