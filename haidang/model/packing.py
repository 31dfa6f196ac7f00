"""Matches and detections as compact bytes, for the rows that carry them between stages."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from haidang.model.detection import Card, Detection, Episode, Match, Member

_LEVEL = 1  # zlib: rows are small and written often; speed over size
_AFFECTED = 7  # the place of `affected` in a match's row


def pack_matches(matches: Iterable[Match]) -> bytes:
    """All matches of one batch as one compressed row."""
    rows = [
        [
            match.rule,
            match.rule_hash,
            match.event,
            match.time,
            match.received,
            match.source,
            match.operator,
            match.affected,
            match.zone,
            match.level,
            dict(match.values),
        ]
        for match in matches
    ]
    return zlib.compress(orjson.dumps(rows), _LEVEL)


def unpack_matches(packed: bytes) -> list[Match]:
    """Return the matches of one row, in their order."""
    rows: list[list[Any]] = orjson.loads(zlib.decompress(packed))
    for row in rows:
        row[_AFFECTED] = tuple(row[_AFFECTED])
    return [Match(*row) for row in rows]


def pack_detection(detection: Detection) -> bytes:
    """One detection as a compressed row."""
    return zlib.compress(orjson.dumps(detection), _LEVEL)


def unpack_detection(packed: bytes) -> Detection:
    """Return the detection of one row."""
    row: dict[str, Any] = orjson.loads(zlib.decompress(packed))
    card = row.pop("card")
    card["tags"] = tuple(card["tags"])
    for key in ("falsepositives", "first_steps"):
        card[key] = by_language(card.get(key, {}))
    for key in ("operators", "affected", "absorbed"):
        row[key] = tuple(row[key])
    row["members"] = tuple(Member(**member) for member in row["members"])
    return Detection(card=Card(**card), episode=Episode(**row.pop("episode")), **row)


def by_language(texts: Mapping[str, Iterable[str]] | Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Texts of a stored card by language; a list is from before there was another than English."""
    found = texts if isinstance(texts, Mapping) else {"en": texts}
    return {language: tuple(some) for language, some in found.items() if some}
