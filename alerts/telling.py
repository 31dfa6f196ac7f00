"""The few fields of an alert that matter: those that the acts of its kinds of log tell of.

So what is shown of a logon is the account and its address, of a web request the path and its
answer, without a list of fields for each rule.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from alerts import wording
from alerts.evidence import Evidence
from alerts.facts import FACTS
from alerts.why import facts_of, kind_of
from haidang.model.event import Document
from haidang.model.fields import first_text

_MORE = ("source", "user", "program", "destination")  # where a kind names few
_LESS = frozenset({"method", "outcome"})  # words that tell nothing alone
_TEXTS = {"short": wording.shorten, "basename": wording.basename}


@dataclass(frozen=True, slots=True)
class Field:
    """A fact by name (`alerts.facts`), the value of the first event that has one, how many more.

    `others` counts the other values that the copied events hold.
    """

    fact: str
    value: str
    others: int


def telling_fields(copies: Iterable[Evidence], most: int = 5) -> list[Field]:
    """The first fact of each kind of log among the events, then the second of each, and so on."""
    by_kind: dict[str, list[Document]] = {}
    for copy in copies:
        document = copy.document()
        by_kind.setdefault(kind_of(document), []).append(document)
    found: dict[str, Field] = {}
    for name, documents in _in_turn(by_kind):
        if name not in found and len(found) < most and (field := _field(name, documents)):
            found[name] = field
    everything = [document for documents in by_kind.values() for document in documents]
    message = None if found else _field("message", everything)
    return [message] if message else list(found.values())


def _in_turn(
    by_kind: dict[str, list[Document]],
) -> Iterator[tuple[str, Sequence[Document]]]:
    named = {kind: [one for one in facts_of(kind) if one not in _LESS] for kind in by_kind}
    for turn in range(max(map(len, named.values()), default=0)):
        for kind, names in named.items():
            yield from ((name, by_kind[kind]) for name in names[turn : turn + 1])
    everything = [document for documents in by_kind.values() for document in documents]
    yield from ((name, everything) for name in _MORE)


def _field(name: str, documents: Sequence[Document]) -> Field | None:
    """A fact of these events; None where none holds it (a lone hyphen is none, too)."""
    known = FACTS[name]
    values: dict[str, None] = {}
    for document in documents:
        found = (first_text(document, path) for path in known.paths)
        values |= dict.fromkeys([one for one in found if one.strip(" -")][:1])
    if not values or known.how == "count":
        return None
    shown = _TEXTS.get(known.how, str)(next(iter(values)))
    return Field(name, wording.clean(shown), len(values) - 1)
