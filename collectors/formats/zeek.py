"""Zeek logs, as JSON lines and as tab-separated values: one record with nested, typed members.

The writers are Zeek's `LogAscii` (https://docs.zeek.org/en/master/log-formats.html). A header of
`#` lines says the log's path, fields and types; it may change at any line, so what it says is kept
in the parser's state.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from collectors.formats import json
from collectors.formats.options import Options
from collectors.record import Dropped, ParserState
from haidang.errors import Refused
from haidang.model.event import Document
from haidang.model.fold import nfc

_PATH = "_path"
# Where writers put the path of the log: Zeek's JSON streaming, Corelight's exporter.
_PATHS = (_PATH, "@stream", "#path")
_NO_NAME = re.compile(r"[^a-z0-9_]+")
# Records inside records, for writers that were told to join names by `_` instead of a dot.
_SCOPES = ("id_", "certificate_", "basic_constraints_", "san_", "times_", "data_channel_")
_ESCAPES = re.compile(r"(?:\\x[0-9a-fA-F]{2})++|\\\\")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_REAL = re.compile(r"-?[0-9]{1,10}\.[0-9]{1,6}")
_STATE = "zeek"
_DEFAULTS = {
    "separator": "\t",
    "set_separator": ",",
    "empty_field": "(empty)",
    "unset_field": "-",
    "path": "",
}


def read(options: Options, text: str, state: ParserState) -> Document:
    """The record of a line; `_path` is its log: as the line or header says, else the option `log`.

    Raises Dropped("header") for lines of a header, Refused.
    """
    if text.startswith("{"):
        return _from_json(options, text, state)
    if text.startswith("#"):
        _take_header(text[1:], state)
        raise Dropped("header")
    return _from_row(text, state.get(_STATE, {}), options.log)


def _from_json(options: Options, text: str, state: ParserState) -> Document:
    members = json.read(options, text, state)
    names = [str(members.pop(key)) for key in _PATHS if key in members]
    path = _log_name(next(iter(names), "")) or options.log
    joined = "id_orig_h" in members or "certificate_version" in members
    if joined:
        members = {_dotted(name): value for name, value in members.items()}
    return _nested({_PATH: path, **members})


def _dotted(name: str) -> str:
    if not name.startswith(_SCOPES):
        return name
    scope = next(one for one in _SCOPES if name.startswith(one))
    return f"{scope[:-1]}.{name[len(scope) :]}"


def _log_name(path: str) -> str:
    return _NO_NAME.sub("_", path.lower())


def _nested(members: Mapping[str, Any]) -> Document:
    """Dotted names as objects; a name that finds a scalar in its way stays as it is."""
    document: Document = {}
    for name, value in members.items():
        if "." not in name and name not in document:
            document[name] = value
            continue
        *parents, leaf = name.split(".")
        if not all((*parents, leaf)):
            document[name] = value
            continue
        inner: Any = document
        for parent in parents:
            inner = inner.setdefault(parent, {}) if isinstance(inner, dict) else None
        if isinstance(inner, dict) and leaf not in inner:
            inner[leaf] = value
        else:
            document[name] = value
    return document


def _take_header(line: str, state: ParserState) -> None:
    """Keep what a header line says; a new header begins with its separator."""
    if line.startswith("separator "):
        separator = _text(line.removeprefix("separator ")) or _DEFAULTS["separator"]
        state[_STATE] = {**_DEFAULTS, "separator": separator}
        return
    header = state.setdefault(_STATE, {**_DEFAULTS})
    key, *values = line.split(header["separator"])
    if key == "fields" and len(set(values)) != len(values):
        header.pop(key, None)
        raise Refused("the header has a field twice")
    if key in ("fields", "types"):
        header[key] = values
    elif key in _DEFAULTS and values:
        header[key] = values[0] or _DEFAULTS[key]


def _from_row(text: str, header: Mapping[str, Any], log: str) -> Document:
    names, types = header.get("fields"), header.get("types")
    if not names or not types:
        raise Refused("a Zeek row before its header: #fields and #types must come first")
    cells = text.split(header["separator"])
    if not len(names) == len(types) == len(cells):
        raise Refused("the row has not as many cells as the header has fields")
    path = _log_name(header["path"]) or log
    return _nested({_PATH: path, **_members(names, types, cells, header)})


def _members(
    names: Sequence[str], types: Sequence[str], cells: Sequence[str], header: Mapping[str, Any]
) -> Document:
    unset, empty = header["unset_field"], header["empty_field"]
    found: Document = {}
    for name, kind, cell in zip(names, types, cells, strict=True):
        outer, _, inner = kind.partition("[")
        if cell == unset:
            continue
        if outer in ("set", "vector", "table"):
            parts = [] if cell == empty else cell.split(header["set_separator"])
            read_one = _TYPES.get(inner.rstrip("]"), _text)
            found[name] = [None if part == unset else read_one(part) for part in parts]
        else:
            found[name] = "" if cell == empty else _TYPES.get(outer, _text)(cell)
    return found


def _text(cell: str) -> str:
    return nfc(_ESCAPES.sub(_unescaped, cell)) if "\\" in cell else nfc(cell)


def _unescaped(match: re.Match[str]) -> str:
    """The text of a run of escapes; bytes that are no text stay as Zeek's JSON shows them."""
    if match[0] == "\\\\":
        return "\\"
    try:
        text = bytes.fromhex(match[0].replace("\\x", "")).decode()
    except UnicodeDecodeError:
        return match[0]
    return text if all(one.isprintable() or one.isspace() for one in text) else match[0]


def _whole(cell: str) -> Any:
    """A whole number as such; anything else as it was written."""
    return int(cell) if _WHOLE.fullmatch(cell) else cell


def _real(cell: str) -> Any:
    """A number as in Zeek's JSON, of at most sixteen digits; anything else as it was written."""
    return float(cell) if _REAL.fullmatch(cell) else cell


def _truth(cell: str) -> Any:
    return {"T": True, "F": False}.get(cell, cell)


_TYPES: Mapping[str, Callable[[str], Any]] = {
    "bool": _truth,
    "count": _whole,
    "int": _whole,
    "port": _whole,
    "time": _real,
    "interval": _real,
    "double": _real,
    "addr": str,
    "subnet": str,
}
