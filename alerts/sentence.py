"""The sentence of an alert, from the rule's template and the detection's own events.

A sentence names only what the detection's events hold and what the inventory calls them: no other
alert, unit or history, so that it is safe to show to whoever may see the alert. Telling never
fails: what is absent is said to be unknown, an attacker's text is made harmless (`wording`).
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from alerts import why, wording
from alerts.evidence import Evidence
from alerts.lease import Lease, address_of
from alerts.names import LANGUAGES, Names, unit_names
from alerts.story import AT_LEAST, Story, Told, chain_of, fact
from alerts.template import Clause, Piece, Reference, parse_template, references
from haidang.model.detection import Detection
from haidang.model.fields import first_text
from haidang.model.instant import from_iso

UNKNOWN = {"vi": "(không rõ)", "en": "(unknown)"}


@dataclass(frozen=True, slots=True)
class Value:
    """What a reference found: text, or a count, or (with `is_time`) an instant.

    `told` is the event it stands in; `at_least` says that events beyond the copies may add to it.
    """

    raw: str | int
    told: Told | None = None
    is_time: bool = False
    at_least: bool = False


def tell(
    detection: Detection,
    copies: Mapping[str, Evidence],
    names: Names,
    lease: Lease | None = None,
) -> dict[str, str]:
    """The alert's sentence in every language; `copies` are its events' copies by event id.

    `lease` is that of the address which the detection is about.
    """
    chain, address = chain_of(detection, copies), address_of(detection, copies)
    stories = [Story(detection, chain, names, one, address, lease) for one in LANGUAGES]
    return {story.language: _sentence(story) for story in stories}


def _sentence(story: Story) -> str:
    own = story.detection.card.sentences.get(story.language)
    text = _told(own, story) if own else _explained(story)
    return unicodedata.normalize("NFC", text)


def _explained(story: Story) -> str:
    """The sentence of a rule that has no template: by a pattern (`patterns.yml`)."""
    first = next(iter(story.in_time()), None)
    pattern = why.choose(story.detection.card.tags, first.document if first else {})
    told = pattern.told[story.language]
    act = _best(told.acts, story)
    if story.detection.episode.events > 1 and act:
        act = _told(told.many, story) + act
    act = f": {act}" if act else ""
    return f"{_best(told.places, story)}{act}; {_told(told.meaning, story)}."


def _best(templates: Sequence[str], story: Story) -> str:
    """The first template that finds all it needs outside its clauses; "" where none does."""
    for template in templates:
        pieces = parse_template(template)
        if _finds_all(pieces, story):
            return _join(pieces, story)
    return ""


def _finds_all(pieces: Sequence[Piece], story: Story) -> bool:
    needed = [piece for piece in pieces if not isinstance(piece, Clause)]
    return all(_shown(one, story) for one in references(needed))


def _told(template: str, story: Story) -> str:
    return _join(parse_template(template), story)


def _join(pieces: Sequence[Piece], story: Story) -> str:
    return "".join(_render(piece, story) for piece in pieces)


def _render(piece: Piece, story: Story) -> str:
    if isinstance(piece, str):
        return piece
    if isinstance(piece, Clause):
        return _join(piece.pieces, story) if _finds_all(piece.pieces, story) else ""
    if isinstance(piece, Reference) and piece.filter == "seen":
        return ""
    return _shown(piece, story) or UNKNOWN[story.language]


def _shown(piece: object, story: Story) -> str:
    """What a reference finds, made harmless; "" where it finds nothing, and for a mistake."""
    if not isinstance(piece, Reference):
        return ""
    if piece.part == "affected":
        # Names of the inventory, not an attacker's: a long list of units is not cut.
        detection = story.detection
        return unit_names(story.names, detection.affected, detection.operators, story.language)
    if piece.part == "fact":
        return wording.clean(fact(story, piece.path).strip())
    value = _find(piece, story)
    shown = _FILTERS[piece.filter](value, story) if value is not None else ""
    return wording.clean(shown) if shown.strip() else ""


def _find(reference: Reference, story: Story) -> Value | None:
    detection = story.detection
    match reference.part:
        case "kind":
            at = detection.episode.start
            word = story.names.kind_word(detection.zone, story.host, at, story.language)
            return Value(word)
        case "aggregate":
            found = detection.value
            return None if found is None else Value(wording.decimal(found, story.language))
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
    "seen": _show,
}
