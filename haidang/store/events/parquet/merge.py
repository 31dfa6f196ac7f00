"""Merging: flushes into hours, hours into days, by level and by the time of receipt (UTC).

Every event keeps its place in the feed, so readers notice nothing. A merged file counts from the
moment the manifest names it in place of its inputs.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from haidang import durable
from haidang.model.instant import DAY, HOUR, Instant
from haidang.store.events.parquet import segment as segments
from haidang.store.events.parquet.folder import Folder
from haidang.store.events.parquet.manifest import Manifest, Reader, Segment, Span
from haidang.store.events.parquet.order import Source, interleave
from haidang.store.events.parquet.schema import SCHEMA

# A merged file's bound: its footer (some 5 kB for each 5,000 rows) is read at each opening.
MAX_ROWS = 2_000_000

Group: TypeAlias = tuple[Span, Sequence[Segment]]


def plan(manifest: Manifest, now: Instant, max_rows: int = MAX_ROWS) -> list[Group]:
    """The groups of segments to merge at `now`, each of two files or more.

    An hour is merged once it is over, a day once it is over; groups do not overlap.
    """
    spans: dict[tuple[int, Span, Instant], list[Segment]] = defaultdict(list)
    for segment in manifest.segments:
        received = segment.extent.max_received
        if (received // DAY + 1) * DAY <= now:
            spans[segment.level, "day", received // DAY].append(segment)
        elif (received // HOUR + 1) * HOUR <= now:
            spans[segment.level, "hour", received // HOUR].append(segment)
    return [
        (span, group)
        for (_, span, _), members in sorted(spans.items())
        for group in _bounded(members, max_rows)
        if _worth_it(group)
    ]


def _bounded(members: Iterable[Segment], max_rows: int) -> Iterator[list[Segment]]:
    group: list[Segment] = []
    for segment in sorted(members, key=lambda one: one.first):
        if sum(one.extent.rows for one in group) + segment.extent.rows > max_rows and group:
            yield group
            group = []
        group.append(segment)
    yield group


def _worth_it(group: Sequence[Segment]) -> bool:
    # Stragglers of an old day must not each rewrite the whole day.
    rows = sorted(segment.extent.rows for segment in group)
    return len(group) > 1 and (sum(rows[:-1]) * 10 >= rows[-1] or len(group) > 32)


def merge(folder: Folder, reader: Reader, now: Instant, max_rows: int = MAX_ROWS) -> int:
    """Merge what is due at `now`; the number of files merged away.

    Files merged away by the call before are deleted first. Waits for another merging process;
    writers wait only for its commits. Raises OSError, Unavailable.
    """
    with folder.locked("merge.lock"):
        _clean(folder, reader)
        return sum(_merge(folder, reader, group) for group in plan(reader.read(), now, max_rows))


def _clean(folder: Folder, reader: Reader) -> None:
    for left in folder.merging.iterdir():
        left.unlink()
    with folder.locked():
        manifest = reader.read()
        if manifest.retired:
            manifest = manifest.retired_gone()
            folder.commit(manifest, "sweep.manifest")
        folder.sweep(manifest)


def _merge(folder: Folder, reader: Reader, group: Group) -> int:
    span, inputs = group
    first = min(segment.first for segment in inputs)
    last = max(segment.last for segment in inputs)
    aside = folder.merging / f"{first}-{last}.parquet"
    extent = segments.write(aside, _rows(folder.path, inputs), "merge.segment")
    size = aside.stat().st_size
    with folder.locked():
        manifest = reader.read()
        if not {*inputs} <= {*manifest.segments}:  # retention was faster
            aside.unlink()
            return 0
        level = inputs[0].level
        file = folder.segment_file(level, first, last, manifest.generation + 1)
        durable.rename(aside, folder.path / file, "merge.segment")
        merged = Segment(level, file, first, last, span, size, extent)
        changed = manifest.without(inputs, [merged]).retiring(one.file for one in inputs)
        folder.commit(changed, "merge.manifest")
    return len(inputs)


def _rows(path: Path, inputs: Iterable[Segment]) -> Iterator[pa.RecordBatch]:
    for run in interleave([_source(path, segment) for segment in inputs]):
        yield run.rows


def _source(path: Path, segment: Segment) -> Source[Any]:
    return (segment.first, 0), partial(_runs, path / segment.file, segment.extent.rows)


def _runs(path: Path, rows: int) -> Iterator[Any]:
    footer = segments.metadata(path, rows)
    return segments.runs(path, footer, SCHEMA.names, (0, -1))
