"""IBM QRadar's Log Event Extended Format, LEEF 1.0 and 2.0.

The header is the groups `leef.version`, `leef.vendor`, `leef.product`, `leef.product_version` and
`leef.event_id`; attributes have their own keys and stand apart by tabs, or in 2.0 by the sign
that the header's last part names (itself, or as `x09`, `0x09`).
"""

import re
from collections.abc import Iterator

from collectors.formats.options import Options
from collectors.formats.pairs import unique
from collectors.record import Misfit, ParserState

HEADER = (
    "leef.version",
    "leef.vendor",
    "leef.product",
    "leef.product_version",
    "leef.event_id",
)
_START = re.compile(r"LEEF: ?([12](?:\.\d)?)\|([^|]*+)\|([^|]*+)\|([^|]*+)\|([^|]*+)(?:\||\Z)")
_DELIMITER = re.compile(r"(?:0?x([0-9A-Fa-f]{1,4})|([^|\w=]?))\|")
_TAB = "\t"


def read(options: Options, text: str, state: ParserState) -> dict[str, str | None]:
    """The header's parts and the attributes. Raises Misfit."""
    del options, state  # a line of this format stands alone
    start = _START.match(text)
    if start is None:
        raise Misfit("the line is not LEEF", 0, "LEEF:1.0|, five parts and pipes")
    end, delimiter = start.end(), _TAB
    if start[1].startswith("2") and (named := _DELIMITER.match(text, end)):
        delimiter = chr(int(named[1], 16)) if named[1] else named[2] or _TAB
        end = named.end()
    header = zip(HEADER, start.groups(), strict=True)
    return unique((*header, *_attributes(text[end:], delimiter)))


def _attributes(text: str, delimiter: str) -> Iterator[tuple[str, str]]:
    """Each attribute; one without `=` goes on with the value before it."""
    key, value = "text", ""
    for part in text.split(delimiter):
        name, sign, rest = part.partition("=")
        if not sign:
            value = f"{value}{delimiter}{part}" if value else part
            continue
        if key != "text" or value:
            yield key, value
        key, value = name.strip(), rest
    if key != "text" or value:
        yield key, value
