r"""ArcSight's Common Event Format (CEF, revision 25): a header of seven parts, then extensions.

The header is the groups `cef.version`, `cef.device.vendor` and so on (the names that Elastic's
decode_cef uses); extensions have their own keys. `\|` and `\\` are undone in the header, `\=`,
`\\`, `\n` and `\r` in extensions. A value's own `=` counts as text where no key stands before it.
"""

import re
from collections.abc import Iterator

from collectors.formats.options import Options
from collectors.formats.pairs import unique
from collectors.record import Misfit, ParserState

HEADER = (
    "cef.version",
    "cef.device.vendor",
    "cef.device.product",
    "cef.device.version",
    "cef.device.event_class_id",
    "cef.name",
    "cef.severity",
)
_START = re.compile(r"CEF: ?(\d{1,3}(?:\.\d{1,3})?)\|")
_PART = re.compile(r"((?:[^\\|]++|\\.)*+)(\||\Z)", re.DOTALL)
_PIECE = re.compile(r"(?:[^\\=]++|\\.|\\\Z)*+", re.DOTALL)
_KEY = re.compile(r"[A-Za-z0-9_][\w.\[\]-]*+")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MEANING = {"n": "\n", "r": "\r"}


def read(options: Options, text: str, state: ParserState) -> dict[str, str | None]:
    """The header's parts and the extensions. Raises Misfit."""
    del options, state  # a line of this format stands alone
    start = _START.match(text)
    if start is None:
        raise Misfit("the line is not CEF", 0, "CEF:0|")
    parts, end = [start[1]], start.end()
    while len(parts) < len(HEADER):
        part = _PART.match(text, end)
        last = len(parts) == len(HEADER) - 1
        if part is None or not (part[2] or last):
            raise Misfit("the line is not CEF", end, f"{HEADER[len(parts)]} and a pipe")
        parts.append(_ESCAPE.sub(r"\1", part[1]))
        end = part.end()
    header = zip(HEADER, parts, strict=True)
    return unique((*header, *pairs(text[end:])))


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """The extensions in their order; words that no key stands before are `text`."""
    key, parts = "text", list[str]()
    *pieces, last = _pieces(text.strip(" "))
    for number, piece in enumerate(pieces):
        before, blank, word = piece.rpartition(" ")
        if (blank or number == 0) and _KEY.fullmatch(word):
            yield from _pair(key, [*parts, before])
            key, parts = word, []
        else:
            parts.append(piece)
    yield from _pair(key, [*parts, last])


def _pieces(text: str) -> Iterator[str]:
    """What stands between the `=` that no backslash marks as text."""
    end = -1
    while end < len(text):
        piece = _PIECE.match(text, end + 1)
        if piece is None:
            return
        yield piece[0]
        end = piece.end()


def _pair(key: str, parts: list[str]) -> Iterator[tuple[str, str]]:
    value = "=".join(parts).strip(" ")
    if key != "text" or value:
        yield key, _ESCAPE.sub(lambda found: _MEANING.get(found[1], found[1]), value)
