"""What a dataset's YAML says to its format."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class Options:
    """`patterns` of regex; `columns` and `delimiter` of csv; `log` of zeek."""

    patterns: tuple[Pattern, ...] = ()
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    log: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The groups that a format can give, where they are known before it reads."""
        return frozenset((*self.columns, *(name for one in self.patterns for name in one.names)))
