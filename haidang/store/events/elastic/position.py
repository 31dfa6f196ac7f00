"""A position in the feed: how far each shard was read, as one line of canonical JSON.

    {"<index uuid>/<shard>":<sequence number>,…}

Keys are sorted and shards of which nothing was read are left out, so that equal positions are
equal texts.
"""

from collections.abc import Mapping
from typing import TypeAlias

import orjson

from haidang.errors import HaidangError, Unavailable
from haidang.store.events.elastic.shards import Primary
from haidang.store.events.protocol import START, Position

# The last sequence number read by the key of its shard (`Primary.key`).
Marks: TypeAlias = dict[str, int]

NOTHING = -1  # the mark of a shard of which nothing was read, as Elasticsearch numbers it


def encode(marks: Mapping[str, int]) -> Position:
    """The position of these marks."""
    read = {key: mark for key, mark in marks.items() if mark > NOTHING}
    return orjson.dumps(read, option=orjson.OPT_SORT_KEYS).decode() if read else START


def decode(position: Position) -> Marks:
    """The marks of a position. Raises HaidangError for one of another store."""
    if position == START:
        return {}
    try:
        marks = orjson.loads(position)
    except orjson.JSONDecodeError:
        marks = None
    if not isinstance(marks, dict) or not all(map(_is_mark, marks.items())):
        what = "is not a position of this store (a number for each index and shard)"
        raise HaidangError(f"{position[:80]!r} {what}")
    return marks


def _is_mark(item: tuple[str, object]) -> bool:
    uuid, _, shard = item[0].partition("/")
    return bool(uuid) and shard.isdecimal() and type(item[1]) is int and item[1] > NOTHING


def check_not_ahead(marks: Mapping[str, int], primaries: list[Primary]) -> None:
    """A reader ahead of the store would silently skip what comes next. Raises Unavailable."""
    for one in primaries:
        mark = marks.get(one.key, NOTHING)
        if mark > one.checkpoint:
            what = "is after the newest event: was the store restored from an older backup?"
            raise Unavailable(f"position {mark} in {one.index} ({one.checkpoint}) {what}")
