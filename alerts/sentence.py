"""The sentence of an alert, from the rule's template and the detection's own events.

A sentence names only what the detection's events hold and what the inventory calls them: no other
alert, unit or history, so that it is safe to show to whoever may see the alert. Telling never
fails: what is absent is said to be unknown, an attacker's text is made harmless (`wording`).
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from alerts import wording
from alerts.evidence import Evidence
from alerts.names import LANGUAGES, Names, unit_names
from alerts.template import Reference, parse_template
from haidang.model.detection import Detection
from haidang.model.event import Document
from haidang.model.fields import first_text
from haidang.model.instant import Instant, from_iso

UNKNOWN = {"vi": "(không rõ)", "en": "(unknown)"}
AT_LEAST = {"vi": "ít nhất", "en": "at least"}
EVENTS = {"vi": "sự kiện", "en": "events"}


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the chain that is told."""

    event: str
    time: Instant
    document: Document


@dataclass(frozen=True, slots=True)
class Story:
    """All that one sentence may draw on; `chain` holds each rule's told events by (time, id)."""

    detection: Detection
    chain: Mapping[str, Sequence[Told]]
    names: Names
    language: str

    @property
    def host(self) -> str:
        """The host that the detection is about: the group's, else the first told event's."""
        grouped = self.detection.group.get("host.name", "")
        return grouped or next(
            (host for told in self._in_time() if (host := first_text(told.document, "host.name"))),
            "",
        )

    def _in_time(self) -> list[Told]:
        everything = [told for chain in self.chain.values() for told in chain]
        return sorted(everything, key=attrgetter("time", "event"))


@dataclass(frozen=True, slots=True)
class Value:
    """What a reference found: text, or a count, or (with `is_time`) an instant.

    `told` is the event it stands in; `at_least` says that events beyond the copies may add to it.
    """

    raw: str | int
    told: Told | None = None
    is_time: bool = False
    at_least: bool = False


def tell(detection: Detection, copies: Mapping[str, Evidence], names: Names) -> dict[str, str]:
    """The alert's sentence in every language; `copies` are its events' copies by event id."""
    chain = _chain(detection, copies)
    return {language: _sentence(Story(detection, chain, names, language)) for language in LANGUAGES}


def _chain(detection: Detection, copies: Mapping[str, Evidence]) -> dict[str, list[Told]]:
    chain: dict[str, list[Told]] = {}
    for member in sorted(detection.members, key=attrgetter("time", "event")):
        copy = copies.get(member.event)
        if member.told and copy is not None:
            told = Told(member.event, copy.time, copy.document())
            chain.setdefault(member.rule, []).append(told)
    return chain


def _sentence(story: Story) -> str:
    template = story.detection.card.sentences.get(story.language)
    if not template:
        return _plain(story)
    pieces = parse_template(template)
    return unicodedata.normalize("NFC", "".join(_render(piece, story) for piece in pieces))


def _plain(story: Story) -> str:
    """The sentence of a rule that has no template."""
    detection, language = story.detection, story.language
    count = wording.number(detection.episode.events, language)
    group = [f"{field} {value}" for field, value in detection.group.items() if value]
    parts = [f"{count} {EVENTS[language]}", *map(wording.clean, group)]
    return f"{wording.clean(detection.card.title)}: {', '.join(parts)}"


def _render(piece: object, story: Story) -> str:
    if isinstance(piece, str):
        return piece
    if not isinstance(piece, Reference):
        return UNKNOWN[story.language]
    if piece.part == "affected":
        # Names of the inventory, not an attacker's: a long list of units is not cut.
        detection = story.detection
        return unit_names(story.names, detection.affected, detection.operators, story.language)
    value = _find(piece, story)
    shown = _FILTERS[piece.filter](value, story) if value is not None else ""
    return wording.clean(shown) if shown.strip() else UNKNOWN[story.language]


def _find(reference: Reference, story: Story) -> Value | None:
    detection = story.detection
    match reference.part:
        case "kind":
            at = detection.episode.start
            word = story.names.kind_word(detection.zone, story.host, at, story.language)
            return Value(word)
        case "group":
            return Value(detection.group.get(reference.path, ""))
        case "count":
            count = detection.counts.get(reference.rule)
            return None if count is None else Value(count)
        case _:
            return _find_in_chain(reference, story)


def _find_in_chain(reference: Reference, story: Story) -> Value | None:
    chain = story.chain.get(reference.rule)
    if not chain:
        return None
    if reference.part == "same":
        return _count_same(reference, chain, story.detection)
    return _at(chain[-1 if reference.part == "last" else 0], reference.path)


def _at(told: Told, path: str) -> Value:
    if path == "@timestamp":
        return Value(told.time, told, is_time=True)
    return Value(first_text(told.document, path), told)


def _count_same(reference: Reference, chain: Sequence[Told], detection: Detection) -> Value | None:
    """How many told events of the rule have the first one's value."""
    first = _at(chain[0], reference.path).raw
    if first == "":
        return None
    same = sum(_at(told, reference.path).raw == first for told in chain)
    members = [member for member in detection.members if member.rule == reference.rule]
    untold = sum(not member.told for member in members)
    cut = detection.counts.get(reference.rule, 0) > len(members)
    return Value(same, at_least=cut or len(chain) + untold < len(members))


def _show(value: Value, story: Story) -> str:
    if value.is_time:
        return f"{_clock(value, story)} {_date(value, story)}"
    return value.raw if isinstance(value.raw, str) else _number(value, story)


def _number(value: Value, story: Story) -> str:
    count = value.raw if isinstance(value.raw, int) else wording.whole(value.raw)
    if count is None:
        return str(value.raw)
    shown = wording.number(count, story.language)
    return f"{AT_LEAST[story.language]} {shown}" if value.at_least else shown


def _clock(value: Value, _story: Story) -> str:
    return _local(value, "%H:%M")


def _date(value: Value, _story: Story) -> str:
    return _local(value, "%d/%m/%Y")


def _local(value: Value, pattern: str) -> str:
    """Nothing for a value that is no time."""
    if isinstance(value.raw, int):
        return wording.local(value.raw, pattern) if value.is_time else ""
    try:
        return wording.local(from_iso(value.raw), pattern)
    except (OverflowError, ValueError):
        return ""


def _basename(value: Value, _story: Story) -> str:
    return wording.basename(str(value.raw))


def _section(value: Value, story: Story) -> str:
    path = str(value.raw)
    at, host = story.detection.episode.start, story.host
    if value.told is not None:
        at = value.told.time
        host = first_text(value.told.document, "host.name") or host
    return path and (story.names.section(story.detection.zone, host, path, at) or path)


_FILTERS: Mapping[str, Callable[[Value, Story], str]] = {
    "": _show,
    "basename": _basename,
    "clock": _clock,
    "date": _date,
    "number": _number,
    "section": _section,
}
