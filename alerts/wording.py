r"""Values as people read them: numbers, names of files, and hostile text made harmless.

Events hold what attackers wrote. A value shown to a person is NFC, of bounded length, and every
character that could move a cursor, hide or reorder text is written out (`\x1b`, `\u202e`).
"""

import re
import unicodedata
from urllib.parse import unquote

from haidang.model.instant import DAY, HOUR, MINUTE, SECOND, Instant, to_local

MAX_VALUE_CHARS = 200
SHORT_CHARS = 120

# Unicode categories that draw nothing of their own: controls, formats (all bidi controls, zero
# width, tags), surrogates, private use, unassigned, line and paragraph separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_WHOLE = re.compile("-?[0-9]{1,18}")


def is_unsafe(char: str) -> bool:
    """Whether a character may not reach a terminal or a sentence as it is."""
    return unicodedata.category(char) in _UNSAFE


def clean(text: str) -> str:
    """NFC, unsafe characters written out, at most 200 characters (then ending in an ellipsis)."""
    # Cut first as well: a value may be megabytes, and NFC never needs more than this.
    normal = unicodedata.normalize("NFC", text[: 20 * MAX_VALUE_CHARS])
    shown = "".join(_escape(char) if is_unsafe(char) else char for char in normal)
    return shown if len(shown) <= MAX_VALUE_CHARS else shown[: MAX_VALUE_CHARS - 1] + "…"


def visible(text: str) -> str:
    """All of a log line as text: unsafe characters written out, line ends and tabs kept."""
    return "".join(_escape(c) if c not in "\n\t" and is_unsafe(c) else c for c in text)


def _escape(char: str) -> str:
    if ord(char) < 128:
        return f"\\x{ord(char):02x}"
    return char.encode("ascii", "backslashreplace").decode()


def number(whole: int, language: str) -> str:
    """A whole number with its thousands apart: 4.812 in Vietnamese, 4,812 in English."""
    grouped = f"{whole:,}"
    return grouped.replace(",", ".") if language == "vi" else grouped


_SPANS = (
    (DAY, "ngày", "day"),
    (HOUR, "giờ", "hour"),
    (MINUTE, "phút", "minute"),
    (SECOND, "giây", "second"),
)


def span(length: Instant, language: str) -> str:
    """A length of time in its largest whole unit, rounded up; "" for less than a second."""
    for unit, vietnamese, english in _SPANS:
        if length >= unit:
            count = -(-length // unit)
            word = vietnamese if language == "vi" else english + ("" if count == 1 else "s")
            return f"{number(count, language)} {word}"
    return ""


def about(length: Instant, language: str) -> str:
    """A length of time to the nearest unit: 60 minutes rather than 1 hour, 205 rather than 3 hours.

    The largest unit of which it holds at least three, and that is within a twentieth of it; "" for
    less than half a second.
    """
    for unit, vietnamese, english in _SPANS:
        count = (length + unit // 2) // unit
        near = abs(count * unit - length) * 20 <= length
        if (length >= 3 * unit and near) or (unit == SECOND and count):
            word = vietnamese if language == "vi" else english + ("" if count == 1 else "s")
            return f"{number(count, language)} {word}"
    return ""


def shorten(text: str) -> str:
    """A command, script or message on one line: its start and its end, at most 120 characters."""
    many = 40 * SHORT_CHARS  # a script may be megabytes
    line = " ".join((text if len(text) <= 2 * many else text[:many] + text[-many:]).split())
    if len(line) <= SHORT_CHARS:
        return line
    end = SHORT_CHARS // 3
    return f"{line[: SHORT_CHARS - end - 3].rstrip()} … {line[-end:].lstrip()}"


def decimal(value: float, language: str) -> str:
    """A number as `number` writes it, with two decimals if it is not whole: 0,25 and 0.25."""
    if isinstance(value, int):
        return number(value, language)
    shown = f"{value:,.2f}"
    return shown.translate(str.maketrans(",.", ".,")) if language == "vi" else shown


def whole(text: str) -> int | None:
    """The whole number that `text` spells in ASCII digits, or None."""
    return int(text) if _WHOLE.fullmatch(text) else None


def local(moment: Instant, pattern: str) -> str:
    """An instant on Vietnam's wall clock; "" for one outside the calendar."""
    try:
        return to_local(moment).strftime(pattern)
    except (OverflowError, ValueError):
        return ""


def basename(path: str) -> str:
    """The last segment of a URL path or file path, percent-decoded where that gives UTF-8.

    Split before decoding: `%2F` is part of a name. Backslashes divide only where no slash does.
    """
    segments = [part for part in path.split("/" if "/" in path else "\\") if part]
    if not segments:
        return path
    try:
        return unquote(segments[-1], errors="strict")
    except UnicodeDecodeError:
        return segments[-1]
