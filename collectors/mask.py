"""Masks: personal numbers and secrets leave the bytes of a record before anything keeps them.

A masked value becomes `<kind:8 hex of HMAC-SHA256>`: the same value under the same key gives the
same mask, so records can still be compared. Values that are masked already are left alone. What
the kinds look like is in `mask_kinds`.
"""

import hmac
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import TypeAlias

_HEX_DIGITS = 8
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_JSON_KEY_END = re.compile(rb'(?<!\\)"\s*:\s*$')
_JSON_NUMBER = re.compile(rb"[-+0-9.eE]+")
# An argument goes on behind an escaped blank.
_REST = re.compile(rb"""[^\s"'&;\\<]*+""")
_KIND = re.compile("[a-z_]{1,20}")
# Printable characters in another dress: of URLs, of JSON, of XML; but no backslash, which would
# change what follows it.
_CODED = re.compile(
    rb"(?<!%)%(?!5[Cc])[2-7A-Fa-f][0-9A-Fa-f]|(?<!\\)\\u(?!005[Cc])[0-9A-Fa-f]{4}|&(?:quot|apos|amp|lt|gt);"
)

# What is replaced: from where, to where, by what.
_Splice: TypeAlias = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True)
class Anchored:
    """A pattern and what its every match has, so that most lines need not be searched.

    `starts`: the lower-case texts that a match can begin with (none: search everywhere);
    `digits`: that many digits in a row; `foreign`: bytes that are not ASCII. Looking for plain
    texts first costs a hundredth of trying a pattern at every byte. `valid` judges the value.
    """

    pattern: re.Pattern[bytes]
    starts: tuple[bytes, ...] = ()
    digits: int = 0
    foreign: bool = False
    valid: Callable[[bytes], bool] | None = None


@dataclass(frozen=True, slots=True)
class Mask:
    """One kind: its name and its patterns.

    Each pattern marks what it replaces by a named group; one called `bare` may be a JSON number.
    """

    kind: str
    patterns: tuple[Anchored, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    """A line as the patterns are tried on it; `lowered` has small letters only."""

    line: bytes
    lowered: bytes

    def matches(self, anchored: Anchored) -> Iterator[re.Match[bytes]]:
        """The valid ones of what `finditer` gives, tried only where one of the starts is."""
        valid = anchored.valid
        for match in self._matches(anchored):
            if valid is None or valid(match[match.lastgroup or 0]):
                yield match

    def _matches(self, anchored: Anchored) -> Iterator[re.Match[bytes]]:
        if not anchored.starts:
            yield from anchored.pattern.finditer(self.line)
            return
        end, lowered = 0, self.lowered
        for place in sorted({at for start in anchored.starts for at in _places(lowered, start)}):
            match = anchored.pattern.match(self.line, place) if place >= end else None
            if match is not None:
                yield match
                end = match.end()


def _places(lowered: bytes, start: bytes) -> Iterator[int]:
    at = lowered.find(start)
    while at >= 0:
        yield at
        at = lowered.find(start, at + 1)


def custom(kind: str, pattern: str, starts: Sequence[str] = ()) -> Mask:
    """A dataset's own kind; the pattern marks what goes by a group `value`. Raises `re.error`."""
    if not _KIND.fullmatch(kind):
        raise re.error("the kind must be small letters or `_`, at most 20")
    compiled = re.compile(pattern.encode(), re.DOTALL)
    if "value" not in compiled.groupindex:
        raise re.error("needs a group (?P<value>…) around what is to be masked")
    return Mask(kind, (Anchored(compiled, tuple(one.lower().encode() for one in starts)),))


class Masks:
    """Kinds that are looked for together; made once for a dataset."""

    def __init__(self, kinds: Sequence[Mask]) -> None:
        self.kinds = tuple(one.kind for one in kinds)
        self._patterns = [(one.kind, anchored) for one in kinds for anchored in one.patterns]
        numbered = list(enumerate(anchored for _, anchored in self._patterns))
        self._plain = _Gate([(n, one.starts) for n, one in numbered if not one.foreign])
        self._foreign = _Gate([(n, one.starts) for n, one in numbered if one.foreign])

    def apply(self, line: bytes, key: bytes, *, xml: bool = False) -> bytes:
        """The line with every value of these kinds replaced; with `xml`, it stays well-formed.

        First as it is written, then as it reads once the escapes of URLs, JSON and XML are undone:
        a value must not pass because it or its key is written in another way.
        """
        look = _Look(line, line.lower())
        for kind, anchored in self._candidates(look):
            found = [_masked(kind, key, match, xml=xml) for match in look.matches(anchored)]
            if found:
                line = _spliced(look.line, found)
                look = _Look(line, line.lower())
        if b"%" in line or b"\\u" in line or (xml and b"&" in line):
            return self._apply_to_plain(line, key, xml=xml)
        return line

    def _candidates(self, look: _Look) -> Iterator[tuple[str, Anchored]]:
        """The patterns that may match, in their order."""
        numbers = self._plain.open(look.lowered)
        if not look.line.isascii():
            numbers |= self._foreign.open(look.lowered)
        zeros = look.line.translate(_DIGITS_TO_ZERO)
        for number in sorted(numbers):
            kind, anchored = self._patterns[number]
            if not anchored.digits or b"0" * anchored.digits in zeros:
                yield kind, anchored

    def _apply_to_plain(self, line: bytes, key: bytes, *, xml: bool) -> bytes:
        """The line without the values that show only once its escapes are undone."""
        coded = list(_CODED.finditer(line))
        if not coded:
            return line
        plain = _Plain.of(line, coded)
        look = _Look(plain.text, plain.text.lower())
        found: list[_Splice] = []
        for kind, anchored in self._candidates(look):
            for match in look.matches(anchored):
                group = match.lastgroup or ""
                start, stop = plain.span(*match.span(group))
                rest = _REST.match(line, stop) if group == "bare" else None
                stop = rest.end() if rest and plain.is_escape(stop) else stop
                found.append((start, stop, _mark(kind, key, match[group], xml=xml)))
        return _spliced(line, _merged(found))

    def hits(self, line: bytes) -> dict[str, int]:
        """How many values of each kind a line holds; kinds without any are left out."""
        masked = self.apply(line, b"")
        marks = {kind: b"<%b:" % kind.encode() for kind in self.kinds}
        counts = {kind: masked.count(mark) - line.count(mark) for kind, mark in marks.items()}
        return {kind: count for kind, count in counts.items() if count}


class _Gate:
    """Says by one search which of many texts may be in a line, as numbers of their patterns.

    Patterns without texts always may. A text that begins inside of one that was found is not
    found itself, so it counts as found with it.
    """

    def __init__(self, numbered: Sequence[tuple[int, tuple[bytes, ...]]]) -> None:
        self._always = frozenset(number for number, starts in numbered if not starts)
        texts = {start for _, starts in numbered for start in starts}
        shortest = {one for one in texts if not any(one.startswith(o) for o in texts - {one})}
        self._search = re.compile(_alternatives(sorted(shortest))) if shortest else None
        self._numbers = {
            text: frozenset(
                number
                for number, starts in numbered
                for start in starts
                if start.startswith(text) or _begins_inside(start, text)
            )
            for text in shortest
        }

    def open(self, lowered: bytes) -> set[int]:
        """The numbers of the patterns that may match."""
        numbers = set(self._always)
        for text in set(self._search.findall(lowered)) if self._search else ():
            numbers |= self._numbers[text]
        return numbers


def _alternatives(texts: Sequence[bytes]) -> bytes:
    """A pattern for texts of which none begins another, by their common beginnings."""
    groups: dict[bytes, list[bytes]] = {}
    for text in texts:
        groups.setdefault(text[:1], []).append(text[1:])
    found = [
        re.escape(first) + (_alternatives(rests) if rests != [b""] else b"")
        for first, rests in groups.items()
    ]
    return found[0] if len(found) == 1 else b"(?:" + b"|".join(found) + b")"


def _begins_inside(text: bytes, found: bytes) -> bool:
    inside = (found[at:] for at in range(1, len(found)))
    return any(rest.startswith(text) or text.startswith(rest) for rest in inside)


def _spliced(line: bytes, splices: Sequence[_Splice]) -> bytes:
    pieces: list[bytes] = []
    end = 0
    for start, stop, new in splices:
        pieces += (line[end:start], new)
        end = stop
    return b"".join((*pieces, line[end:]))


def _masked(kind: str, key: bytes, match: re.Match[bytes], *, xml: bool) -> _Splice:
    group = match.lastgroup or ""
    start, stop, value = match.start(group), match.end(group), match[group]
    mark = _mark(kind, key, value, xml=xml)
    if group == "bare" and _JSON_KEY_END.search(match.string, match.start(), start):
        number = _JSON_NUMBER.match(value)
        if number is not None:  # a bare JSON number: the mask needs quotes to stay JSON
            return start, start + number.end(), b'"' + mark + b'"'
    return start, stop, mark


def _mark(kind: str, key: bytes, value: bytes, *, xml: bool) -> bytes:
    digest = hmac.digest(key, value, "sha256").hex()[:_HEX_DIGITS]
    return (f"&lt;{kind}:{digest}&gt;" if xml else f"<{kind}:{digest}>").encode()


def _merged(splices: list[_Splice]) -> list[_Splice]:
    """In order; those that overlap are one, under the first one's mark."""
    merged: list[_Splice] = []
    for one in sorted(splices):
        if merged and one[0] < merged[-1][1]:
            start, stop, new = merged[-1]
            merged[-1] = (start, max(stop, one[1]), new)
        else:
            merged.append(one)
    return merged


@dataclass(frozen=True, slots=True)
class _Plain:
    """A line without escapes, and where in the line each byte of it comes from.

    `starts` and `ends` are the places in `text` of what was an escape, `coded` the escapes.
    """

    text: bytes
    starts: list[int]
    ends: list[int]
    coded: Sequence[re.Match[bytes]]

    @classmethod
    def of(cls, line: bytes, coded: Sequence[re.Match[bytes]]) -> "_Plain":
        pieces: list[bytes] = []
        starts: list[int] = []
        ends: list[int] = []
        at = done = 0
        for one in coded:
            piece, plain = line[done : one.start()], _undone(one[0])
            pieces += (piece, plain)
            starts.append(at + len(piece))
            at += len(piece) + len(plain)
            ends.append(at)
            done = one.end()
        return cls(b"".join((*pieces, line[done:])), starts, ends, coded)

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """The bytes of the line that these of the text come from."""
        return self._place(start)[0], self._place(stop - 1)[1]

    def is_escape(self, place: int) -> bool:
        """Whether an escape begins at this place of the line."""
        index = bisect_left(self.coded, place, key=re.Match.start)
        return index < len(self.coded) and self.coded[index].start() == place

    def _place(self, at: int) -> tuple[int, int]:
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return at, at + 1
        if at < self.ends[index]:
            return self.coded[index].span()
        place = self.coded[index].end() + at - self.ends[index]
        return place, place + 1


def _undone(coded: bytes) -> bytes:
    if coded[:1] == b"%":
        return bytes((int(coded[1:], 16),))
    if coded[:1] == b"&":
        return unescape(coded.decode()).encode()
    code = coded.decode()[2:]
    return chr(int(code, 16)).encode("utf-8", "replace")  # half of a pair says nothing


def apply_in_hex(line: bytes, values: re.Pattern[bytes], masks: Masks, key: bytes) -> bytes:
    """Masks inside hex-encoded text: `values` marks candidates by a group `hex`."""

    def masked(match: re.Match[bytes]) -> bytes:
        encoded = match["hex"]
        plain = bytes.fromhex(encoded.decode())
        changed = masks.apply(plain, key)
        if changed == plain:
            return match[0]
        start, stop = (place - match.start() for place in match.span("hex"))
        return _spliced(match[0], [(start, stop, changed.hex().upper().encode())])

    return values.sub(masked, line)
