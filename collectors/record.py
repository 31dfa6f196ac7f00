"""What passes between a source and a dataset."""

from dataclasses import dataclass, field
from datetime import timezone
from typing import Any, TypeAlias

from haidang.errors import Refused
from haidang.model.event import Document
from haidang.model.instant import VIETNAM, Instant

# What a dataset must remember between records of one file (auditd: unfinished serials). JSON
# values only: it is committed together with the file's offset.
ParserState: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What is known about a source and a record may not say.

    Host and zone by the configuration, `seen` is when the record was received.
    """

    host: str = ""
    zone: timezone = VIETNAM
    seen: Instant = 0


@dataclass(frozen=True, slots=True)
class Parsed:
    """One event's content: its time (None: the record has none) and its ECS document.

    `key` is empty for the record's own event; a derived event carries a key that is unique within
    its file, so that its id does not depend on where the reader was when it became complete.
    """

    time: Instant | None
    document: Document = field(default_factory=dict)
    key: str = ""


class Dropped(Exception):  # noqa: N818 - an outcome, not a failure
    """The record is left out on purpose; `rule` names the rule that says so."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(rule)


class Misfit(Refused):
    """A line that its format cannot read: how many characters fitted, and what should follow."""

    def __init__(self, reason: str, column: int, expected: str) -> None:
        self.column, self.expected = column, expected
        super().__init__(reason)
