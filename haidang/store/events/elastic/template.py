"""The index template of the event streams: putting it, and finding what differs from it.

Other people use the cluster too. What they change either breaks a promise of the store (a pipeline
that rewrites events, no sequence numbers): then it refuses to work. Or it merely costs time or
space: then `haidang store check` shows it, and collecting goes on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from string import ascii_lowercase
from typing import Any

from haidang.errors import HaidangError
from haidang.model.ids import make_id
from haidang.store.events.elastic.client import Client, Rejected
from haidang.store.events.elastic.differences import (
    Difference,
    flat,
    of_mappings,
    of_settings,
    of_values,
)
from haidang.store.events.elastic.document import CARRIED, ENVELOPE, TIMESTAMP
from haidang.store.events.elastic.names import patterns
from haidang.store.events.elastic.shards import streams
from haidang.store.events.fields import FIELDS

VERSION = 1
PRIORITY = 500
FOLDED = {"type": "keyword", "normalizer": "folded"}
_LETTERS = "_" + ascii_lowercase
_RIVALS = ",".join(
    f"index_templates.{what}"
    for what in ("name", "index_template.index_patterns", "index_template.priority")
)
# Of an index's mapping all but what sources sent: that alone can be megabytes.
_OURS = ",".join(
    f"*.mappings.{part}*"
    for part in ("properties.@timestamp", "properties.haidang", *_LETTERS.replace("p", ""))
)
_SCALARS = ["string", "long", "double", "boolean"]


@dataclass(frozen=True, slots=True)
class Findings:
    """What differs from what we want, one sentence each; `breaks` forbids to use the store."""

    breaks: tuple[str, ...] = ()
    costs: tuple[str, ...] = ()


def settings() -> dict[str, Any]:
    """The settings of every backing index, below `index`."""
    return {
        "mode": "standard",
        "number_of_shards": 1,
        "auto_expand_replicas": "0-1",
        "seq_no": {"index_options": "points_and_doc_values"},
        "disable_sequence_numbers": False,
        "refresh_interval": "30s",
        "codec": "default",
        "mapping": {
            "ignore_above": 8191,
            "total_fields": {"limit": 2000, "ignore_dynamic_beyond_limit": True},
        },
        "analysis": {"normalizer": {"folded": {"type": "custom", "filter": ["lowercase"]}}},
    }


def mappings() -> dict[str, Any]:
    """The mapping of every backing index: all that sources send is a keyword, folded.

    The fields most searched stand first, so that no document can use up the limit before them.
    Only scalars are mapped (`a.b`, never the object `a`): an object would take up the limit too,
    and beyond it hide all that lies below. So `_ignored` names leaves, each by its whole path.
    """
    return {
        "dynamic": True,
        "subobjects": False,
        "date_detection": False,
        "numeric_detection": False,
        "dynamic_templates": [
            {"folded": {"match_mapping_type": _SCALARS, "match": "*", "mapping": FOLDED}}
        ],
        "properties": {
            TIMESTAMP: {"type": "date"},
            CARRIED: _kept("keyword", doc_values=False, ignore_above=2**31 - 1),
            **{f"{ENVELOPE}.{name}": kind for name, kind in _envelope().items()},
            **dict.fromkeys(FIELDS, FOLDED),
        },
    }


def _envelope() -> dict[str, dict[str, Any]]:
    words = ("source", "dataset", "operator", "affected", "zone")
    return {
        "id": _kept("keyword"),
        "time": {"type": "long"},
        "received": {"type": "long"},
        **{name: {"type": "keyword"} for name in words},
        "level": {"type": "byte"},
        "size": {"type": "integer"},
        "carried": {"type": "boolean"},
        "stamped": _kept("boolean"),
    }


def _kept(kind: str, **more: Any) -> dict[str, Any]:
    """A field that no search asks for."""
    return {"type": kind, "index": False, **more}


def init(client: Client, *, force: bool = False) -> None:
    """Put the template, or bring an older one of ours up to date; then `check`.

    A stream whose newest index does not fit what we want begins the next one.

    Raises HaidangError if the template was changed by somebody else (unless `force`), or is of a
    newer version than this program.
    """
    found = _template(client)
    if found is not None and not force:
        _check_ours(client, found)
    content = _content(client.prefix)
    mark = {"version": VERSION, "hash": _hash(content)}
    body = {**content, "_meta": {"haidang": mark}}
    client.ask("PUT", f"/_index_template/{_name(client)}", body)
    for stream, differences in _index_differences(client, _OURS):
        if stream and any(breaks for breaks, _ in differences):
            client.ask("POST", f"/{stream}/_rollover")
    check(client)


def check(client: Client) -> None:
    """Raises HaidangError with every difference that breaks a promise, one a line."""
    if breaks := find(client, _OURS).breaks:
        raise HaidangError("\n".join(breaks))


def find(client: Client, mapped: str = "*") -> Findings:
    """What differs in the template, in its rivals, and in the backing indices there are.

    `mapped` (a `filter_path`) says which parts of the indices' mappings to look at.
    """
    found = _template(client)
    name = _name(client)
    if found is None:
        return Findings((f"template {name} is missing: run `haidang store init`",))
    differences = [
        *_template_differences(f"template {name}", found, _content(client.prefix)),
        *_rivals(client),
        *(one for _, found in _index_differences(client, mapped) for one in found),
    ]
    return Findings(
        tuple(text for breaks, text in differences if breaks),
        tuple(text for breaks, text in differences if not breaks),
    )


def _name(client: Client) -> str:
    return f"{client.prefix}-events"


def _content(prefix: str) -> dict[str, Any]:
    return {
        "index_patterns": patterns(prefix),
        "priority": PRIORITY,
        "composed_of": [],
        "data_stream": {},
        "template": {
            "settings": {"index": settings()},
            "mappings": mappings(),
            "data_stream_options": {"failure_store": {"enabled": False}},
        },
    }


def _template(client: Client) -> dict[str, Any] | None:
    try:
        answer = client.ask("GET", f"/_index_template/{_name(client)}")
    except Rejected as error:
        if error.status == 404:
            return None
        raise
    found: dict[str, Any] = answer["index_templates"][0]["index_template"]
    return found


def _check_ours(client: Client, found: Mapping[str, Any]) -> None:
    name = _name(client)
    mark = found.get("_meta", {}).get("haidang", {})
    if mark.get("hash") != _hash(found):
        wanted = _content(client.prefix)
        lines = [text for _, text in _template_differences(f"template {name}", found, wanted)]
        head = f"template {name} was changed by somebody else:"
        raise HaidangError("\n".join([head, *lines, "replace it by `haidang store init --force`"]))
    if mark["version"] > VERSION:
        raise HaidangError(
            f"template {name} has version {mark['version']}, this program knows {VERSION}: "
            "use the newer program"
        )


def _hash(template: Mapping[str, Any]) -> str:
    """Of what we put into a template; the same when it is read back."""
    body = template.get("template", {})
    whole = {**_frame(template), "settings": body.get("settings"), "mappings": body.get("mappings")}
    return make_id(*(f"{key}={text}" for key, text in sorted(flat(whole).items())))


def _template_differences(
    place: str, found: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Iterator[Difference]:
    body = found.get("template", {})
    yield from of_settings(place, body.get("settings", {}).get("index", {}), settings())
    yield from of_mappings(place, body.get("mappings", {}), mappings(), FOLDED)
    yield from of_values(place, _frame(found), _frame(wanted))


def _frame(template: Mapping[str, Any]) -> dict[str, Any]:
    """What a template holds beside settings and mappings, as far as it matters to us."""
    body = template.get("template", {})
    frame = {key: template.get(key) for key in ("index_patterns", "priority", "composed_of")}
    frame["data_stream"] = "data_stream" in template
    return frame | {key: body.get(key, {}) for key in ("lifecycle", "data_stream_options")}


def _rivals(client: Client) -> Iterator[Difference]:
    """Templates of others that win over ours for some of our streams.

    `_simulate` would name them, but asks for the privilege to change templates.
    """
    names = [name for level in range(6) for name in patterns(client.prefix, level)]
    answer = client.ask("GET", "/_index_template", params={"filter_path": _RIVALS})
    for other in answer["index_templates"]:
        found = other["index_template"]
        priority, theirs = found.get("priority", 0), found["index_patterns"]
        if priority > PRIORITY and any(fnmatchcase(*pair) for pair in product(names, theirs)):
            matched = ", ".join(theirs)
            what = f"has priority {priority} and wins over ours ({PRIORITY})"
            place = f"template {other['name']} ({matched})"
            yield True, f"{place} {what}: narrow its patterns or lower it"


def _index_differences(client: Client, mapped: str) -> Iterator[tuple[str, list[Difference]]]:
    """What differs in each index, beside the stream whose newest it is ("" for older ones)."""
    where = ",".join(patterns(client.prefix))
    newest = {names[-1]: name for name, names in streams(client, patterns(client.prefix)).items()}
    made = client.ask("GET", f"/{where}/_settings")
    fields = client.ask("GET", f"/{where}/_mapping", params={"filter_path": mapped})
    for index in sorted({*made} & {*fields}):
        place, stream = f"index {index}", newest.get(index, "")
        have, mapping = made[index]["settings"]["index"], fields[index]["mappings"]
        differences = of_settings(place, have, settings())
        more = of_mappings(place, mapping, mappings(), FOLDED, closed=not stream)
        yield stream, [*differences, *more]
