"""Which pattern tells a detection of a rule without a sentence of its own: `patterns.yml`.

The act comes from the kind of log, the meaning from the rule's ATT&CK tags: the exact technique,
its parent, a tactic, or none. Between tags, the order in which the rule names them decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from alerts.attack import tactic_keys, technique_ids
from alerts.names import LANGUAGES
from alerts.template import Reference, parse_template, references
from haidang.model.event import Document
from haidang.model.fields import as_text, values
from haidang.yamldoc import read_file

PATTERNS = Path(__file__).with_name("patterns.yml")

By: TypeAlias = Literal["technique", "parent technique", "tactic", "kind of log", "last resort"]
LAST_KIND = "other"
_UNTAGGED = "untagged"


@dataclass(frozen=True, slots=True)
class Templates:
    """One language's templates; of places and acts the first that finds its facts is told."""

    places: Sequence[str]
    many: str
    acts: Sequence[str]
    meaning: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """The chosen kind of log and meaning by name, by what they were chosen, and what they say."""

    kind: str
    meaning: str
    by: By
    told: Mapping[str, Templates]


@cache
def _patterns() -> Mapping[str, Any]:
    (document,) = read_file(PATTERNS)
    written: Mapping[str, Any] = document.value
    return written


def meanings() -> Sequence[Mapping[str, Any]]:
    """Every meaning: `name`, `tags`, and what it says in each language."""
    written: Sequence[Mapping[str, Any]] = _patterns()["meanings"]
    return written


@cache
def _by_tag() -> Mapping[str, Mapping[str, Any]]:
    """The meaning of each technique id and tactic key."""
    return {tag: meaning for meaning in meanings() for tag in meaning["tags"]}


def choose(tags: Sequence[str], event: Document) -> Pattern:
    """The pattern for a rule's tags and the first event of a detection of it."""
    kind = _kind(event)
    by, meaning = _meaning(tags, kind["name"])
    told = {language: _templates(kind, meaning, language) for language in LANGUAGES}
    return Pattern(kind["name"], meaning.get("name", _UNTAGGED), by, told)


@cache
def facts_of(kind: str) -> tuple[str, ...]:
    """The facts that the acts of a kind of log tell of, in their order."""
    named = (one for one in _patterns()["kinds"] if one["name"] == kind)
    acts = (act for one in named for act in one["vi"])
    found = (one for act in acts for one in references(parse_template(act)))
    return tuple(
        dict.fromkeys(
            one.path for one in found if isinstance(one, Reference) and one.part == "fact"
        )
    )


def kind_of(event: Document) -> str:
    """The name of the kind of log that an event is of."""
    name: str = _kind(event)["name"]
    return name


def _templates(kind: Mapping[str, Any], meaning: Mapping[str, Any], language: str) -> Templates:
    written = _patterns()
    acts = [*kind[language], *written["kinds"][-1][language]]
    place, many = written["place"][language], written["many"][language]
    return Templates(place, many, acts, meaning[language])


def _meaning(tags: Sequence[str], kind: str) -> tuple[By, Mapping[str, Any]]:
    known = _by_tag()
    for by, tag in _candidates(tags):
        if tag in known:
            return by, known[tag]
    return "last resort" if kind == LAST_KIND else "kind of log", _patterns()[_UNTAGGED]


def _candidates(tags: Sequence[str]) -> Iterator[tuple[By, str]]:
    techniques = technique_ids(tags)
    yield from (("technique", one) for one in techniques)
    yield from (("parent technique", one.partition(".")[0]) for one in techniques)
    yield from (("tactic", one) for one in tactic_keys(tags))


def _kind(event: Document) -> Mapping[str, Any]:
    """The first kind of log that fits the event; the last one fits all."""
    kinds: Sequence[Mapping[str, Any]] = _patterns()["kinds"]
    fitting = (kind for kind in kinds if any(_holds(one, event) for one in kind["when"]))
    return next(fitting, kinds[-1])


def _holds(condition: Mapping[str, Sequence[str]], event: Document) -> bool:
    return all(
        any(as_text(value) in wanted for value in values(event, path))
        for path, wanted in condition.items()
    )
