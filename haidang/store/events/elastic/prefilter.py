"""Clauses as an Elasticsearch query that finds all that the judge accepts, and little more.

The judge (`haidang.store.events.filter`) compares texts after `model.fold`: NFC and our own table
of lower-case letters. The index holds what Java lower-cased code point by code point, with accents
as the sender wrote them. So a pattern spells out only what both write alike, which is ASCII:

    a, 7, .     itself
    đ, 京, ◌̃     one or more non-ASCII letters
    ễ           the same, perhaps after an e: ễ, ê + ~, e + ^ + ~
    i           also followed by U+0307: the judge makes one small `i` of `I` and a dot above
    ; and `     also any non-ASCII letter: in NFC, U+037E and U+1FEF are these two

Such a pattern holds no letter whose case could be changed, so it needs no `case_insensitive`.
"""

import re
from collections.abc import Container, Iterable
from functools import lru_cache
from typing import Any, TypeAlias
from unicodedata import normalize

from haidang.model.fold import fold
from haidang.store.events.elastic.document import ENVELOPE
from haidang.store.events.protocol import Clause

Query: TypeAlias = dict[str, Any]

# Letters of a needle that go into a pattern: at most 10 UTF-16 units each, of 1,000 allowed
# (`index.max_regex_length`), and `aaa…` must not cost more than 10,000 steps to determinise.
LETTERS = 60

_WIDE = "\u0080-\U0010ffff"
_SEVERAL = f"[{_WIDE}]+"
_ANY = ".*"

# Names that a query can address with certainty; a path that others can have is looked at in full.
_NAME = re.compile(r"[A-Za-z@][A-Za-z0-9_@.-]{0,511}")


def is_plain(field: str) -> bool:
    """Whether a query may name this field: no metadata field, no pattern, not too long."""
    return _NAME.fullmatch(field) is not None


def query_of(clauses: Iterable[Clause], foreign: Container[str] = ()) -> list[Query]:
    """Queries that hold for every document which satisfies all clauses.

    A clause gives none where the index cannot tell: `exists` (an empty object exists, and leaves
    no trace), an empty text (a null is one), and `foreign` fields, which others have mapped.
    """
    return [
        _query(clause.field, pattern)
        for clause in clauses
        if clause.operator != "exists" and is_plain(clause.field) and clause.field not in foreign
        if (pattern := pattern_of(clause))
    ]


def _query(field: str, pattern: str) -> Query:
    """The pattern holds, or the field was not indexed: it, or what is above it, was too much."""
    parts = field.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return any_of(
        {"regexp": {field: {"value": pattern, "flags": "NONE"}}},
        {"terms": {"_ignored": above}},
        {"term": {f"{ENVELOPE}.carried": True}},
    )


def any_of(*queries: Query) -> Query:
    """One of the queries holds."""
    return {"bool": {"should": queries}}


def pattern_of(clause: Clause) -> str:
    """A Lucene regular expression for what the index holds of a value; "" where all will do."""
    needle = fold(clause.value)
    if not needle:
        return ""
    before = "" if clause.operator in {"equals", "startswith"} else _ANY
    after = "" if clause.operator in {"equals", "endswith"} else _ANY
    if clause.operator == "endswith":
        return before + _spelled(needle[-LETTERS:])
    rest = _ANY if len(needle) > LETTERS else ""
    return before + _spelled(needle[:LETTERS]) + (rest or after)


def _spelled(needle: str) -> str:
    spelled = ""
    for letter in needle:
        part = _letter(letter)
        # Accents that are two letters here may be one there.
        if part != _SEVERAL or not spelled.endswith(_SEVERAL):
            spelled += part
    return spelled


@lru_cache(maxsize=4096)
def _letter(letter: str) -> str:
    if letter in ";`":
        return f"[{_literal(letter)}{_WIDE}]"
    if letter == "i":
        return "i\u0307?"
    if letter.isascii():
        return _literal(letter)
    first = normalize("NFD", letter)[0]
    return f"{_literal(first)}?{_SEVERAL}" if first.isascii() else _SEVERAL


def _literal(letter: str) -> str:
    """An ASCII character as itself, within brackets too."""
    return letter if letter.isalnum() else f"\\{letter}"
