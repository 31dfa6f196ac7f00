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

    @property
    def takes_anything(self) -> bool:
        """Whether a text that means nothing fits: the pattern says nothing of what it reads."""
        return self.whole.fullmatch("\ufffd") is not None


def compile_pattern(name: str, parts: Sequence[str]) -> Pattern:
    """The pattern of these parts. Raises `re.error`, whose message says where."""
    whole = re.compile("".join(parts), re.DOTALL)
    names = tuple(sorted(whole.groupindex, key=whole.groupindex.__getitem__))
    if len(names) != whole.groups:
        raise re.error("every group must be named, or be (?:…)")
    return Pattern(name, tuple(parts), whole, names)


@dataclass(frozen=True, slots=True)
class Options:
    """`columns` is of csv and w3c, `delimiter` of csv and kv ("": its own), `log` of zeek."""

    patterns: tuple[Pattern, ...] = ()
    columns: tuple[str, ...] = ()
    delimiter: str = ""
    log: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The groups that the patterns can give."""
        return frozenset(name for one in self.patterns for name in one.names)
