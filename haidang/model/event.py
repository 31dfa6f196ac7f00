"""The event: a small frozen envelope around the ECS document as JSON bytes.

What the source sent lives in the document, in the source's order; what we add lives in the
envelope, or under the document's own key `haidang` (for instance `haidang.logsource`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from haidang.errors import Refused
from haidang.model.instant import Instant

Document: TypeAlias = dict[str, Any]

ECS_VERSION = "8.17.0"
MAX_DEPTH = 200
MAX_KEY_BYTES = 512
_MIN_LONG, _MAX_LONG = -(2**63), 2**63 - 1
_LEAVES = frozenset((str, bool, float, type(None)))
_MOST_KEYS = 4096
# Keys that passed; sources may send any, so it is emptied when it has grown.
_KNOWN_KEYS: set[str] = set()


@dataclass(frozen=True, slots=True)
class Event:
    """One normalised record. Units are ids of the inventory; empty means unresolved."""

    id: str
    time: Instant
    received: Instant
    source: str
    dataset: str
    operator: str
    affected: tuple[str, ...]
    zone: str
    level: int
    ecs: bytes

    def document(self) -> Document:
        """Return the ECS document, decoded anew at each call."""
        document: Document = orjson.loads(self.ecs)
        return document


def encode(document: Document) -> bytes:
    """Return the document as JSON bytes that both stores keep alike.

    Integers beyond 64 bits become strings. Raises Refused for depth over 200, blank keys, keys
    over 512 bytes and lone surrogates: Elasticsearch would refuse or change each of them.
    """
    try:
        return orjson.dumps(document if _is_plain(document) else _checked(document, 1))
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        raise Refused("a value cannot be written as JSON (a lone surrogate?)") from error


def _is_plain(document: Document) -> bool:
    """Whether nothing has to change: a look layer by layer, most of it set by set.

    Raises Refused for keys; whatever else is out of the ordinary is left to `_checked`.
    """
    layer: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for node in layer:
            items = node
            if node.__class__ is dict:
                if not _KNOWN_KEYS.issuperset(node):
                    _learn(node)
                items = node.values()
            if not _LEAVES.issuperset(map(type, items)) and not _look_closer(items, below):
                return False
        if not below:
            return True
        layer = below
    return False


def _look_closer(items: Iterable[Any], below: list[Any]) -> bool:
    """Note the objects and lists among `items`; False if one of the others must change."""
    for item in items:
        kind = item.__class__
        if kind is dict or kind is list:
            below.append(item)
        elif kind not in _LEAVES and not (kind is int and _MIN_LONG <= item <= _MAX_LONG):
            return False
    return True


def _learn(keys: Iterable[str]) -> None:
    """Check keys that were not seen before; documents repeat them, so they are remembered."""
    if len(_KNOWN_KEYS) > _MOST_KEYS:
        _KNOWN_KEYS.clear()
    for key in keys:
        _check_key(key)
        _KNOWN_KEYS.add(key)


def _checked(value: Any, depth: int) -> Any:
    """`value`, copied only where something in it had to change."""
    if isinstance(value, dict):
        return _checked_members(value, depth)
    if isinstance(value, list):
        _check_depth(depth)
        items = [_checked(item, depth + 1) for item in value]
        changed = any(new is not old for new, old in zip(items, value, strict=True))
        return items if changed else value
    if type(value) is int and not _MIN_LONG <= value <= _MAX_LONG:
        return str(value)
    return value


def _checked_members(value: Document, depth: int) -> Document:
    _check_depth(depth)
    changes = {}
    for key, item in value.items():
        _check_key(key)
        new = _checked(item, depth + 1)
        if new is not item:
            changes[key] = new
    return {**value, **changes} if changes else value


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Refused(f"nested deeper than {MAX_DEPTH} levels")


def _check_key(key: str) -> None:
    if not key or key.isspace():
        raise Refused("a blank key")
    if len(key) * 4 > MAX_KEY_BYTES and len(key.encode("utf-8", "replace")) > MAX_KEY_BYTES:
        raise Refused(f"a key longer than {MAX_KEY_BYTES} bytes")
