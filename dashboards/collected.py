"""What the collector did, as the console is told: its inputs, its ledger, its quarantine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from collectors.ledger import Counts, SourceCounts
from collectors.quarantine import Group

Place: TypeAlias = Literal["here", "elsewhere", "unreadable"]


@dataclass(frozen=True, slots=True)
class Expected:
    """An input of the configuration: what is to be heard. `host` is empty if its lines tell it."""

    name: str
    dataset: str
    operator: str
    zone: str
    host: str


@dataclass(frozen=True, slots=True)
class Collected:
    """The figures of the collector on this machine; `elsewhere`: there is none.

    `datasets` counts everything since its first start, `sources` the files it still remembers.
    """

    inputs: tuple[Expected, ...] = ()
    place: Place = "elsewhere"
    datasets: Mapping[str, Counts] = field(default_factory=dict)
    sources: tuple[SourceCounts, ...] = ()
    waiting: tuple[Group, ...] = ()
