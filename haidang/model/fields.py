"""Reading dotted fields of an ECS document, nested or with dots written out in its keys."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from math import isfinite
from typing import Any, TypeAlias

import orjson

from haidang.model.event import Document

# Fields that no event holds: `haidang.store.calendar` computes them of an event's time and place.
CALENDAR = "haidang.calendar."
CALENDAR_DAY = f"{CALENDAR}day"
CALENDAR_HOURS = f"{CALENDAR}hours"
CALENDAR_WINDOWS = f"{CALENDAR}windows"
COMPUTED = frozenset((CALENDAR_DAY, CALENDAR_HOURS, CALENDAR_WINDOWS))

# {first part: {second part: … path}} of dotted paths.
Tree: TypeAlias = Mapping[str, Any]


def values(document: Document, path: str) -> list[Any]:
    """Return every value at `path`, lists flattened, objects inside lists entered; [] where absent.

    A literal key `a.b` wins over `a: {b: …}`, then the shortest beginning that leads to a value.
    A present null is [None], an empty list is [].
    """
    found: list[Any] = []
    _gather(document, path, found)
    return found


def _gather(value: Any, path: str, found: list[Any]) -> None:
    if isinstance(value, list):
        for item in value:
            _gather(item, path, found)
    elif isinstance(value, dict):
        if path in value:
            _flatten(value[path], found)
            return
        before = len(found)
        for head, rest in _splits(path):
            if head in value:
                _gather(value[head], rest, found)
                if len(found) > before:
                    return


@lru_cache(maxsize=4096)
def _splits(path: str) -> tuple[tuple[str, str], ...]:
    """(head, rest) for each dot of the path, the shortest head first."""
    parts = path.split(".")
    heads = range(1, len(parts))
    return tuple((".".join(parts[:count]), ".".join(parts[count:])) for count in heads)


def _flatten(value: Any, found: list[Any]) -> None:
    if isinstance(value, list):
        for item in value:
            _flatten(item, found)
    else:
        found.append(value)


def tree(paths: Iterable[str]) -> Tree:
    """Return what `several` needs to look for these paths, none of which begins another."""
    made: Document = {}
    for path in paths:
        put(made, path, path)
    return made


def several(document: Document, wanted: Tree) -> dict[str, list[Any]]:
    """Return `values` of every path of a tree that has any, by one walk over the document."""
    found: dict[str, list[Any]] = {}
    _walk(document, wanted, 0, found)
    return {path: some for path, some in found.items() if some}


def _walk(node: Any, wanted: Tree, start: int, found: dict[str, list[Any]]) -> None:
    """Gather what `wanted` has below `node`; `start` is where its paths go on from there."""
    if isinstance(node, dict):
        if "." in "".join(node):  # rare: such a key may be a part of any path
            for path in _paths(wanted):
                _gather(node, path[start:], found.setdefault(path, []))
            return
        for key, value in node.items():
            below = wanted.get(key)
            if below.__class__ is str:
                if value.__class__ is list:
                    _flatten(value, found.setdefault(below, []))
                else:
                    found.setdefault(below, []).append(value)
            elif below is not None:
                _walk(value, below, start + len(key) + 1, found)
    elif isinstance(node, list):
        for item in node:
            _walk(item, wanted, start, found)


def _paths(wanted: Tree) -> Iterator[str]:
    for below in wanted.values():
        if isinstance(below, str):
            yield below
        else:
            yield from _paths(below)


def scalars(document: Document) -> dict[str, Any] | None:
    """Return the first scalar of every path that `values` has one for, nulls left out.

    One walk, for who reads many paths. None where a key holds a dot, or objects are nested too
    deeply to walk: then use `values`.
    """
    found: dict[str, Any] = {}
    try:
        return found if _scalars(document, "", found) else None
    except RecursionError:
        return None


def _scalars(value: Any, path: str, found: dict[str, Any]) -> bool:
    if isinstance(value, dict):
        if "." in "".join(value):
            return False
        head = f"{path}." if path else ""
        return all(_scalars(inner, f"{head}{key}", found) for key, inner in value.items())
    if isinstance(value, list):
        return all(_scalars(item, path, found) for item in value)
    if value is not None:
        found.setdefault(path, value)
    return True


def first_text(document: Document, path: str) -> str:
    """Return the first non-empty value at `path` as text, "" where there is none."""
    return next((as_text(value) for value in values(document, path) if value not in (None, "")), "")


def as_text(value: Any) -> str:
    """Return a scalar as Sigma compares it: its JSON text, as Elasticsearch indexes it too.

    So booleans are `true`/`false` and numbers as in `1.0`, `1e-7`; null is the empty text.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, float)) and isfinite(value):  # JSON has no other
        return orjson.dumps(value).decode()
    return "" if value is None else str(value)


def put(document: Document, path: str, value: Any) -> None:
    """Set a dotted field as nested objects; replaces a scalar that stands in the way."""
    *parents, leaf = path.split(".")
    for parent in parents:
        inner = document.get(parent)
        if not isinstance(inner, dict):
            inner = document[parent] = {}
        document = inner
    document[leaf] = value
