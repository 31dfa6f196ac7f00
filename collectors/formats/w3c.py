"""W3C extended log files, as IIS writes them: `#Fields:` names the values of the lines below it.

Directives are dropped by the rule `header`; what they say is kept in the file's state, so that a
collector that starts again goes on. `#Fields:` may change within a file. Where none came yet (a
part of a file), the first of the dataset's `columns` with as many names as the line has values is
taken. Names are in lower case. A missing `date` is `#Date:`'s. A value has no blanks: within
`cs(User-Agent)` a plus sign stands for one (elsewhere it may be one: base64 in a cookie, a query).
"""

import re

from collectors.formats.options import Options
from collectors.formats.pairs import unique
from collectors.record import Dropped, Misfit, ParserState

_STATE = "w3c"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SPACED = "cs(user-agent)"


def read(options: Options, text: str, state: ParserState) -> dict[str, str | None]:
    """The values of a line by their names. Raises Misfit, and Dropped for a directive."""
    if text.startswith("#"):
        _remember(text, state)
        raise Dropped("header")
    known = state.get(_STATE, {})
    values = text.split()
    names = known.get("fields") or _guess(options, values)
    if not names:
        raise Misfit("no #Fields line came before", 0, "a line #Fields: with the columns' names")
    if len(values) != len(names):
        raise Misfit("the line does not fit #Fields", len(text), f"{len(names)} values")
    groups = unique(
        (name, value.replace("+", " ") if name == _SPACED else value)
        for name, value in zip(names, values, strict=True)
    )
    if "date" in known:
        groups.setdefault("date", known["date"])
    return groups


def _remember(text: str, state: ParserState) -> None:
    directive, _, rest = text.partition(":")
    if directive == "#Fields":
        state.setdefault(_STATE, {})["fields"] = rest.lower().split()
    elif directive == "#Date" and rest.strip():
        state.setdefault(_STATE, {})["date"] = rest.split()[0]


def _guess(options: Options, values: list[str]) -> list[str]:
    """The layout with as many names, if the line begins with a date as all layouts do."""
    if not values or not _DATE.fullmatch(values[0]):
        return []
    layouts = (layout.lower().split() for layout in options.columns)
    return next((names for names in layouts if len(names) == len(values)), [])
