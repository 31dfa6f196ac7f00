"""An alert as rows of the state store, and back."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Row

from haidang.model.alert import Alert
from haidang.model.detection import Detection, Episode
from haidang.model.packing import by_language

CURSOR = "alert"  # the last detection that became part of an alert

# Columns of an alert that say when it was stored, not what was found.
HISTORY = frozenset({"raised", "revised", "revision", "superseded_by"})


def found_columns(
    detection: Detection, sentences: Mapping[str, str], missing: int
) -> dict[str, Any]:
    """What a detection says of its alert: every column but its history, `details` as an object.

    `missing` counts the detection's events that could not be copied.
    """
    card, episode = detection.card, detection.episode
    return {
        "id": detection.alert,
        "rule": card.id,
        "rule_hash": card.hash,
        "title": card.title,
        "level": card.level,
        "start": episode.start,
        "end": episode.end,
        "events": episode.events,
        "system_level": detection.system_level,
        "zone": detection.zone,
        "details": {
            "tags": list(card.tags),
            "author": card.author,
            "falsepositives": {key: list(some) for key, some in card.falsepositives.items()},
            "group": dict(detection.group),
            "operators": list(detection.operators),
            "affected": list(detection.affected),
            "sentences": dict(sentences),
            "first_steps": {key: list(steps) for key, steps in card.first_steps.items()},
            "counts": dict(detection.counts),
            "evidence_missing": missing,
        },
    }


def stored_columns(row: Row[Any]) -> dict[str, Any]:
    """The same columns of a stored row, to compare."""
    columns = {name: value for name, value in row._mapping.items() if name not in HISTORY}  # noqa: SLF001 - SQLAlchemy's documented name
    return {**columns, "details": orjson.loads(row.details)}


def to_alert(row: Row[Any]) -> Alert:
    """The alert of a stored row."""
    details = orjson.loads(row.details)
    return Alert(
        id=row.id,
        rule=row.rule,
        rule_hash=row.rule_hash,
        title=row.title,
        level=row.level,
        tags=tuple(details["tags"]),
        author=details["author"],
        raised=row.raised,
        revised=row.revised,
        revision=row.revision,
        episode=Episode(row.start, row.end, row.events),
        group=details["group"],
        zone=row.zone,
        operators=tuple(details["operators"]),
        affected=tuple(details["affected"]),
        system_level=row.system_level,
        sentences=details["sentences"],
        first_steps=by_language(details.get("first_steps", {})),  # absent from the oldest alerts
        falsepositives=by_language(details["falsepositives"]),
        counts=details["counts"],
        evidence_missing=details["evidence_missing"],
        superseded_by=row.superseded_by,
    )
