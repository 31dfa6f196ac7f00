"""What matching and correlation hand on: matches, rule cards, episodes, detections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from haidang.model.instant import Instant

LEVELS = ("informational", "low", "medium", "high", "critical")

KEPT = 50  # the first and the last so many events of each rule are copied as evidence


@dataclass(frozen=True, slots=True)
class Card:
    """What people are shown of a rule; it travels with each detection.

    So an alert never depends on a rule file that was edited or removed since.

    `sentences` maps a language (`vi`, `en`) to a template, see `alerts.sentence`; `first_steps` to
    what to look at and do, in order, `falsepositives` to what else it may be (`vi` of rules that
    say it).
    """

    id: str
    name: str
    hash: str
    title: str
    level: str
    status: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    sentences: Mapping[str, str] = field(default_factory=dict)
    falsepositives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    first_steps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """One event matched one rule.

    `values` holds the group-by values that correlations of this rule need, by field name as the
    correlation writes it; a field the event lacks is absent. `excluded` is the id of the calendar's
    exclusion that covers it: then it is counted and goes no further.
    """

    rule: str
    rule_hash: str
    event: str
    time: Instant
    received: Instant
    source: str
    operator: str
    affected: tuple[str, ...]
    zone: str
    level: int
    values: Mapping[str, str]
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """A maximal run of overlapping qualifying windows of one rule and group.

    `start` and `end` are the times of its first and last event (both inside); `events` counts
    distinct events. A function of event times alone.
    """

    start: Instant
    end: Instant
    events: int


@dataclass(frozen=True, slots=True)
class Member:
    """One event of a detection.

    `rule` is the single-event rule it matched (its name, or id where it has none); `told` says
    whether it belongs to the chain that the sentence tells of.
    """

    event: str
    time: Instant
    rule: str
    told: bool = True


@dataclass(frozen=True, slots=True)
class Detection:
    """A new or grown episode of a rule and group, on its way to becoming an alert's revision.

    `fired` is the end of the window that first fired, in feed order; with the rule and group it
    makes the alert's id. `members` holds the first and last 50 events of each single-event rule,
    `counts` all of them. `absorbed` names younger alerts that a late event joined to this one.
    `value` is the aggregate of a value_* correlation, farthest beyond its condition.
    `units` are all operators and affected units: the scope in which the evidence may be read.
    """

    alert: str
    card: Card
    group: Mapping[str, str]
    zone: str
    episode: Episode
    fired: Instant
    members: tuple[Member, ...]
    counts: Mapping[str, int]
    operators: tuple[str, ...]
    affected: tuple[str, ...]
    system_level: int
    absorbed: tuple[str, ...] = ()
    value: int | float | None = None

    @property
    def units(self) -> frozenset[str]:
        """Every unit that operates or is affected."""
        return frozenset(self.operators) | frozenset(self.affected)

    @property
    def readers(self) -> frozenset[str]:
        """The units that may read what is told: the one operator, the one affected unit.

        What spans several is the centre's alone, because its sentence names them all.
        """
        return readers_of(self.operators, self.affected)


def readers_of(operators: Sequence[str], affected: Sequence[str]) -> frozenset[str]:
    """The units that may read what concerns these, see `Detection.readers`."""
    alone = [units for units in (operators, affected) if len(units) == 1]
    return frozenset(unit for units in alone for unit in units)
