"""The `key=value` pairs of one audit record.

Format: linux-audit "audit log format" notes. Quoted values are literal; values with a space, a
quote or a control byte come as unquoted upper-case hexadecimal digits; user space puts its own
pairs into msg='…'; the daemon's ENRICHED names follow a byte 0x1D.
"""

import re
from typing import TypeAlias

from haidang.model.fold import nfc

Pairs: TypeAlias = dict[str, str | list[str]]

_TAIL = "\x1d"
_MESSAGE = " msg='"
_PAIR = re.compile(r"""(?<![\w\[\]-])([A-Za-z_][\w\[\]-]*+)=("[^"]*+"|'[^']*+'|[^\s"']\S*+|)""")
_HEX = re.compile(r"(?:[0-9A-F]{2})+")
_HEX_KEYS = frozenset({"proctitle", "exe", "comm", "cwd", "name", "cmd", "acct", "data", "path"})
_ARGUMENT = re.compile(r"a\d+(?:\[\d+\])?")
_OPERATION = re.compile(r"(?:^|\s)op=([^\"'=]*+)(=?)")
_LOGIN = re.compile(r"\b(old|new) (auid|ses)=")


def read_pairs(record_type: str, body: str) -> Pairs:
    """All pairs of a record's body; a key that is there several times has a list of values."""
    pairs: Pairs = {}
    main, _, tail = body.partition(_TAIL)
    outer, found, inner = main.partition(_MESSAGE)
    if record_type == "LOGIN":
        outer = _LOGIN.sub(r"\1_\2=", outer)
    if found:
        inner, _, rest = inner.rpartition("'")
        _read(record_type, f"{outer} {rest}", pairs)
        _read(record_type, inner, pairs)
        if operation := _operation(inner):
            pairs["op"] = nfc(operation)
    else:
        _read(record_type, outer, pairs)
    _read("", tail, pairs)
    return pairs


def _operation(text: str) -> str:
    """The value of `op`, which user space writes without quotes even where it has spaces."""
    found = _OPERATION.search(text)
    if found is None:
        return ""
    value, more = found.groups()
    words = value.rsplit(None, 1) if more else [value]  # the last word is the next key
    return words[0].strip() if not more or len(words) == 2 else ""


def _read(record_type: str, text: str, pairs: Pairs) -> None:
    for name, raw in _PAIR.findall(text):
        key = name.replace("-", "_")
        value = _value(record_type, key, raw)
        before = pairs.get(key)
        if before is None:
            pairs[key] = value
        elif isinstance(before, list):
            before.append(value)
        elif key != "op":
            pairs[key] = [before, value]


def _value(record_type: str, key: str, raw: str) -> str:
    if raw[:1] in ('"', "'"):
        return nfc(raw[1:-1])
    is_argument = record_type == "EXECVE" and _ARGUMENT.fullmatch(key) is not None
    if (is_argument or key in _HEX_KEYS) and _HEX.fullmatch(raw):
        return nfc(decode_hex(raw))
    return nfc(raw)


def decode_hex(digits: str) -> str:
    """Hexadecimal digits as text; NUL, which separates arguments, as a space."""
    return bytes.fromhex(digits).decode("utf-8", "replace").rstrip("\0").replace("\0", " ")


def first(pairs: Pairs, key: str) -> str:
    """The first value of a key, "" where there is none or it is only a placeholder."""
    value = pairs.get(key, "")
    text = value[0] if isinstance(value, list) else value
    return "" if text in ("?", "(null)") else text
