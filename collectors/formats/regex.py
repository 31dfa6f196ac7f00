"""Text lines read by named groups of regular expressions.

A pattern is written as a list of parts, so that a line that fails can be told how far it got.
Parts should use possessive quantifiers (`++`, `*+`): the cost of a line must grow linearly.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from haidang.errors import Refused

Groups: TypeAlias = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern of a dataset: its name, its parts, and all of them compiled together."""

    name: str
    parts: tuple[str, ...]
    whole: re.Pattern[str]
    names: tuple[str, ...]


def compile_pattern(name: str, parts: Sequence[str]) -> Pattern:
    """The pattern of these parts. Raises `re.error`, whose message says where."""
    whole = re.compile("".join(parts), re.DOTALL)
    names = tuple(sorted(whole.groupindex, key=whole.groupindex.__getitem__))
    if len(names) != whole.groups:
        raise re.error("every group must be named, or be (?:…)")
    return Pattern(name, tuple(parts), whole, names)


def read(patterns: Sequence[Pattern], text: str) -> dict[str, str | None]:
    """The named groups of the first pattern that covers the whole text. Raises Refused."""
    for pattern in patterns:
        match = pattern.whole.fullmatch(text)
        if match is not None:
            return match.groupdict()
    raise Refused("no pattern of the dataset fits the line")


def which(patterns: Sequence[Pattern], text: str) -> str:
    """The name of the pattern that `read` would use, "" where none fits."""
    fitting = (pattern.name for pattern in patterns if pattern.whole.fullmatch(text))
    return next(fitting, "")


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
