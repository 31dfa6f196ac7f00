"""A dataset as values: what its file says, checked and compiled."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from collectors import mask
from collectors.formats.options import Options
from collectors.hooks import Complete, Join, Release
from collectors.mapping import Branches, Content, LogSource
from collectors.times import ReadTime


@dataclass(frozen=True, slots=True)
class Case:
    """Lines with what they must become: own events' fields, derived events' fields, refusals."""

    name: str
    lines: tuple[bytes, ...]
    expect: dict[str, Any]
    derived: tuple[dict[str, Any], ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Time:
    """Where a record's time is, joined by blanks where it has parts, and how it is written.

    `local`: a text that names no zone is in the zone of its input.
    """

    sources: tuple[str, ...]
    read: ReadTime
    local: bool


@dataclass(frozen=True, slots=True)
class Provides:
    """What hooks, or a source of JSON itself, add beyond the mapped: paths, and log sources."""

    fields: tuple[str, ...] = ()
    logsource: tuple[LogSource, ...] = ()

    def and_then(self, other: "Provides") -> "Provides":
        """Both."""
        return Provides(self.fields + other.fields, self.logsource + other.logsource)


@dataclass(frozen=True, slots=True)
class Shared:
    """What several datasets include: all that does not depend on how a record is written."""

    absent: tuple[str, ...]
    own: Content
    branches: Branches
    masks: tuple[mask.Mask, ...]
    complete: Complete | None
    provides: Provides


NOTHING_SHARED = Shared((), Content(), Branches({}), (), None, Provides())


@dataclass(frozen=True, slots=True)
class Definition:
    """A dataset as its file says it, checked and compiled."""

    name: str
    about: str
    envelope: str
    format: str
    options: Options
    times: tuple[Time, ...]
    absent: tuple[str, ...]
    own: Content
    rest: str
    branches: Branches
    masks: mask.Masks
    masks_in_hex: re.Pattern[bytes] | None
    continued: re.Pattern[bytes] | None
    complete: Complete | None
    join: tuple[Join, Release] | None
    provides: Provides
    cases: tuple[Case, ...]

    @property
    def contents(self) -> tuple[Content, ...]:
        """Its own content and that of every branch that its records can take."""
        branches = (
            one
            for names, table in self.branches.tables.items()
            for key, found in table.items()
            if self._possible(dict(zip(names, key, strict=True)))
            for one in found
        )
        return (self.own, *branches)

    def _possible(self, when: Mapping[str, str]) -> bool:
        """A file of one Zeek log holds no other; one of `other` holds any."""
        return self.options.log in ("", "other") or when.get("_path") in (None, self.options.log)
