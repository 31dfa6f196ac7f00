"""What one sentence may draw on: a detection's events in time, the inventory's words, the facts.

Nothing else: no other alert, unit or history.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from alerts import wording
from alerts.evidence import Evidence
from alerts.facts import FACTS
from alerts.lease import Lease
from alerts.names import Names
from alerts.rhythm import beat
from haidang.model.detection import Detection
from haidang.model.event import Document
from haidang.model.fields import first_text
from haidang.model.instant import MINUTE, Instant

AT_LEAST = {"vi": "ít nhất", "en": "at least"}
_OUTCOMES = {
    "success": {"vi": "thành công", "en": "successful"},
    "failure": {"vi": "thất bại", "en": "failed"},
}
_AT_ONCE: Instant = 5 * MINUTE  # what a machine does so soon after it came up, it does since then


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the chain that is told."""

    event: str
    time: Instant
    document: Document


@dataclass(frozen=True, slots=True)
class Story:
    """The detection, its told events by rule, each by (time, id), and the words to tell them in.

    `address` is the one it is about ("" for none), `lease` the DHCP lease of it.
    """

    detection: Detection
    chain: Mapping[str, Sequence[Told]]
    names: Names
    language: str
    address: str = ""
    lease: Lease | None = None

    @property
    def host(self) -> str:
        """The host that the detection is about: the group's, else the first told event's."""
        grouped = self.detection.group.get("host.name", "")
        return grouped or self.first(("host.name",))

    @property
    def length(self) -> Instant:
        """From the first event to the last."""
        return self.detection.episode.end - self.detection.episode.start

    @property
    def machine(self) -> str:
        """The machine with the address: as the inventory calls it, else as its lease, else so."""
        detection = self.detection
        at = detection.episode.start
        known = self.address and self.names.host_name(detection.zone, self.address, at)
        return known or (self.lease.host if self.lease else "") or self.address

    @property
    def switched_on(self) -> Instant | None:
        """When the machine came up, if what is told began at once."""
        start = self.detection.episode.start
        if self.lease is None or not self.lease.came_up:
            return None
        return self.lease.copy.time if start - self.lease.copy.time <= _AT_ONCE else None

    @property
    def beat(self) -> Instant:
        """The step between told events that keep time, else 0."""
        detection = self.detection
        told = {(member.time, member.event) for member in detection.members if member.told}
        cut = sum(detection.counts.values()) > len(told)
        return beat([time for time, _event in sorted(told)], cut=cut)

    def in_time(self) -> list[Told]:
        """Every told event by (time, id)."""
        everything = [told for chain in self.chain.values() for told in chain]
        return sorted(everything, key=attrgetter("time", "event"))

    def first(self, paths: Sequence[str]) -> str:
        """The value of the first told event that has one at any of the paths; "" for none."""
        return next(self._each(paths), "")

    def is_cut(self) -> bool:
        """Whether the told events are only a part of the detection's."""
        return len(self.in_time()) < self.detection.episode.events

    def _each(self, paths: Sequence[str]) -> Iterator[str]:
        """One value an event; a lone hyphen is how many logs write that there is none."""
        for told in self.in_time():
            found = (first_text(told.document, path) for path in paths)
            value = next((one for one in found if one.strip(" -")), "")
            if value:
                yield value

    def distinct(self, paths: Sequence[str]) -> int:
        """How many values the told events have, by the first path that each has."""
        return len(set(self._each(paths)))


def chain_of(detection: Detection, copies: Mapping[str, Evidence]) -> dict[str, list[Told]]:
    """The told events by the rule they matched, each list by (time, id)."""
    chain: dict[str, list[Told]] = {}
    for member in sorted(detection.members, key=attrgetter("time", "event")):
        copy = copies.get(member.event)
        if member.told and copy is not None:
            told = Told(member.event, copy.time, copy.document())
            chain.setdefault(member.rule, []).append(told)
    return chain


def fact(story: Story, name: str) -> str:
    """A fact of `facts.FACTS` as people read it, "" where the events do not hold it."""
    known = FACTS[name]
    match known.how:
        case "measured":
            return _MEASURED[name](story)
        case "count":
            return _count(story, story.distinct(known.paths))
        case "outcome":
            return _OUTCOMES.get(story.first(known.paths), {}).get(story.language, "")
        case "basename":
            return wording.basename(story.first(known.paths))
        case "short":
            return wording.shorten(story.first(known.paths))
        case "text":
            return story.first(known.paths)


def _count(story: Story, distinct: int) -> str:
    if distinct < 2:
        return ""
    shown = wording.number(distinct, story.language)
    return f"{AT_LEAST[story.language]} {shown}" if story.is_cut() else shown


def _clock(moment: Instant | None) -> str:
    return "" if moment is None else wording.local(moment, "%H:%M")


_MEASURED: Mapping[str, Callable[[Story], str]] = {
    "beat": lambda story: wording.about(story.beat, story.language),
    "count": lambda story: wording.number(story.detection.episode.events, story.language),
    "duration": lambda story: wording.about(story.length, story.language),
    "host": lambda story: story.host,
    "machine": lambda story: story.machine,
    "span": lambda story: wording.span(story.length, story.language),
    "switched_on": lambda story: _clock(story.switched_on),
    "time": lambda story: _clock(story.detection.episode.start),
    "title": lambda story: story.detection.card.title,
}
