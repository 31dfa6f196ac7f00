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
from haidang.model.zone import parse_address

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
    """The layout with as many names, if dates and addresses stand where it has them."""
    for layout in options.columns:
        names = layout.lower().split()
        if len(names) == len(values) and all(map(_plausible, names, values)):
            return names
    return []


def _plausible(name: str, value: str) -> bool:
    if name == "date":
        return bool(_DATE.fullmatch(value))
    return not name.endswith("-ip") or value == "-" or parse_address(value) is not None
