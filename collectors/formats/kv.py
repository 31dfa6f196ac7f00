"""Lines of `key=value` pairs, as FortiGate, Sophos, SonicWall and logfmt write them.

A value is quoted (`"…"`, where a backslash keeps a quote from ending it) or goes up to the next
pair. Pairs stand apart by blanks, or by the dataset's `delimiter`. Words before the first pair are
the group `text`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from collectors.formats.options import Options
from collectors.formats.pairs import unique
from collectors.record import Misfit, ParserState

_TEXT = "text"
_NAME = r"[\w@][\w.:@/\[\]-]*+"
_QUOTED = r'"(?P<quoted>[^"\\]*+(?:\\.[^"\\]*+)*+)"'


def read(options: Options, text: str, state: ParserState) -> dict[str, str | None]:
    """The pairs of a line by key. Raises Misfit for a line without any."""
    del state  # a line of this format stands alone
    groups = unique(_pairs(text, options.delimiter))
    if not groups or (len(groups) == 1 and _TEXT in groups):
        raise Misfit("the line has no key=value pair", 0, "key=value")
    return groups


def _pairs(text: str, delimiter: str) -> Iterator[tuple[str, str]]:
    key, words = _TEXT, list[str]()
    for found in _token(delimiter).finditer(text):
        if found["key"] is None:
            words.append(found["word"])
            continue
        if words or key != _TEXT:
            yield key, " ".join(words)
        quoted = found["quoted"]
        key = found["key"]
        words = [found["value"] if quoted is None else quoted.replace('\\"', '"')]
    if words:
        yield key, " ".join(words)


@lru_cache(maxsize=64)
def _token(delimiter: str) -> re.Pattern[str]:
    """One pair, or a word of the value before it."""
    apart = re.escape(delimiter) if delimiter.strip() else ""
    inside = rf"[^\s{apart}]"
    return re.compile(
        rf"(?P<key>{_NAME})=(?:{_QUOTED}|(?P<value>{inside}*+))|(?P<word>{inside}++)", re.DOTALL
    )
