"""The template language of a rule's sentences: text with `{reference}` or `{reference|filter}`.

References: `affected`, `kind`, `group.<field>`, `<rule>.count`, and `<rule>.first.<path>`,
`<rule>.last.<path>`, `<rule>.same.<path>` with an ECS path. `{{` and `}}` are literal braces.
"""

import re
from collections.abc import Container
from dataclasses import dataclass

FILTERS = frozenset({"clock", "date", "basename", "section", "number"})
_TOKEN = re.compile(r"(\{\{)|(\}\})|\{([^{}]*)\}|([{}])")
_SUBJECT = re.compile(
    r"(?P<word>affected|kind)"
    r"|(?P<group>group)\.(?P<field>[^\s|]+)"
    r"|(?P<rule>[A-Za-z0-9_-]+)\.(?:(?P<count>count)|(?P<part>first|last|same)\.(?P<path>[^\s|]+))"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One `{…}` of a template.

    `part` is `affected`, `kind`, `group`, `count`, `first`, `last` or `same`; `rule` and `path`
    (the group's field or the ECS path) are "" where the part has none; `filter` is "" for none.
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


def parse_template(text: str) -> list[str | Reference | Mistake]:
    """The template's pieces in order; never fails, a bad piece is a Mistake."""
    pieces: list[str | Reference | Mistake] = []
    end = 0
    for token in _TOKEN.finditer(text):
        pieces.append(text[end : token.start()])
        pieces.append(_piece(token))
        end = token.end()
    return [piece for piece in (*pieces, text[end:]) if piece != ""]


def _piece(token: re.Match[str]) -> str | Reference | Mistake:
    opened, closed, inside, lone = token.groups()
    if lone:
        return Mistake(lone, "a single brace; write {{ or }} for a brace that is text")
    return _reference(inside) if inside is not None else (opened or closed)[0]


def _reference(inside: str) -> Reference | Mistake:
    subject, bar, chosen = inside.partition("|")
    written = "{" + inside + "}"
    found = _SUBJECT.fullmatch(subject)
    if found is None:
        return Mistake(
            written,
            "not a reference; known are affected, kind, group.<field>, <rule>.count and "
            "<rule>.first|last|same.<ECS path>",
        )
    if bar and chosen not in FILTERS:
        return Mistake(
            written, f"unknown filter {chosen!r}; known are {', '.join(sorted(FILTERS))}"
        )
    if bar and found["word"]:
        return Mistake(written, f"{found['word']} takes no filter")
    part = found["word"] or found["group"] or found["count"] or found["part"]
    path = found["field"] or found["path"] or ""
    return Reference(part, found["rule"] or "", path, chosen)


def check_template(text: str, rules: Container[str] | None = None) -> list[str]:
    """What is wrong with a template, one sentence a problem; [] for a good one.

    With `rules`, the names whose events a detection of this rule holds, an unknown name is a
    problem too (it would be told as unknown for ever).
    """
    problems = []
    for piece in parse_template(text):
        if isinstance(piece, Mistake):
            problems.append(f"{piece.written}: {piece.why}")
        elif isinstance(piece, Reference) and _is_foreign(piece.rule, rules):
            problems.append(f"{piece.rule}: no rule of this name belongs to the detection")
    return problems


def _is_foreign(rule: str, rules: Container[str] | None) -> bool:
    return bool(rule) and rules is not None and rule not in rules
