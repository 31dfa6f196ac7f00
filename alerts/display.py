"""Alerts as text: one JSON object a line for programs, a table for a terminal of 100 columns."""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

import orjson

from alerts import wording
from alerts.attack import tactic, tactic_keys, technique_ids, technique_name
from alerts.evidence import Evidence
from alerts.names import LANGUAGES, Names, unit_names
from haidang.model.alert import LEVEL_WORDS, Alert
from haidang.model.event import Document
from haidang.model.fields import first_text
from haidang.model.instant import to_iso

WIDTH = 100
_LEVEL, _TIME, _ID = 12, 14, 8
_UNIT = WIDTH - _LEVEL - _TIME - _ID
_TELLING = (
    "source.ip",
    "user.name",
    "http.request.method",
    "url.original",
    "http.response.status_code",
    "dns.question.name",
    "process.command_line",
    "event.action",
)
_STEPS = {"vi": "Việc cần làm:", "en": "First steps:"}
_HEADER = ("Mức", "Cảnh báo lúc", "Đơn vị", "Mã")


def to_json(alert: Alert, evidence: Iterable[Evidence] | None = None) -> str:
    """All fields of an alert as one line of JSON, with its evidence where that is given.

    Times are ISO 8601 in UTC; `level` is Sigma's key and `level_word` what people read. `sha256`
    of a copy is over the bytes of its ECS document as they were stored. Characters that a terminal
    would act on are written as JSON escapes: the value is the same.
    """
    episode = alert.episode
    fields = {
        "id": alert.id,
        **_rule_fields(alert),
        "raised": to_iso(alert.raised),
        "revised": to_iso(alert.revised),
        "revision": alert.revision,
        "episode": {
            "start": to_iso(episode.start),
            "end": to_iso(episode.end),
            "events": episode.events,
        },
        "group": alert.group,
        "zone": alert.zone,
        "operators": alert.operators,
        "affected": alert.affected,
        "system_level": alert.system_level,
        "sentences": alert.sentences,
        "first_steps": alert.first_steps,
        "falsepositives": alert.falsepositives,
        "counts": alert.counts,
        "evidence_missing": alert.evidence_missing,
        "superseded_by": alert.superseded_by,
    }
    if evidence is not None:
        fields["evidence"] = [_evidence_fields(copy) for copy in evidence]
    return json_line(fields)


def _rule_fields(alert: Alert) -> dict[str, object]:
    return {
        "rule": alert.rule,
        "rule_hash": alert.rule_hash,
        "title": alert.title,
        "level": alert.level,
        "level_word": LEVEL_WORDS.get(alert.level, alert.level),
        "tags": alert.tags,
        "techniques": {id_: technique_name(id_) for id_ in technique_ids(alert.tags)},
        "tactics": {one.id: one.names for one in map(tactic, tactic_keys(alert.tags))},
        "author": alert.author,
    }


def json_line(fields: Mapping[str, object]) -> str:
    """One line of JSON; characters that a terminal would act on are escaped."""
    line = orjson.dumps(fields).decode()
    return "".join(json.dumps(char)[1:-1] if wording.is_unsafe(char) else char for char in line)


def _evidence_fields(copy: Evidence) -> dict[str, object]:
    return {
        "event": copy.event,
        "time": to_iso(copy.time),
        "rule": copy.rule,
        "units": copy.units,
        "sha256": copy.sha256,
        "ecs": copy.ecs.decode(),
    }


def gist(document: Document) -> str:
    """The fields of an event that tell most, on one line; where it has none, its raw line."""
    said = " ".join(filter(None, (first_text(document, path) for path in _TELLING)))
    return wording.clean(said or first_text(document, "event.original"))


def evidence_lines(evidence: Iterable[Evidence]) -> Iterator[str]:
    """A line for each copy: its time (UTC+7), rule, hash, and the fields that tell most."""
    for copy in evidence:
        said = gist(copy.document())
        when = wording.local(copy.time, "%d/%m %H:%M:%S")
        yield pad(f"{' ' * _LEVEL}{when} {copy.rule} {copy.sha256[:8]} {said}", WIDTH).rstrip()


def to_table(
    alerts: Iterable[Alert],
    names: Names,
    evidence: Mapping[str, Iterable[Evidence]] | None = None,
    detail: bool = False,
) -> str:
    """A line for each alert (level, time raised UTC+7, unit, short id), its sentences under it.

    With `detail` the rule, its ATT&CK techniques and the first steps; then the alert's copies,
    where `evidence` has some by its id. No line is wider than 100 columns.
    """
    lines = [_line(*_HEADER)]
    for alert in alerts:
        lines += _entry(alert, names)
        lines += _detail(alert) if detail else ()
        lines += evidence_lines((evidence or {}).get(alert.id, ()))
    return "\n".join(lines) + "\n"


def _entry(alert: Alert, names: Names) -> Iterator[str]:
    level = LEVEL_WORDS.get(alert.level, wording.clean(alert.level))
    raised = wording.local(alert.raised, "%d/%m %H:%M")
    unit = wording.clean(unit_names(names, alert.affected, alert.operators, "vi"))
    yield _line(level, raised, unit, alert.id[:_ID])
    if alert.superseded_by:
        yield f"{' ' * _LEVEL}→ {alert.superseded_by[:_ID]}"
    for language in LANGUAGES:
        yield from _indented(alert.sentences.get(language, ""))


def _detail(alert: Alert) -> Iterator[str]:
    author = f" ({wording.clean(alert.author)})" if alert.author else ""
    yield from _indented(f"Luật · rule: {wording.clean(alert.title)}{author}")
    for id_ in technique_ids(alert.tags):
        yield from _indented(f"ATT&CK: {id_} {technique_name(id_)}")
    for language in LANGUAGES:
        steps = alert.first_steps.get(language, ())
        yield from _indented(_STEPS[language] if steps else "")
        for number, step in enumerate(steps, 1):
            yield from _indented(f"{number}. {wording.clean(step)}")


def _indented(text: str) -> Iterator[str]:
    yield from (" " * _LEVEL + part for part in wrap(text, WIDTH - _LEVEL))


def _line(level: str, raised: str, unit: str, short_id: str) -> str:
    columns = (pad(level, _LEVEL), pad(raised, _TIME), pad(unit, _UNIT), short_id)
    return "".join(columns).rstrip()


def width(text: str) -> int:
    """Terminal columns: two for wide East Asian characters, none for combining marks."""
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf", "Cc"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def pad(text: str, columns: int) -> str:
    """`text` in NFC with spaces to its right, cut (with an ellipsis) to leave two of them."""
    text = unicodedata.normalize("NFC", text)
    if width(text) > columns - 2:
        text = _fitting(text, columns - 3) + "…"
    return text + " " * (columns - width(text))


def wrap(text: str, columns: int) -> list[str]:
    """`text` in NFC as lines of at most `columns`, broken at spaces; a longer word is cut."""
    lines, line = [], ""
    for word in unicodedata.normalize("NFC", text).split():
        joined = f"{line} {word}" if line else word
        if width(joined) <= columns:
            line = joined
            continue
        lines += [line] if line else []
        *full, line = _pieces(word, columns)
        lines += full
    return [*lines, line] if line else lines


def _pieces(word: str, columns: int) -> list[str]:
    pieces = []
    while width(word) > columns:
        head = _fitting(word, columns)
        pieces.append(head)
        word = word[len(head) :]
    return [*pieces, word]


def _fitting(text: str, columns: int) -> str:
    """The longest start of `text` within `columns`, marks kept with their letter."""
    used = 0
    for index, char in enumerate(text):
        used += _columns(char)
        if used > columns:
            return text[:index]
    return text
