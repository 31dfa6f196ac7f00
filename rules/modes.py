"""Whether a rule is on, in trial or off, and why: a function of facts alone.

*on*: its alerts are raised. *trial*: matched and counted, nobody is told. *off*: not evaluated.

Rulings, the first that applies:
- A person's choice, until the end of its last day; one for the rule itself beats one for a tag,
  which beats one for its set.
- Status `deprecated` or `unsupported`: off.
- Named in a pack that is used: on, if it can fire on the sources of this site.
- Ours, or in a folder of the site: on, unless its own status is `experimental`.
- A rule of a set: on if it can fire, its status is test or stable, its level high or critical,
  its backtest took in days enough, and none saw more alerts than the daily budget; else trial.

Rulings on correlations:
- An input is matched whatever its own mode, unless a person turned it off. One that is off by its
  status is in trial as long as a correlation that is not off reads it.
- A temporal correlation of which a person turned off an input is off too (what it says of the
  rest, or of an absence, would be untrue); one that counts or adds up goes on while one is left.
- The input of a correlation with `generate: false` raises no alert of its own, also while that
  correlation is in trial or off: else turning a correlation off would page for each of its events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from haidang.model.detection import Card
from haidang.model.instant import Instant
from rules.reach import Reach
from rules.rule import Correlation, RuleSet

Mode: TypeAlias = Literal["on", "trial", "off"]
Kind: TypeAlias = Literal["rule", "tag", "set"]
MODES: tuple[Mode, ...] = ("on", "trial", "off")

_RETIRED = ("deprecated", "unsupported")
_PROVEN = ("test", "stable")
_LOUD = ("high", "critical")


@dataclass(frozen=True, slots=True)
class Choice:
    """A person's word on rules: by id or name, by tag, or by set; `until` 0 is for good."""

    kind: Kind
    name: str
    mode: Mode
    reason: str
    until: Instant = 0


@dataclass(frozen=True, slots=True)
class Tried:
    """A backtest of exactly this content: the days it took in, all alerts, the most on one day."""

    days: int
    alerts: int
    busiest: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What a backtest must show: at least so many days with events, none over so many alerts."""

    days: int
    budget: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a rule; `own` are ours and the site's, `tried` is None before a backtest."""

    card: Card
    origin: str
    own: bool
    reach: Reach
    packs: tuple[str, ...] = ()
    choice: Choice | None = None
    tried: Tried | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The mode of a rule with its reason; a `firm` one is not changed by who reads the rule."""

    mode: Mode
    reason: str
    firm: bool = False


def choose(choices: Sequence[Choice], card: Card, origin: str, now: Instant) -> Choice | None:
    """The choice that holds for a rule now: the narrowest, of equals the last written."""
    names = {"rule": {card.id, card.name}, "tag": set(card.tags), "set": {origin}}
    for kind, known in names.items():
        for one in reversed(choices):
            if one.kind == kind and one.name in known and not 0 < one.until <= now:
                return one
    return None


def decide(facts: Facts, proof: Proof) -> Decision:
    """The mode of one rule, its correlations aside."""
    if facts.choice is not None:
        return Decision(facts.choice.mode, f"chosen: {facts.choice.reason}", firm=True)
    if facts.card.status in _RETIRED:
        return Decision("off", f"its status is {facts.card.status}")
    named = f"in the pack {', '.join(facts.packs)}" if facts.packs else ""
    if named and facts.reach.providers:
        return Decision("on", named)
    if facts.own:
        return _own(facts)
    if named:
        return Decision("trial", f"{named}, but {facts.reach}")
    return _default(facts, proof)


def _own(facts: Facts) -> Decision:
    whose = "a rule of ours" if facts.origin == "haidang" else "a rule of this site"
    if facts.card.status == "experimental":
        return Decision("trial", f"{whose}, status experimental")
    silent = "" if facts.reach.providers else f"; {facts.reach}"
    return Decision("on", f"{whose}{silent}")


def is_candidate(facts: Facts) -> bool:
    """Whether a backtest decides the mode of this rule."""
    decided = facts.choice or facts.packs or facts.own or facts.card.status in _RETIRED
    return not decided and not _unfit(facts)


def _unfit(facts: Facts) -> str:
    """Why a rule of a set stays in trial whatever a backtest says, or ""."""
    if not facts.reach.providers:
        return str(facts.reach)
    if facts.card.status not in _PROVEN:
        return f"its status is {facts.card.status or 'not said'}"
    return "" if facts.card.level in _LOUD else f"its level is {facts.card.level}"


def _default(facts: Facts, proof: Proof) -> Decision:
    tried = facts.tried
    if unfit := _unfit(facts):
        return Decision("trial", unfit)
    if tried is None:
        return Decision("trial", "not tried on stored events; see `haidang rules backtest`")
    found = f"{tried.alerts} alerts in {tried.days} days of backtest, at most {tried.busiest} a day"
    if tried.busiest > proof.budget:
        return Decision("trial", f"{found}: over the budget of {proof.budget}")
    if tried.days < proof.days:
        return Decision("trial", f"{found}: at least {proof.days} days are needed")
    return Decision("on", f"{facts.card.level}, {facts.card.status}; {found}")


def decide_all(rules: RuleSet, facts: Mapping[str, Facts], proof: Proof) -> dict[str, Decision]:
    """The mode of every rule and correlation by id."""
    found = {id_: decide(one, proof) for id_, one in facts.items()}
    blocked = True
    while blocked:  # from inner to outer; a chain is short
        blocked = False
        for one in rules.correlations:
            if found[one.card.id].mode != "off" and (lost := _lost(one, found)):
                found[one.card.id] = Decision(
                    "off", f"it stands on {lost}, which is off", firm=True
                )
                blocked = True
    for one in rules.correlations:
        if found[one.card.id].mode != "off":
            found |= _revived(one, found)
    return found


def _lost(correlation: Correlation, found: Mapping[str, Decision]) -> str:
    """The first input for want of which a correlation would say nothing, or what is not so."""
    lost = [one for one in correlation.rules if found[one].mode == "off" and found[one].firm]
    spared = not correlation.temporal and len(lost) < len(correlation.rules)
    return lost[0] if lost and not spared else ""


def _revived(correlation: Correlation, found: Mapping[str, Decision]) -> dict[str, Decision]:
    why = f"but read by {correlation.card.name}"
    return {
        rule: Decision("trial", f"{found[rule].reason}, {why}")
        for rule in correlation.rules
        if found[rule].mode == "off" and not found[rule].firm
    }


def ids(found: Mapping[str, Decision], mode: Mode) -> frozenset[str]:
    """The rules of one mode."""
    return frozenset(id_ for id_, one in found.items() if one.mode == mode)
