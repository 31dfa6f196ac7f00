"""Bytes to text: a byte-order mark is dropped, UTF-8 is strict, and a loss is always told."""

import codecs
from collections.abc import Iterator

from haidang.model.fold import nfc


def decode(line: bytes) -> tuple[str, bool]:
    """The text of a line and whether every byte of it was UTF-8.

    Bytes that are not UTF-8 become U+FFFD; the caller keeps the raw bytes beside the text.
    """
    line = line.removeprefix(codecs.BOM_UTF8)
    try:
        return line.decode("utf-8"), True
    except UnicodeDecodeError:
        return line.decode("utf-8", "replace"), False


def nfc_groups(groups: dict[str, str | None], *, plain: bool) -> dict[str, str | None]:
    """The groups with composed values; `plain` says that the whole line was ASCII."""
    if plain:
        return groups
    return {name: value and nfc(value) for name, value in groups.items()}


def encoding_fault(line: bytes) -> str:
    """Why a line that could not be read looks like UTF-16, "" where it does not."""
    marked = line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if marked or _every_second_is_nul(line):
        return "the text is UTF-16, not UTF-8: have it written, or convert it, as UTF-8"
    return ""


def _every_second_is_nul(line: bytes) -> bool:
    zeros = [line[start::2].count(0) * 20 // (len(line) + 1) for start in (0, 1)]
    return max(zeros) >= 7 and min(zeros) <= 2


def utf16_readings(line: bytes) -> Iterator[bytes]:
    """A line as UTF-8, were it UTF-16 of either byte order, also cut by framing at an odd byte."""
    for start in (0, 1):
        for codec in ("utf-16-le", "utf-16-be"):
            yield line[start:].decode(codec, "replace").encode("utf-8", "replace")
