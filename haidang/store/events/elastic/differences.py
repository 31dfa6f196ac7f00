"""What differs between the settings and mappings that a server gives back and those we want.

Elasticsearch takes `8191` and gives `"8191"` back, nested or dotted: all is compared as text by
dotted path.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import orjson

from haidang.store.events.elastic.document import CARRIED, ENVELOPE, TIMESTAMP

# (does it break a promise of the store, the sentence)
Difference: TypeAlias = tuple[bool, str]

# Not ours to set, but these values decide whether an event is kept as it came; anything else set
# by others (allocation, merging, slow logs) is their business.
_DEFAULTS = {
    "default_pipeline": "_none",
    "final_pipeline": "_none",
    "lifecycle.name": "",
    "mapping.source.mode": "stored",
    "translog.durability": "request",
}
# Of our own settings, those that cost time or space only.
_COSTS = frozenset(
    {
        "auto_expand_replicas",
        "codec",
        "mapping.ignore_above",
        "mapping.total_fields.ignore_dynamic_beyond_limit",
        "mapping.total_fields.limit",
        "number_of_shards",
        "refresh_interval",
    }
)
_HARMLESS = frozenset({"_data_stream_timestamp", "_meta"})
_NOTHING = "nothing"


def flat(value: Any, path: str = "") -> dict[str, str]:
    """Dotted path → text of each leaf; a list is a leaf."""
    if isinstance(value, Mapping):
        leaves: dict[str, str] = {}
        for key, below in value.items():
            leaves |= flat(below, f"{path}.{key}" if path else str(key))
        return leaves
    return {path: _text(value)}


def of_values(
    place: str, found: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Iterator[Difference]:
    """Every leaf that is not the same; each breaks a promise."""
    have, want = flat(found), flat(wanted)
    for key in sorted({*have, *want}):
        if have.get(key) != want.get(key):
            is_, must = have.get(key, _NOTHING), want.get(key, _NOTHING)
            yield True, f"{place}: {key} is {is_}, must be {must}"


def of_settings(
    place: str, found: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Iterator[Difference]:
    """Of index settings (what lies below `index`)."""
    have = flat(found)
    for key, want in flat(wanted).items():
        is_ = have.get(key, _NOTHING)
        if is_ != want:
            must = "should" if key in _COSTS else "must"
            yield key not in _COSTS, f"{place}: setting {key} is {is_}, {must} be {want}"
    for key, default in _DEFAULTS.items():
        is_ = have.get(key, default)
        if is_.lower() != default:
            yield True, f"{place}: setting {key} is {is_}, must not be set"
    for key, is_ in have.items():
        if key.startswith("blocks.") and is_ == "true":
            yield False, f"{place}: setting {key} is true: not everything can be done with it now"


def of_mappings(
    place: str,
    found: Mapping[str, Any],
    wanted: Mapping[str, Any],
    other: Mapping[str, Any],
    *,
    closed: bool = False,
) -> Iterator[Difference]:
    """Of mappings; fields that only the server has should be mapped as `other`.

    A field of the sources may be missing, since it is mapped when it first comes. To an index that
    is `closed` nothing is added any more: how it maps new fields, and which of our fields it did
    not know yet, was the business of an older version.
    """
    ours, theirs = wanted["properties"], found.get("properties", {})
    passed = {"properties", *_HARMLESS, *(["dynamic_templates"] if closed else [])}
    have, want = (
        {key: mapping[key] for key in mapping if key not in passed} for mapping in (found, wanted)
    )
    yield from of_values(f"{place}: mapping", have, want)
    for name in sorted({*ours, *theirs}):
        own = name == TIMESTAMP or name.startswith((f"{ENVELOPE}.", CARRIED))
        must, is_ = flat(ours.get(name, other)), flat(theirs.get(name, {}))
        if is_ == must or not (is_ or (own and not closed)):
            continue
        what = "must" if own else "only a full look finds its values, should"
        yield own, f"{place}: field {name} is {_shown(is_)}, {what} be {_shown(must)}"


def _shown(leaves: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {leaves[key]}" for key in sorted(leaves)) or _NOTHING


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
