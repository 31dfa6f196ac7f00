"""Matching a file of events without a store: the engine of `haidang match`.

Each input line is one JSON object. With `fields="ecs"` it is an event as we store it; with
`fields="sigma"` it carries Sigma's field names, flat or nested, and its log source in the keys
`logcategory`, `logproduct` and `logservice`, which rules do not see.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeAlias

import orjson

from correlator.evaluate import Matcher, compile_rules
from correlator.view import logsource, logsources
from haidang.errors import Refused
from haidang.model.event import Document
from haidang.model.fields import first_text
from haidang.model.ids import make_id
from rules.fields import FieldMap
from rules.rule import LogSource, Rule

FieldNames: TypeAlias = Literal["ecs", "sigma"]
Report: TypeAlias = Callable[[int, str], None]

_LOGSOURCE_KEYS = {"category": "logcategory", "product": "logproduct", "service": "logservice"}


def prepare(rules: Iterable[Rule], fields: FieldMap, names: FieldNames) -> Matcher:
    """A matcher for events with these field names."""
    return compile_rules(rules, fields.as_written() if names == "sigma" else fields)


def match_lines(
    matcher: Matcher, lines: Iterable[bytes], names: FieldNames, report: Report
) -> Iterator[bytes]:
    """One JSON line a match: `{"rule": id, "index": line number from 0, "event": event id}`.

    A line that is not a JSON object, or nested too deeply, is reported as (line number from 0,
    what) and passed over; blank lines are passed over, but counted.
    """
    for index, line in enumerate(lines):
        content = line.strip()
        if not content:
            continue
        try:
            found = _matches(matcher, index, content, names)
        except Refused as refused:
            report(index, refused.reason)
        except RecursionError:
            report(index, "nested too deeply")
        else:
            yield from found


def _read(line: bytes) -> Document:
    try:
        orjson.loads(line)  # the strict judge, but it turns integers beyond 64 bits into floats
    except orjson.JSONDecodeError as error:
        raise Refused(f"not JSON: {error}") from error
    document = json.loads(line)
    if not isinstance(document, dict):
        raise Refused("not a JSON object")
    return document


def _matches(matcher: Matcher, index: int, line: bytes, names: FieldNames) -> list[bytes]:
    document = _read(line)
    identity = first_text(document, "event.id") or first_text(document, "id")
    identity = identity or make_id(line.decode())
    sources = _take_logsource(document) if names == "sigma" else logsources(document)
    found = [
        {"rule": rule.card.id, "index": index, "event": identity}
        for rule in matcher.match_as(document, sources)
    ]
    return [orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in found]


def _take_logsource(document: Document) -> tuple[LogSource]:
    parts = {part: document.pop(key, None) for part, key in _LOGSOURCE_KEYS.items()}
    return (logsource(parts),)
