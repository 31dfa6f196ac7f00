"""The ledger: every record that was framed is indexed, quarantined or dropped by a named rule."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

from haidang.model.instant import Instant


@dataclass(slots=True)
class Counts:
    """What became of the records of one file, source or collector.

    `read` counts framed records. Events that were derived from several records count apart.
    `retried` counts those that left the quarantine again, which `quarantined` no longer has.
    `unresolved` counts indexed events by what the inventory could not tell of them.
    """

    read: int = 0
    indexed: int = 0
    quarantined: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    derived: int = 0
    derived_quarantined: int = 0
    unresolved: Counter[str] = field(default_factory=Counter)
    retried: int = 0

    @property
    def balanced(self) -> bool:
        """The conservation law: read = indexed + quarantined + dropped."""
        return self.read == self.indexed + self.quarantined + self.dropped.total()

    def add(self, other: "Counts") -> None:
        """Count another's records here too."""
        self.read += other.read
        self.indexed += other.indexed
        self.quarantined += other.quarantined
        self.derived += other.derived
        self.derived_quarantined += other.derived_quarantined
        self.dropped.update(other.dropped)
        self.unresolved.update(other.unresolved)
        self.retried += other.retried

    def since(self, before: "Counts") -> "Counts":
        """What was counted after `before`."""
        return Counts(
            self.read - before.read,
            self.indexed - before.indexed,
            self.quarantined - before.quarantined,
            self.dropped - before.dropped,
            self.derived - before.derived,
            self.derived_quarantined - before.derived_quarantined,
            self.unresolved - before.unresolved,
            self.retried - before.retried,
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "read": self.read,
            "indexed": self.indexed,
            "quarantined": self.quarantined,
            "dropped": dict(self.dropped),
            "derived": self.derived,
            "derived_quarantined": self.derived_quarantined,
            "unresolved": dict(self.unresolved),
            "retried": self.retried,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """From `to_json`. Raises KeyError, TypeError."""
        dropped, unresolved = Counter(value["dropped"]), Counter(value["unresolved"])
        return cls(**{**value, "dropped": dropped, "unresolved": unresolved})


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """The counts of one source: all generations of one file that are still remembered."""

    source: str
    input: str
    dataset: str
    path: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Report:
    """What a pass over all inputs did.

    `run` counts this pass, `totals` everything since the collector's first start. `stopped` says
    in words why the pass ended early; nothing is lost then and the next pass continues.
    """

    at: Instant
    run: Counts
    totals: Counts
    sources: tuple[SourceCounts, ...]
    warnings: tuple[str, ...] = ()
    stopped: str = ""
