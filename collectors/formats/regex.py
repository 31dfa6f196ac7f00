"""Text lines read by named groups of regular expressions.

A pattern is written as a list of parts, so that a line that fails can be told how far it got.
Parts should use possessive quantifiers (`++`, `*+`): the cost of a line must grow linearly.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from collectors.formats.options import Options, Pattern
from collectors.record import ParserState
from haidang.errors import Refused

Groups: TypeAlias = Mapping[str, str | None]


def read(options: Options, text: str, state: ParserState) -> dict[str, str | None]:
    """The named groups of the first pattern that covers the whole text. Raises Refused."""
    del state  # a line of this format stands alone
    for pattern in options.patterns:
        match = pattern.whole.fullmatch(text)
        if match is not None:
            return match.groupdict()
    raise Refused("no pattern of the dataset fits the line")


def takes_anything(options: Options, text: str) -> bool:
    """Whether the text is read only because the pattern that reads it takes anything."""
    fitting = (pattern for pattern in options.patterns if pattern.whole.fullmatch(text))
    pattern = next(fitting, None)
    return pattern is not None and pattern.takes_anything


def explain(options: Options, text: str) -> dict[str, Any]:
    """The pattern that fits and its groups, or how far each pattern got."""
    for pattern in options.patterns:
        match = pattern.whole.fullmatch(text)
        if match is not None:
            return {"pattern": pattern.name, "groups": match.groupdict()}
    return {"patterns": [_failure(pattern, text) for pattern in options.patterns]}


def _failure(pattern: Pattern, text: str) -> dict[str, Any]:
    column, expected = how_far(pattern, text)
    return {"pattern": pattern.name, "fits_to_column": column, "expected": expected}


def how_far(pattern: Pattern, text: str) -> tuple[int, str]:
    """Where a failing line left the pattern: the column reached and the part expected there."""
    reached = 0
    for count in range(1, len(pattern.parts) + 1):
        match = _prefix(pattern.parts[:count], text)
        if match is None:
            return reached, pattern.parts[count - 1]
        reached = match.end()
    return reached, "the end of the line"


def _prefix(parts: Sequence[str], text: str) -> re.Match[str] | None:
    return re.compile("".join(parts), re.DOTALL).match(text)
