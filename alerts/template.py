"""The template language of sentences: text with `{reference}`, `{reference|filter}`, `[clause]`.

References: `affected`, `kind`, `aggregate`, a fact (`facts.py`), `group.<field>`, `<rule>.count`,
and `<rule>.first.<path>`, `<rule>.last.<path>`, `<rule>.same.<path>` with an ECS path. A clause is
left out where a reference in it finds nothing; the filter `seen` asks for a value without showing
it. `{{`, `}}`, `[[` and `]]` are literal.
"""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from alerts.facts import FACTS

FILTERS = frozenset({"clock", "date", "basename", "section", "number", "seen"})
_TOKEN = re.compile(r"(?P<twice>\{\{|\}\}|\[\[|\]\])|\{(?P<inside>[^{}]*)\}|(?P<lone>[][{}])")
_SUBJECT = re.compile(
    r"(?P<word>affected|kind|aggregate)"
    rf"|(?P<fact>{'|'.join(FACTS)})"
    r"|(?P<group>group)\.(?P<field>[^\s|]+)"
    r"|(?P<rule>[A-Za-z0-9_-]+)\.(?:(?P<count>count)|(?P<part>first|last|same)\.(?P<path>[^\s|]+))"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One `{…}` of a template.

    `part` is `affected`, `kind`, `aggregate`, `fact`, `group`, `count`, `first`, `last` or `same`;
    `rule` and `path` (the fact, the group's field or the ECS path) are "" where the part has none;
    `filter` is "" for none.
    """

    part: str
    rule: str = ""
    path: str = ""
    filter: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A piece of a template that means nothing, and why."""

    written: str
    why: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One `[…]` of a template: shown only where all its references find something."""

    pieces: tuple["str | Reference | Mistake", ...]


Piece: TypeAlias = str | Reference | Mistake | Clause


def parse_template(text: str) -> list[Piece]:
    """The template's pieces in order; never fails, a bad piece is a Mistake."""
    done: list[Piece] = []
    clause: list[str | Reference | Mistake] | None = None
    for piece in _flat(text):
        if piece == _OPEN and clause is None:
            clause = []
        elif piece == _CLOSE and clause is not None:
            done.append(Clause(tuple(clause)))
            clause = None
        elif clause is not None:
            clause.append(piece)
        else:
            done.append(piece)
    # A clause that never closes is text; its bracket is the mistake.
    return done if clause is None else [*done, _OPEN, *clause]


_OPEN = Mistake("[", "a bracket that opens no clause; write [[ for a bracket that is text")
_CLOSE = Mistake("]", "a bracket that closes no clause; write ]] for a bracket that is text")
_BRACE = "a single brace; write {{ or }} for a brace that is text"


def _flat(text: str) -> Iterator[str | Reference | Mistake]:
    """The pieces, each bracket of a clause as the mistake that it is where it stands alone."""
    end = 0
    for token in _TOKEN.finditer(text):
        if end < token.start():
            yield text[end : token.start()]
        yield _piece(token)
        end = token.end()
    if end < len(text):
        yield text[end:]


def _piece(token: re.Match[str]) -> str | Reference | Mistake:
    match token["lone"]:
        case "[":
            return _OPEN
        case "]":
            return _CLOSE
        case str(brace):
            return Mistake(brace, _BRACE)
    return _reference(token["inside"]) if token["inside"] is not None else token["twice"][0]


def _reference(inside: str) -> Reference | Mistake:
    subject, bar, chosen = inside.partition("|")
    written = "{" + inside + "}"
    found = _SUBJECT.fullmatch(subject)
    if found is None:
        return Mistake(
            written,
            "not a reference; known are affected, kind, aggregate, group.<field>, <rule>.count, "
            f"<rule>.first|last|same.<ECS path>, and {', '.join(FACTS)}",
        )
    if bar and chosen not in FILTERS:
        return Mistake(
            written, f"unknown filter {chosen!r}; known are {', '.join(sorted(FILTERS))}"
        )
    if bar and chosen != "seen" and (found["word"] or found["fact"]):
        return Mistake(written, f"{subject} takes no filter but seen")
    if found["fact"]:
        return Reference("fact", "", subject, chosen)
    part = found["word"] or found["group"] or found["count"] or found["part"]
    path = found["field"] or found["path"] or ""
    return Reference(part, found["rule"] or "", path, chosen)


def references(pieces: Sequence[Piece]) -> Iterator[Reference | Mistake]:
    """Every reference and mistake, also inside clauses."""
    for piece in pieces:
        if isinstance(piece, Clause):
            yield from references(piece.pieces)
        elif not isinstance(piece, str):
            yield piece


def check_template(text: str, rules: Container[str] | None = None) -> list[str]:
    """What is wrong with a template, one sentence a problem; [] for a good one.

    With `rules`, the names whose events a detection of this rule holds, an unknown name is a
    problem too (it would be told as unknown for ever).
    """
    problems = []
    for piece in references(parse_template(text)):
        if isinstance(piece, Mistake):
            problems.append(f"{piece.written}: {piece.why}")
        elif _is_foreign(piece.rule, rules):
            problems.append(f"{piece.rule}: no rule of this name belongs to the detection")
    return problems


def _is_foreign(rule: str, rules: Container[str] | None) -> bool:
    return bool(rule) and rules is not None and rule not in rules
