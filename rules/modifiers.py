"""Value modifiers: from a written value and its `|modifiers` to typed values.

Source: Sigma specification 2.1.0, appendix "Modifiers", and the long names that pySigma also takes
(`ignorecase`, `multiline`, `dotall`). They apply in the written order.

Rulings:
- A modifier that is unknown or does not fit its value refuses the rule; it never matches nothing.
- `windash` makes all five dashes interchangeable wherever one stands (spec), not only at a word.
- `re` with `startswith`/`endswith` anchors the pattern; with `contains` it stays a search.
- `base64offset` counts bytes and leaves out the last character that following bytes can change.
- A character encoding with no Base64 after it compares bytes as code points U+0000 to U+00FF.
- Encoded values ignore case unless `cased`, as every other value.
"""

import math
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network
from itertools import product
from typing import Any, TypeAlias, get_args

from haidang.errors import HaidangError
from haidang.model.fields import as_text
from haidang.model.fold import nfc
from rules.regex import RegexError, compile_regex
from rules.values import (
    DASHES,
    Anchor,
    Compare,
    Comparison,
    Exists,
    FieldReference,
    Network,
    Null,
    Parts,
    Regex,
    Text,
    TimePart,
    Value,
    Wildcard,
    join,
    parse_text,
)

_DASHES = frozenset(DASHES)
_MOST_DASHES = 4  # 5 ** 4 permutations of one encoded value
_LONGEST_PATTERN = 8192  # characters; RE2 compiles no program much larger than that
_PLACEHOLDER = re.compile(r"(?<!\\)%([^%\\]+)(?<!\\)%")
_RANGES: Mapping[TimePart, tuple[int, int]] = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day": (1, 31),
    "week": (1, 53),  # ISO years may have a week 53
    "month": (1, 12),
    "year": (1, 9999),
}


class ValueRefused(HaidangError):  # noqa: N818 - the sentence is "the value was refused"
    """A modifier is unknown or does not fit its value."""


@dataclass(frozen=True, slots=True)
class Written:
    """A value as it stands in the file, before any modifier read it."""

    value: Any


@dataclass(frozen=True, slots=True)
class Encoded:
    """Text as bytes, each byte written as the code point of its number."""

    parts: Parts
    cased: bool


Draft: TypeAlias = Written | Encoded | Value
Transform: TypeAlias = Callable[[Draft], list[Draft]]


def apply(names: tuple[str, ...], written: Any) -> list[Value]:
    """The alternatives that one written value becomes; raises ValueRefused."""
    drafts: list[Draft] = [Written(written)]
    for name in names:
        transform = TRANSFORMS.get(name)
        if transform is None:
            raise ValueRefused(f"unknown modifier {name!r}")
        drafts = [new for draft in drafts for new in transform(draft)]
    return [_finish(draft) for draft in drafts]


def _finish(draft: Draft) -> Value:
    if isinstance(draft, Written) and draft.value is None:
        return Null()
    value = _text(draft, "") if isinstance(draft, Written | Encoded) else draft
    if isinstance(value, Regex):
        _check_regex(value)
    if isinstance(value, Text):
        _check_length(value)
    return value


def _check_length(text: Text) -> None:
    length = sum(len(part) if isinstance(part, str) else 1 for part in text.parts)
    if length > _LONGEST_PATTERN and any(isinstance(part, Wildcard) for part in text.parts):
        raise ValueRefused(f"more than {_LONGEST_PATTERN} characters with wildcards among them")


def _text(draft: Draft, name: str) -> Text:
    """The draft as text; `name` is the modifier that asks."""
    if isinstance(draft, Text):
        return draft
    if isinstance(draft, Encoded):
        return Text(draft.parts, draft.cased)
    if isinstance(draft, Written) and draft.value is not None:
        return Text(parse_text(as_text(draft.value)))
    raise ValueRefused(f"{name!r} needs text")


def _string(draft: Draft, name: str) -> str:
    if isinstance(draft, Written) and isinstance(draft.value, str | int | float):
        return str(draft.value)
    raise ValueRefused(f"{name!r} needs text as it is written; put it first")


def _anchored(name: Anchor) -> Transform:
    before = (Wildcard.ANY,) if name in ("contains", "endswith") else ()
    after = (Wildcard.ANY,) if name in ("contains", "startswith") else ()

    def transform(draft: Draft) -> list[Draft]:
        if isinstance(draft, FieldReference):
            return [replace(draft, anchor=name)]
        if isinstance(draft, Regex):
            _check_regex(draft)  # a stray parenthesis must not pair with ours
            start, end = "" if before else r"\A", "" if after else r"\z"
            return [replace(draft, pattern=f"{start}(?:{draft.pattern}){end}")]
        text = _text(draft, name)
        return [replace(text, parts=join((*before, *text.parts, *after)))]

    return transform


def _cased(draft: Draft) -> list[Draft]:
    if isinstance(draft, FieldReference | Encoded):
        return [replace(draft, cased=True)]
    return [replace(_text(draft, "cased"), cased=True)]


def _windash(draft: Draft) -> list[Draft]:
    if isinstance(draft, Encoded):
        raise ValueRefused("'windash' needs text that is not encoded yet")
    text = _text(draft, "windash")
    parts: list[str | Wildcard] = []
    for part in text.parts:
        letters = part if isinstance(part, str) else (part,)
        parts.extend(Wildcard.DASH if letter in _DASHES else letter for letter in letters)
    return [replace(text, parts=join(tuple(parts)))]


def _without_dashes(text: Text | Encoded) -> list[Parts]:
    """Every way to write the dashes of `windash` out: encoded text has no character classes."""
    count = text.parts.count(Wildcard.DASH)
    if count > _MOST_DASHES:
        raise ValueRefused(f"more than {_MOST_DASHES} dashes cannot be encoded after 'windash'")
    ways = []
    for dashes in product(DASHES, repeat=count):
        rest = iter(dashes)
        parts = (next(rest) if part is Wildcard.DASH else part for part in text.parts)
        ways.append(join(tuple(parts)))
    return ways


def _charset(name: str, codec: str, mark: bytes = b"") -> Transform:
    def encode(part: str | Wildcard) -> str | Wildcard:
        return part.encode(codec).decode("latin-1") if isinstance(part, str) else part

    def transform(draft: Draft) -> list[Draft]:
        if isinstance(draft, Encoded):
            raise ValueRefused(f"{name!r} needs text that is not encoded yet")
        text = _text(draft, name)
        start = mark.decode("latin-1")
        return [
            Encoded(join((start, *(encode(part) for part in parts))), text.cased)
            for parts in _without_dashes(text)
        ]

    return transform


def _plain_bytes(draft: Draft, name: str) -> list[tuple[bytes, bool]]:
    text = draft if isinstance(draft, Encoded) else _text(draft, name)
    codec = "latin-1" if isinstance(draft, Encoded) else "utf-8"
    found = []
    for parts in _without_dashes(text):
        if any(isinstance(part, Wildcard) for part in parts):
            raise ValueRefused(f"{name!r} cannot encode a wildcard; escape it or put it after")
        content = "".join(str(part) for part in parts).encode(codec)
        if not content:
            raise ValueRefused(f"{name!r} cannot encode an empty value")
        found.append((content, text.cased))
    return found


def _base64(draft: Draft) -> list[Draft]:
    return [
        Text((b64encode(content).decode("ascii"),), cased)
        for content, cased in _plain_bytes(draft, "base64")
    ]


def _base64offset(draft: Draft) -> list[Draft]:
    return [
        Text((_at_offset(content, offset),), cased)
        for content, cased in _plain_bytes(draft, "base64offset")
        for offset in range(3)
    ]


def _at_offset(content: bytes, offset: int) -> str:
    """The Base64 characters that `content` alone decides, `offset` bytes into a group of three."""
    encoded = b64encode(bytes(offset) + content).decode("ascii")
    first = (0, 2, 3)[offset]
    last = (len(offset * b"." + content) * 8) // 6
    if first >= last:
        raise ValueRefused("'base64offset' needs a longer value: an offset decides no character")
    return encoded[first:last]


def _re(draft: Draft) -> list[Draft]:
    return [Regex(nfc(_string(draft, "re")))]


def _flag(letter: str) -> Transform:
    def transform(draft: Draft) -> list[Draft]:
        if not isinstance(draft, Regex):
            raise ValueRefused(f"the flag {letter!r} needs 're' before it")
        return [replace(draft, flags="".join(sorted({*draft.flags, letter})))]

    return transform


def _check_regex(value: Regex) -> None:
    try:
        compile_regex(value.source)
    except RegexError as error:
        reason = error.args[0] if error.args else "not a regular expression"
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        what = f"RE2 refuses the regex: {text} (look-around and back-references do not exist)"
        raise ValueRefused(what) from error


def _cidr(draft: Draft) -> list[Draft]:
    written = _string(draft, "cidr")
    try:
        network = ip_network(written, strict=False)
    except ValueError as error:
        raise ValueRefused(f"{written!r} is not a network like 10.0.0.0/8 or fd00::/8") from error
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped and network.prefixlen >= 96:  # as the addresses of events are read
        network = ip_network(f"{mapped}/{network.prefixlen - 96}")
    return [Network(network)]


def _exists(draft: Draft) -> list[Draft]:
    if not (isinstance(draft, Written) and isinstance(draft.value, bool)):
        raise ValueRefused("'exists' needs true or false")
    return [Exists(draft.value)]


def _number(draft: Draft, name: str) -> int | float:
    number = draft.value if isinstance(draft, Written) else None
    if isinstance(number, bool) or not isinstance(number, int | float) or not _finite(number):
        raise ValueRefused(f"{name!r} needs a number without quotes")
    return number


def _finite(number: float) -> bool:
    return isinstance(number, int) or math.isfinite(number)


def _comparison(name: Comparison) -> Transform:
    def transform(draft: Draft) -> list[Draft]:
        if isinstance(draft, Compare) and draft.part and draft.comparison == "eq":
            return [replace(draft, comparison=name)]
        return [Compare(name, _number(draft, name))]

    return transform


def _time_part(name: TimePart) -> Transform:
    low, high = _RANGES[name]

    def transform(draft: Draft) -> list[Draft]:
        number = _number(draft, name)
        if not isinstance(number, int) or not low <= number <= high:
            raise ValueRefused(f"{name!r} needs a whole number from {low} to {high}")
        return [Compare("eq", number, name)]

    return transform


def _fieldref(draft: Draft) -> list[Draft]:
    name = _string(draft, "fieldref")
    if not name:
        raise ValueRefused("'fieldref' needs the name of a field")
    return [FieldReference(name)]


def _expand(draft: Draft) -> list[Draft]:
    text = _text(draft, "expand")
    for part in text.parts:
        found = _PLACEHOLDER.search(part) if isinstance(part, str) else None
        if found:
            raise ValueRefused(f"nothing resolves the placeholder %{found[1]}%")
    plain = (part.replace("\\%", "%") if isinstance(part, str) else part for part in text.parts)
    return [replace(text, parts=tuple(plain))]


TRANSFORMS: Mapping[str, Transform] = {
    "contains": _anchored("contains"),
    "startswith": _anchored("startswith"),
    "endswith": _anchored("endswith"),
    "cased": _cased,
    "windash": _windash,
    "base64": _base64,
    "base64offset": _base64offset,
    "wide": _charset("wide", "utf-16-le"),
    "utf16le": _charset("utf16le", "utf-16-le"),
    "utf16be": _charset("utf16be", "utf-16-be"),
    "utf16": _charset("utf16", "utf-16-le", b"\xff\xfe"),
    "re": _re,
    "i": _flag("i"),
    "ignorecase": _flag("i"),
    "m": _flag("m"),
    "multiline": _flag("m"),
    "s": _flag("s"),
    "dotall": _flag("s"),
    "cidr": _cidr,
    "exists": _exists,
    "lt": _comparison("lt"),
    "lte": _comparison("lte"),
    "gt": _comparison("gt"),
    "gte": _comparison("gte"),
    **{name: _time_part(name) for name in get_args(TimePart)},
    "fieldref": _fieldref,
    "expand": _expand,
}
