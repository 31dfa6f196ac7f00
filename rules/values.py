r"""The values of Sigma conditions, typed: text with wildcards, regex, null, network and the rest.

Source: Sigma specification 2.1.0, "Special Field Values", "Escape Character", "Value Modifiers".

Rulings:
- All values are strings (spec): `42` in a rule is the text "42", `true` is "true".
- `\` escapes only `*`, `?` and `\`; three or four backslashes before anything else are two.
- Text is normalised to NFC when it is read, before it is cut at its wildcards or encoded.
"""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, TypeAlias

from haidang.model.fold import nfc


class Wildcard(Enum):
    """A part of a text that stands for more than itself."""

    ANY = "*"  # any run of characters, also none, also across lines
    ONE = "?"  # exactly one character (code point of the folded text)
    DASH = "-"  # one of DASHES, made by `windash`


# Sigma 2.1, `windash`: hyphen, slash, en dash, em dash, horizontal bar.
DASHES = "-/\N{EN DASH}\N{EM DASH}\N{HORIZONTAL BAR}"

Parts: TypeAlias = tuple[str | Wildcard, ...]
Anchor: TypeAlias = Literal["equals", "startswith", "endswith", "contains"]
Comparison: TypeAlias = Literal["eq", "lt", "lte", "gt", "gte"]
TimePart: TypeAlias = Literal["minute", "hour", "day", "week", "month", "year"]


@dataclass(frozen=True, slots=True)
class Text:
    """Text over the whole value; neighbouring literals are joined, `()` is the empty string."""

    parts: Parts
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """An RE2 pattern, searched; `flags` is a subset of "ims". Case-sensitive without "i"."""

    pattern: str
    flags: str = ""

    @property
    def source(self) -> str:
        """The pattern with its flags inside, as RE2 takes it."""
        return f"(?{self.flags}){self.pattern}" if self.flags else self.pattern


@dataclass(frozen=True, slots=True)
class Null:
    """A field that is missing or null."""


@dataclass(frozen=True, slots=True)
class Exists:
    """A field that is present (`wanted`), be it empty or null, or that is absent."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class Network:
    """An address inside a CIDR range; host bits of the rule are cleared."""

    network: IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Compare:
    """A number, or one part of a time, compared with a number."""

    comparison: Comparison
    number: int | float
    part: TimePart | None = None


@dataclass(frozen=True, slots=True)
class FieldReference:
    """Another field of the same event, by its Sigma name."""

    field: str
    anchor: Anchor = "equals"
    cased: bool = False


Value: TypeAlias = Text | Regex | Null | Exists | Network | Compare | FieldReference


def join(parts: Parts) -> Parts:
    """`parts` with neighbouring literals joined, empty ones and repeated `*` left out."""
    joined: list[str | Wildcard] = []
    for part in parts:
        previous = joined[-1] if joined else None
        if part == "" or (part is Wildcard.ANY and previous is Wildcard.ANY):
            continue
        if isinstance(part, str) and isinstance(previous, str):
            joined[-1] = previous + part
        else:
            joined.append(part)
    return tuple(joined)


def parse_text(written: str) -> Parts:
    """The parts of a value as written in a rule, with wildcards and escapes."""
    text = nfc(written)
    parts: list[str | Wildcard] = []
    index = 0
    while index < len(text):
        part, length = _next_part(text, index)
        parts.append(part)
        index += length
    return join(tuple(parts))


def _next_part(text: str, index: int) -> tuple[str | Wildcard, int]:
    character = text[index]
    if character == "\\" and text[index + 1 : index + 2] in ("*", "?", "\\"):
        return text[index + 1], 2
    if character == "*":
        return Wildcard.ANY, 1
    if character == "?":
        return Wildcard.ONE, 1
    return character, 1
