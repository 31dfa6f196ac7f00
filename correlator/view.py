"""The Sigma view of an event: its values by field, each gathered and folded once.

Rulings:
- Keywords search `event.original` when it is present, else every value that the source sent.
  Keys that are ours (`haidang`, `ecs`, `agent`, `@timestamp`) are never searched.
- An object is present (`exists`) but has no text of its own.
- Fields of the calendar are computed, whatever an event claims under their names.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from haidang.model.event import Document
from haidang.model.fields import COMPUTED, as_text, values
from haidang.model.fold import fold, nfc
from rules.rule import LogSource

Compute: TypeAlias = Callable[[str], list[Any]]

OURS = frozenset(("haidang", "ecs", "agent", "@timestamp"))


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Where an atom reads: the first of `paths` that is present. Compared by identity.

    Values that are one of the texts `absent` are as if they were not there.
    """

    paths: tuple[str, ...]
    absent: frozenset[str] = frozenset()


# The source of atoms that search the whole event.
WHOLE_EVENT = Source(())


def unknown(path: str) -> list[Any]:
    """The values of a computed field where nothing computes any."""
    del path
    return []


class View:
    """One event as rules see it; every method remembers its answer for this event."""

    __slots__ = ("_compute", "_document", "_exact", "_folded", "_values")

    def __init__(self, document: Document, compute: Compute = unknown) -> None:
        self._document = document
        self._compute = compute
        self._values: dict[Source, list[Any]] = {}
        self._folded: dict[Source, list[str]] = {}
        self._exact: dict[Source, list[str]] = {}

    def values(self, source: Source) -> list[Any]:
        """Every value of a field, [] where it is absent; a present null is [None]."""
        found = self._values.get(source)
        if found is None:
            found = self._values[source] = self._gather(source)
        return found

    def exact(self, source: Source) -> list[str]:
        """The values of a field as text in NFC, without nulls."""
        found = self._exact.get(source)
        if found is None:
            found = self._exact[source] = [nfc(text) for text in self._texts(source)]
        return found

    def folded(self, source: Source) -> list[str]:
        """The values of a field as folded text, without nulls."""
        found = self._folded.get(source)
        if found is None:
            found = self._folded[source] = [fold(text) for text in self._texts(source)]
        return found

    def _texts(self, source: Source) -> list[str]:
        return [
            as_text(one)
            for one in self.values(source)
            if one is not None and not isinstance(one, dict)
        ]

    def _gather(self, source: Source) -> list[Any]:
        if source is WHOLE_EVENT:
            return _searched(self._document)
        for path in source.paths:
            found = self._compute(path) if path in COMPUTED else values(self._document, path)
            if source.absent and found:
                found = [one for one in found if not _is_text_of(one, source.absent)]
            if found:
                return found
        return []


def _is_text_of(value: Any, texts: frozenset[str]) -> bool:
    return isinstance(value, str) and value in texts


def _searched(document: Document) -> list[Any]:
    original = values(document, "event.original")
    if any(one is not None for one in original):
        return original
    return [leaf for key, value in document.items() if not _ours(key) for leaf in _leaves(value)]


def _ours(key: str) -> bool:
    return key in OURS or key.partition(".")[0] in OURS


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def logsources(document: Document) -> tuple[LogSource, ...]:
    """The log sources of an event, folded, from `haidang.logsource`."""
    return tuple(
        logsource(one) for one in values(document, "haidang.logsource") if isinstance(one, dict)
    )


def logsource(parts: Mapping[str, Any]) -> LogSource:
    """One log source from its written parts; whatever is not text counts as absent."""
    found = [parts.get(name) for name in ("category", "product", "service")]
    return _logsource(*[one if isinstance(one, str) else "" for one in found])


@lru_cache(maxsize=4096)  # events repeat a few; bounded, because an event may claim any
def _logsource(category: str, product: str, service: str) -> LogSource:
    return LogSource(fold(category), fold(product), fold(service))
