"""The columns of a segment file: the feed order, the envelope, the JSON, and texts for pruning.

A text column holds what a search compares (`fold`ed; several values joined by newlines), or null
where the field is absent. It only narrows a search, so where it cannot hold a value it says
`UNKNOWN`, which every condition accepts.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import pyarrow as pa

from haidang.model.event import Document, Event
from haidang.model.fields import as_text, several, tree
from haidang.model.fold import fold
from haidang.store.events.fields import FIELDS

VERSION = 1
VERSION_KEY = b"haidang.schema_version"

# (segment, row): the number of the flush, and the index in the flushed batch.
Key: TypeAlias = tuple[int, int]

MAX_TEXT = 1024
UNKNOWN = "\n"

_TREE = tree(FIELDS)

ENVELOPE = (
    ("id", pa.string()),
    ("time", pa.int64()),
    ("received", pa.int64()),
    ("source", pa.string()),
    ("dataset", pa.string()),
    ("operator", pa.string()),
    ("affected", pa.list_(pa.string())),
    ("zone", pa.string()),
    ("level", pa.int64()),
    ("ecs", pa.binary()),
)
ENVELOPE_NAMES = tuple(name for name, _ in ENVELOPE)
ORDER_NAMES = ("segment", "row")


def text_column(field: str) -> str:
    """The column that prunes by an ECS field; the prefix keeps `source` and `source.ip` apart."""
    return f"text.{field}"


SCHEMA = pa.schema(
    [
        *((name, pa.int64()) for name in ORDER_NAMES),
        *ENVELOPE,
        *((text_column(field), pa.string()) for field in FIELDS),
    ]
)


def to_batch(events: Sequence[Event], keys: Sequence[Key]) -> pa.RecordBatch:
    """Rows of `SCHEMA` for these events; `keys` are their places in the feed, in step."""
    columns: list[Any] = [[key[0] for key in keys], [key[1] for key in keys]]
    columns.extend([getattr(event, name) for event in events] for name in ENVELOPE_NAMES)
    columns.extend(_texts(events).values())
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def to_events(batch: pa.RecordBatch) -> list[Event]:
    """The events of a batch that has at least the envelope's columns."""
    columns = [batch.column(name).to_pylist() for name in ENVELOPE_NAMES]
    return [to_event(row) for row in zip(*columns, strict=True)]


def to_event(row: tuple[Any, ...]) -> Event:
    """The event of one row of `ENVELOPE_NAMES`."""
    return Event(*(*row[:6], tuple(row[6]), *row[7:]))


def to_keys(batch: pa.RecordBatch) -> list[Key]:
    """The places in the feed of a batch's rows."""
    columns = [batch.column(name).to_pylist() for name in ORDER_NAMES]
    return list(zip(*columns, strict=True))


def _texts(events: Sequence[Event]) -> dict[str, list[str | None]]:
    columns: dict[str, list[str | None]] = {field: [None] * len(events) for field in FIELDS}
    for index, event in enumerate(events):
        for field, text in pruning_texts(event.document()).items():
            columns[field][index] = text
    return columns


def pruning_texts(document: Document) -> dict[str, str]:
    """The text of each field of `FIELDS` that the document has."""
    return {field: text_of(found) for field, found in several(document, _TREE).items()}


def text_of(found: Sequence[Any]) -> str:
    """The pruning text of a field's values, or UNKNOWN: too long, or an object among them."""
    if len(found) == 1 and found[0].__class__ is str:  # nearly all
        text = fold(found[0])
    elif dict in map(type, found):
        return UNKNOWN
    else:
        text = "\n".join([fold(as_text(value)) for value in found])
    return text if len(text) <= MAX_TEXT else UNKNOWN
