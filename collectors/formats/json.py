"""Lines that are one JSON object each; nothing the source sent may change by reading it."""

import json
import re
from typing import Any

import orjson

from collectors.formats.options import Options
from collectors.record import ParserState
from haidang.errors import Refused
from haidang.model.event import Document
from haidang.model.fold import nfc

# orjson turns integers beyond 64 bits into floats, so a long run of digits takes the slow way.
# Looking for it as a run of zeros is some twenty times as fast as a regular expression.
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_DIGITS = b"0" * 19
# Counts at least one per member: an escaped or opening quote before a colon only adds to it.
_MEMBER = re.compile(rb'"[ \t\r\n]*:')


def read(options: Options, text: str, state: ParserState) -> Document:
    """The object of a line, its strings in composed form. Raises Refused.

    Refused are: no JSON, no object, a key that is there twice, nesting too deep to read.
    """
    del options, state  # a line of this format stands alone
    value = _load(text.encode())
    if not isinstance(value, dict):
        raise Refused("the line is JSON but not an object")
    return value if text.isascii() and "\\u" not in text else _composed(value)


def _load(line: bytes) -> Any:
    try:
        if _LONG_DIGITS in line.translate(_DIGITS_TO_ZERO):
            return _load_exactly(line)
        value = orjson.loads(line)
        if _members(value) != len(_MEMBER.findall(line)):
            _load_exactly(line)  # raises where a key is there twice
    except (ValueError, RecursionError) as error:
        raise Refused("the line is not JSON, or nested too deeply") from error
    return value


def _load_exactly(line: bytes) -> Any:
    return json.loads(line, object_pairs_hook=_unique, parse_constant=_no_constant)


def _unique(pairs: list[tuple[str, Any]]) -> Document:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refused("a key is there twice in one object")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _members(value: Any) -> int:
    if isinstance(value, dict):
        nested = (_members(item) for item in value.values() if item.__class__ in (dict, list))
        return len(value) + sum(nested)
    if isinstance(value, list):
        return sum(_members(item) for item in value)
    return 0


def _composed(value: Any) -> Any:
    if isinstance(value, str):
        return nfc(value)
    if isinstance(value, dict):
        return {key: _composed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_composed(item) for item in value]
    return value
