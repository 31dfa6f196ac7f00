"""The errors that people see: where it is wrong, what is wrong, what to do.

HaidangError
 ├─ InputError       one or more problems of a file that a person wrote
 ├─ Refused          a record cannot become an event (it goes to quarantine)
 ├─ Unavailable      a store or a disk cannot be used now; trying again later is right
 └─ Superseded       somebody else moved the cursor; this transaction must be dropped
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# user:password@ of a URL: a person may have written it where nobody expects one.
_PASSWORD = re.compile(r"(://[^\s/?#@:]*:)[^\s/?#]+(@)")


class HaidangError(Exception):
    """The root: anything a command prints as one clear line instead of a traceback."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in one place of one file; line 0 means the file as a whole."""

    file: str
    line: int
    field: str
    what: str

    def __str__(self) -> str:
        """`file:line: field: what`, with the parts that are known; no password of a URL."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        parts = (place, self.field, self.what) if self.field else (place, self.what)
        return _PASSWORD.sub(r"\1…\2", ": ".join(parts))


class InputError(HaidangError):
    """Files that a person wrote cannot be used; carries every problem, not just the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Refused(HaidangError):  # noqa: N818 - the sentence is "the event was refused"
    """A record cannot become an event; `reason` is short, bounded and holds no data."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Unavailable(HaidangError):  # noqa: N818 - the sentence is "the store is unavailable"
    """A store or disk cannot be used now; nothing was lost and a later try may succeed."""


class Superseded(HaidangError):  # noqa: N818 - the sentence is "the cursor was superseded"
    """A compare-and-set found the cursor moved by somebody else; drop this work."""
