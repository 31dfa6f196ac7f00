"""Segment files: written once, in row groups of bounded size, and read a row group at a time."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from haidang import durable
from haidang.errors import HaidangError, Unavailable
from haidang.store.events.fields import FIELDS
from haidang.store.events.parquet.manifest import Extent, unknown_version
from haidang.store.events.parquet.order import Run
from haidang.store.events.parquet.schema import (
    SCHEMA,
    VERSION,
    VERSION_KEY,
    Key,
    text_column,
    to_keys,
)

GROUP_ROWS = 5_000
GROUP_BYTES = 8 * 1024 * 1024
BATCH_ROWS = 1_000

_ENCODED = ("segment", "row", "time", "received")
_DICTIONARY = ["level", "source", "dataset", "operator", "zone", "affected.list.element"]


def write(path: Path, batches: Iterable[pa.RecordBatch], name: str) -> Extent:
    """Write a new file and make its content durable (point `NAME`); batches of `SCHEMA`.

    Raises OSError, for instance where the disk is full.
    """
    extents = []
    with path.open("wb") as file:
        with _writer(file) as writer:
            for table in _row_groups(batches):
                writer.write_table(table, row_group_size=table.num_rows)
                extents.append(_extent(table))
            writer.add_key_value_metadata({VERSION_KEY: str(VERSION).encode()})
        file.flush()
        durable.sync(file.fileno(), name)
    return _sum(extents)


def _writer(file: BinaryIO) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        file,
        SCHEMA,
        compression="zstd",
        compression_level=1,
        use_dictionary=[*_DICTIONARY, *(text_column(field) for field in FIELDS)],
        column_encoding=dict.fromkeys(_ENCODED, "DELTA_BINARY_PACKED"),
        write_statistics=list(_ENCODED),
        write_page_checksum=True,
        store_schema=False,
    )


def _row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    pending: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        if pending and (rows + len(batch) > GROUP_ROWS or size + batch.nbytes > GROUP_BYTES):
            yield pa.Table.from_batches(pending, SCHEMA)
            pending, rows, size = [], 0, 0
        pending.append(batch)
        rows += len(batch)
        size += batch.nbytes
    if pending:
        yield pa.Table.from_batches(pending, SCHEMA)


def _extent(table: pa.Table) -> Extent:
    time = pc.min_max(table.column("time")).as_py()
    received = pc.min_max(table.column("received")).as_py()
    return Extent(table.num_rows, time["min"], time["max"], received["min"], received["max"])


def _sum(extents: Sequence[Extent]) -> Extent:
    return Extent(
        sum(extent.rows for extent in extents),
        min(extent.min_time for extent in extents),
        max(extent.max_time for extent in extents),
        min(extent.min_received for extent in extents),
        max(extent.max_received for extent in extents),
    )


@contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Damage and failing disks as Unavailable with the file's name; a missing file as it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        what = getattr(error, "strerror", None) or f"the segment is damaged ({error})"
        raise Unavailable(f"{path}: {what}; restore this file from the backup") from error


def metadata(path: Path, rows: int) -> Any:
    """The footer of a file (pyarrow's FileMetaData), which must hold `rows` rows.

    Raises FileNotFoundError, Unavailable (damaged), HaidangError (unknown version).
    """
    with clear_errors(path), path.open("rb") as opened:
        footer = pq.read_metadata(opened)
    version = (footer.metadata or {}).get(VERSION_KEY, b"missing").decode("utf-8", "replace")
    if version != str(VERSION):
        raise HaidangError(unknown_version(path, version))
    if footer.num_rows != rows:
        what = f"the segment has {footer.num_rows} rows, the manifest says {rows}"
        raise Unavailable(f"{path}: {what}; restore this file from the backup")
    return footer


def batches(
    path: Path,
    footer: Any,
    columns: Sequence[str],
    after: Key = (0, 0),
) -> Iterator[pa.RecordBatch]:
    """The rows of a file in feed order, from the row group that holds what follows `after`.

    Raises FileNotFoundError and Unavailable.
    """
    with clear_errors(path), path.open("rb") as opened:
        file = pq.ParquetFile(opened, metadata=footer, page_checksum_verification=True)
        for group in _groups_from(footer, after[0]):
            yield from file.iter_batches(
                BATCH_ROWS, row_groups=[group], columns=list(columns), use_threads=False
            )


def _groups_from(footer: Any, segment: int) -> list[int]:
    groups = range(footer.num_row_groups)
    statistics = [footer.row_group(group).column(0).statistics for group in groups]
    return [group for group in groups if statistics[group].max >= segment]


def runs(
    path: Path,
    footer: Any,
    columns: Sequence[str],
    after: Key,
) -> Iterator[Run[pa.RecordBatch]]:
    """The rows after `after` with their keys; `columns` include the two of the order."""
    for batch in batches(path, footer, columns, after):
        keys = to_keys(batch)
        start = bisect_right(keys, after)
        if start < len(keys):
            yield Run(keys[start:], batch[start:])
