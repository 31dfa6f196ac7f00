"""Masks: personal numbers and secrets leave the bytes of a record before anything keeps them.

A masked value becomes `<kind:8 hex of HMAC-SHA256>`: the same value under the same key gives the
same mask, so records can still be compared. Patterns are anchored by a key, or by borders that no
GUID, long id or time has; values that are masked already are left alone.
"""

import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

Replace: TypeAlias = Callable[[re.Match[bytes]], bytes]

_HEX_DIGITS = 8
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_JSON_KEY_END = re.compile(rb'(?<!\\)"\s*:\s*$')
_JSON_NUMBER = re.compile(rb"[-+0-9.eE]+")

# In front: no letter, digit or decimal point, unless it belongs to %20 or to JSON's \n; no GUID.
_FREE = (
    rb"(?:(?<![0-9A-Za-z]0)(?<![0-9]\.0)|(?<=%[0-9A-Fa-f]{2}0)|(?<=[^\\]\\[nrt]0))"
    rb"(?<![0-9A-Fa-f]{4}-0)"
)
_END = rb"(?![0-9A-Za-z]|\.[0-9]|-[0-9A-Fa-f]{4})"
_NOT_JSON_LITERAL = rb"(?!(?:null|true|false)\b|[{\[])"
_NOT_MASKED = rb"(?!<[a-z_]+:[0-9a-f]{8}>)"
_EQUALS = rb"""\\?["']?[ \t]{0,4}(?:[:=]|%3[AaDd])[ \t]{0,4}"""
_QUOTED = rb'"' + _NOT_MASKED + rb'(?P<quoted>(?:[^"\\]|\\.)++)'
_BARE = (
    rb"""(?:\\["']|')?"""
    + _NOT_MASKED
    + _NOT_JSON_LITERAL
    + rb"""(?P<bare>(?:[^\s"'&;\\]|\\[^"'nrt])++)"""
)

_SECRET_KEYS = (
    rb"(?<!publickey)(?<!elevated)token|api[_-]?key|"
    rb"(?<!<)secret(?:[_-]?(?:key|access[_-]?key))?|private[_-]?key|"
    rb"access[_-]?key|pass(?:word|wd|phrase)|mat_?khau|(?<=[?&;])(?:key|pwd|pass|sig)"
)
_SECRET_STARTS = b"token api secret private access pass mat key pwd sig"
_CITIZEN_KEYS = (
    rb"cccd|cmnd|cmt|can_?cuoc|citizen_?id|identity_?(?:no|number|card)|"
    rb"so_?(?:dinh_?danh|giay_?to)"
)
_CITIZEN_STARTS = b"cccd cmnd cmt can citizen identity so_ sod sog"
_MOBILE_STARTS = b"phone sdt dien mobile msisdn tel"
_MOBILE_KEYS = rb"phone(?:_?(?:no|number))?|sdt|dien_?thoai|mobile|msisdn|tel"


@dataclass(frozen=True, slots=True)
class Anchored:
    """A pattern and what its every match has, so that most lines need not be searched.

    `starts`: the lower-case texts that a match can begin with (none: search everywhere);
    `digits`: that many digits in a row. Looking for plain texts first costs a hundredth of trying
    a pattern at every byte.
    """

    pattern: re.Pattern[bytes]
    starts: tuple[bytes, ...] = ()
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Mask:
    """One kind: its name and its patterns.

    A pattern marks what it replaces by a group `value`, `quoted` or `bare`.
    """

    kind: str
    patterns: tuple[Anchored, ...]


def _pattern(source: bytes, starts: bytes = b"", digits: int = 0) -> Anchored:
    return Anchored(re.compile(source, re.DOTALL), tuple(starts.split()), digits)


def _keyed_number(keys: bytes, number: bytes, starts: bytes, digits: int) -> Anchored:
    between = rb"(?:" + _EQUALS + rb"""(?:\\?["'])?|[ \t_./#]{0,3})"""
    end = rb"(?![0-9]|[.eE][0-9+\-])"
    return _pattern(
        rb"(?i:" + keys + rb")" + between + rb"(?P<bare>" + number + rb")" + end, starts, digits
    )


KINDS: Mapping[str, Mask] = {
    "citizen": Mask(
        "citizen",
        (
            _pattern(
                rb"(?P<value>0" + _FREE + rb"(?:0[1-9]|[1-8][0-9]|9[0-6])[0-9]{9})" + _END,
                digits=12,
            ),
            _keyed_number(_CITIZEN_KEYS, rb"(?:[0-9]{12}|[0-9]{9})", _CITIZEN_STARTS, 9),
        ),
    ),
    "mobile": Mask(
        "mobile",
        (
            _pattern(rb"(?P<value>0" + _FREE + rb"[35789][0-9]{8})" + _END, b"03 05 07 08 09", 10),
            _pattern(
                rb"(?P<value>(?<![eE])(?:\+|%2[Bb])84[35789][0-9]{8})" + _END, b"+84 %2b84", 11
            ),
            _keyed_number(_MOBILE_KEYS, rb"(?:00)?84[35789][0-9]{8}", _MOBILE_STARTS, 11),
        ),
    ),
    "authorization": Mask(
        "authorization",
        (
            _pattern(
                rb"(?<!<)(?i:authorization)" + _EQUALS + rb"""(?:\\?["'])?"""
                rb"(?i:(?:basic|bearer|digest|negotiate|ntlm|token)(?:[ \t]{1,4}|%20|\+))?+"
                + _NOT_MASKED
                + _NOT_JSON_LITERAL
                + rb"(?P<bare>[^\s\"'\\,;&]++)",
                b"authorization",
            ),
            _pattern(
                rb"(?i:bearer)(?:[ \t]{1,4}|%20|\+)(?P<value>[A-Za-z0-9._~+/\-]{16,8192}+=*+)",
                b"bearer",
            ),
            _pattern(
                rb"(?i:basic)(?:[ \t]{1,4}|%20|\+)(?P<value>[A-Za-z0-9+/]{6,8192}+={1,2})", b"basic"
            ),
        ),
    ),
    "secret": Mask(
        "secret",
        (
            _pattern(
                rb"(?i:"
                + _SECRET_KEYS
                + rb")"
                + _EQUALS
                + rb"(?:"
                + _QUOTED
                + rb"|"
                + _BARE
                + rb")",
                _SECRET_STARTS,
            ),
        ),
    ),
}


def custom(kind: str, pattern: str) -> Mask:
    """A dataset's own kind; the pattern marks what goes by a group `value`. Raises `re.error`."""
    compiled = _pattern(pattern.encode())
    if "value" not in compiled.pattern.groupindex:
        raise re.error("needs a group (?P<value>…) around what is to be masked")
    return Mask(kind, (compiled,))


def apply(line: bytes, masks: Sequence[Mask], key: bytes) -> bytes:
    """The line with every value of these kinds replaced."""
    lowered, zeros = line.lower(), line.translate(_DIGITS_TO_ZERO)
    for mask in masks:
        for anchored in mask.patterns:
            if _may_match(anchored, lowered, zeros):
                new = _replace_all(line, lowered, anchored, partial(_masked, mask.kind, key))
                if new != line:
                    line, lowered, zeros = new, new.lower(), new.translate(_DIGITS_TO_ZERO)
    return line


def _may_match(anchored: Anchored, lowered: bytes, zeros: bytes) -> bool:
    """False only where the pattern cannot match."""
    if anchored.digits and b"0" * anchored.digits not in zeros:
        return False
    for start in anchored.starts:  # a generator would cost more than the searches
        if start in lowered:
            return True
    return not anchored.starts


def _replace_all(line: bytes, lowered: bytes, anchored: Anchored, replace: Replace) -> bytes:
    if not anchored.starts:
        return anchored.pattern.sub(replace, line)
    pieces: list[bytes] = []
    end = 0
    for match in _matches(line, lowered, anchored):
        pieces += (line[end : match.start()], replace(match))
        end = match.end()
    return b"".join((*pieces, line[end:])) if pieces else line


def _matches(line: bytes, lowered: bytes, anchored: Anchored) -> Iterator[re.Match[bytes]]:
    """What `finditer` gives, tried only where one of the starts is."""
    if not anchored.starts:
        yield from anchored.pattern.finditer(line)
        return
    end = 0
    for place in sorted({at for start in anchored.starts for at in _places(lowered, start)}):
        match = anchored.pattern.match(line, place) if place >= end else None
        if match is not None:
            yield match
            end = match.end()


def _places(lowered: bytes, start: bytes) -> Iterator[int]:
    at = lowered.find(start)
    while at >= 0:
        yield at
        at = lowered.find(start, at + 1)


def apply_in_hex(
    line: bytes, values: re.Pattern[bytes], masks: Sequence[Mask], key: bytes
) -> bytes:
    """Masks inside hex-encoded text: `values` marks candidates by a group `hex`."""

    def masked(match: re.Match[bytes]) -> bytes:
        encoded = match["hex"]
        plain = bytes.fromhex(encoded.decode())
        changed = apply(plain, masks, key)
        if changed == plain:
            return match[0]
        return _splice(match, "hex", changed.hex().upper().encode())

    return values.sub(masked, line)


def hits(line: bytes, masks: Sequence[Mask]) -> dict[str, int]:
    """How many values of each kind a line holds; kinds without any are left out."""
    masked = apply(line, masks, b"")
    marks = {mask.kind: b"<%b:" % mask.kind.encode() for mask in masks}
    counts = {kind: masked.count(mark) - line.count(mark) for kind, mark in marks.items()}
    return {kind: count for kind, count in counts.items() if count}


def _masked(kind: str, key: bytes, match: re.Match[bytes]) -> bytes:
    group = match.lastgroup or ""
    value = match[group]
    mark = b"<%b:%b>" % (kind.encode(), _digest(key, value))
    if group == "bare" and _JSON_KEY_END.search(match.string, match.start(), match.start(group)):
        number = _JSON_NUMBER.match(value)
        if number is not None:  # a bare JSON number: the mask needs quotes to stay JSON
            return _splice(match, group, b'"' + mark + b'"' + value[number.end() :])
    return _splice(match, group, mark)


def _splice(match: re.Match[bytes], group: str, new: bytes) -> bytes:
    start, whole = match.start(), match[0]
    return whole[: match.start(group) - start] + new + whole[match.end(group) - start :]


def _digest(key: bytes, value: bytes) -> bytes:
    return hmac.digest(key, value, "sha256").hex()[:_HEX_DIGITS].encode()
