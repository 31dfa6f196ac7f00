"""The cards of all rules of a site, kept in the state store for the pages."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, delete, insert

from haidang.model.fold import plain
from haidang.store.state import tables
from rules.modes import Facts

_MOST_CHARS = 100_000


def keep_cards(connection: Connection, facts: Iterable[Facts]) -> None:
    """Write all cards anew; part of the transaction that writes the modes."""
    connection.execute(delete(tables.rule_card))
    connection.execute(insert(tables.rule_card), [_row(one) for one in facts])


def _row(facts: Facts) -> dict[str, Any]:
    card = facts.card
    words = (card.title, card.name, card.id, card.author, facts.origin, *card.tags)
    details = {
        "tags": card.tags,
        "falsepositives": card.falsepositives,
        "sentences": card.sentences,
        "first_steps": card.first_steps,
        "source": _source(Path(facts.file)),
    }
    return {
        "rule": card.id,
        "name": card.name,
        "title": card.title,
        "level": card.level,
        "status": card.status,
        "author": card.author,
        "origin": facts.origin,
        "file": Path(facts.file).name,
        "reach": str(facts.reach),
        "fires": int(bool(facts.reach.providers)),
        "search": plain(" ".join(words)),
        "details": orjson.dumps(details),
    }


def _source(file: Path) -> str:
    """The file as it is written; "" where it went away meanwhile."""
    try:
        return file.read_text("utf-8", "replace")[:_MOST_CHARS]
    except OSError:
        return ""
