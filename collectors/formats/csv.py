"""Lines of values by RFC 4180: `columns` names them, `delimiter` stands between them.

A value may stand in quotes, within which a doubled quote is one. Values behind the last column are
kept as `column_12`; a column named by the empty text is kept in the same way.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from collectors.formats.options import Options
from collectors.formats.pairs import unique
from collectors.record import Misfit, ParserState


def read(options: Options, text: str, state: ParserState) -> dict[str, str | None]:
    """The values of a line by column. Raises Misfit: too few values, or a quote that never ends."""
    del state  # a line of this format stands alone
    values = list(_values(text, options.delimiter or ","))
    columns = options.columns
    if len(values) < len(columns):
        raise Misfit("the line has too few values", len(text), f"{len(columns)} values")
    named = (columns[i] if i < len(columns) else "" for i in range(len(values)))
    return unique((name or f"column_{i}", values[i - 1]) for i, name in enumerate(named, 1))


def _values(text: str, delimiter: str) -> Iterator[str]:
    value, position = _value(delimiter), 0
    while True:
        found = value.match(text, position)
        if found is None:
            raise Misfit("the line is not CSV", position, "a quote that ends, then a delimiter")
        quoted = found[1]
        yield found[2] if quoted is None else quoted.replace('""', '"')
        if found.end() == len(text) and not found[3]:
            return
        position = found.end()


@lru_cache(maxsize=64)
def _value(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    return re.compile(rf'(?:"((?:[^"]|"")*+)"|((?!")[^{mark}]*+))({mark}|\Z)', re.DOTALL)
