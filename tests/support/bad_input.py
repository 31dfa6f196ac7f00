"""What people and machines put where YAML is expected, and what is said about it.

docs/bad-input.md is made from this table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RULE = """\
title: Everything
id: 7d1b9a52-35c1-4a4e-9a2c-5b9f1c0e0009
status: test
level: low
logsource: {category: webserver}
detection: {selection: {cs-method: GET}, condition: selection}
"""


@dataclass(frozen=True)
class Bad:
    """What it is, how it is made, its line (0: the whole file), how what is said begins."""

    what: str
    make: Callable[[Path], object]
    line: int
    said: str
    large: bool = False


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _text(text: str, codec: str = "utf-8") -> Callable[[Path], object]:
    return _bytes(text.encode(codec))


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(50_000_000)


def _laughs() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines)


_LARGE = "too large or too deep (aliases count as what they expand to)"
_UTF_8 = "is not UTF-8; save the file as UTF-8"
_UTF_16 = "is UTF-16, not UTF-8; save the file as UTF-8"
_NO = "cannot be read"
_ODD = "a character that YAML does not allow: "
CATALOGUE = (
    Bad("a file of 50 MB", _large, 0, "larger than 4 MiB"),
    Bad("aliases that expand to millions of values", _text(_laughs()), 6, _LARGE),
    Bad("lists 10,000 deep", _text("a: " + "[" * 10_000 + "]" * 10_000), 1, _LARGE),
    Bad("mappings 10,000 deep", _text("{a: " * 10_000 + "}" * 10_000), 1, _LARGE),
    Bad("a million values", _text("a: [" + "1," * 1_000_000 + "]"), 1, _LARGE, large=True),
    Bad(
        "a text of 3 MB",
        _text("a: 1\ntitle: " + "x" * 3_000_000),
        2,
        "a text longer than 65536 characters",
    ),
    Bad(
        "a number of 100,000 digits",
        _text("id: " + "9" * 100_000),
        1,
        "a text longer than 65536 characters",
    ),
    Bad(
        "a number of 5,000 digits",
        _text("id: 0x" + "f" * 5_000),
        1,
        "a number as long as this is text; quote it",
    ),
    Bad(
        "150,000 documents",
        _text("---\na: 1\n" * 150_000),
        20_001,
        "more than 10000 documents in one file",
        large=True,
    ),
    Bad("a key twice", _text(RULE + "title: A\n"), 7, "title: the key is there twice"),
    Bad("an old Vietnamese code page (cp1258)", _text("a: 1\nb: Sô\n", "cp1258"), 2, _UTF_8),
    Bad("UTF-16, as Notepad's “Unicode”", _text(RULE, "utf-16"), 1, _UTF_16),
    Bad("UTF-16 without a mark", _text(RULE, "utf-16-le"), 1, _UTF_16),
    Bad("a program or a picture", _bytes(b"\x7fELF\x02\x01\x01\xff" * 99), 1, _UTF_8),
    Bad("a NUL byte", _text("a: 1\nb: x\0y\n"), 2, _ODD + "U+0000; remove it"),
    Bad("a terminal's control sequence", _text("a: \x1b[31mred\n"), 1, _ODD + "U+001B; remove it"),
    Bad(
        "a tab before a key",
        _text("a:\n\tb: 1\n"),
        2,
        "YAML: found character that cannot start any token",
    ),
    Bad("a list without its end", _text("a: [1, 2\n"), 2, "YAML: did not find expected ',' or ']'"),
    Bad(
        "a merge key (`<<`)",
        _text("a: &x {b: 1}\nc:\n  <<: *x\n"),
        3,
        "<<: merge keys are not read; write the keys out",
    ),
    Bad("an alias of nothing", _text("a: 1\nb: *x\n"), 2, "the alias *x has no anchor before it"),
    Bad(
        "an object of Python",
        _text("a: !!python/tuple [1]\n"),
        1,
        "YAML: tags are not read: tag:yaml.org,2002:python/tuple",
    ),
    Bad(
        "a day that does not exist",
        _text("a: 2025-02-30\n"),
        1,
        "YAML: day is out of range for month",
    ),
    Bad(
        "a link to itself",
        lambda path: path.symlink_to(path.name),
        0,
        f"{_NO}: Too many levels of symbolic links",
    ),
    Bad(
        "a link to nowhere",
        lambda path: path.symlink_to("nowhere.yml"),
        0,
        f"{_NO}: No such file or directory",
    ),
)
