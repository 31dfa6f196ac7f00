"""YAML files that people write, with the line of every value, so that errors can say where.

A document is plain Python values plus `Lines`: the line of each path of keys and indexes.
Validators collect problems through `Checker` and raise all of a file's at once.
"""

import codecs
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from haidang.errors import InputError, Problem

YamlPath: TypeAlias = tuple[str | int, ...]
Lines: TypeAlias = dict[YamlPath, int]

MAX_BYTES = 4 * 1024 * 1024
_MAX_NODES = 200_000
_MAX_DEPTH = 100
_MAX_DOCUMENTS = 10_000
_MAX_TEXT = 65_536
_MAX_NUMBER = 64
# YAML 1.2, 5.1: what may not stand in a stream.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NO_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_ANCHORED = (yaml.ScalarEvent, yaml.CollectionStartEvent)


class _Resolver(yaml.resolver.BaseResolver):
    """What an unquoted scalar is: YAML 1.2, and days; so `no` and `12:30` are text.

    A number whose spelling its value would lose (`007`, `1_000`, `1e3`) stays text as well.
    """


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+|0o[0-7]+", list("-+0123456789")),
    ("float", r"[-+]?(0|[1-9][0-9]*)?\.[0-9]+([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", list("0123456789")),
    ("merge", "<<", ["<"]),  # no constructor takes it: refused, never a key
):
    _whole = re.compile(rf"(?:{_pattern})\Z")
    _Resolver.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _whole, _first)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One YAML document: its value, the lines of its paths (from 1), and the file's name."""

    file: str
    value: Any
    lines: Lines
    source: bytes = b""

    def line(self, path: YamlPath) -> int:
        """Return the line of `path`, or of the nearest part of it that exists."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(slots=True)
class Checker:
    """Collects the problems of one document."""

    document: YamlDocument
    problems: list[Problem] = field(default_factory=list)

    def add(self, path: YamlPath, what: str) -> None:
        """One more problem, at the line of `path`."""
        name = ".".join(str(part) for part in path)
        line = self.document.line(path)
        self.problems.append(Problem(self.document.file, line, name, what))

    def unknown_keys(self, path: YamlPath, mapping: dict[str, Any], known: Sequence[str]) -> None:
        """Add a problem for each key that nobody reads; a misspelt key must not be silent."""
        for key in mapping:
            if key not in known:
                self.add((*path, key), f"unknown key; known here: {', '.join(known)}")

    def take(self, path: YamlPath, kind: type | tuple[type, ...], default: Any = None) -> Any:
        """Return the value at `path` if of this kind, else the default (and a problem if present).

        A default of `...` makes the key required.
        """
        value = self.document.value
        for part in path:
            inside: Any = None if isinstance(value, str) else value  # text has indexes, too
            try:
                value = inside[part]
            except (KeyError, IndexError, TypeError):
                if default is ...:
                    self.add(path, "is missing")
                return None if default is ... else default
        wrong_bool = isinstance(value, bool) and kind in (int, (int, float))
        if not isinstance(value, kind) or wrong_bool:
            self.add(path, f"must be {_kind_name(kind)}, not {_kind_name(type(value))}")
            return None if default is ... else default
        return value

    def raise_if_any(self) -> None:
        """Raise InputError with every problem so far."""
        if self.problems:
            raise InputError(self.problems)


_KIND_NAMES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a mapping",
    list: "a list",
    type(None): "empty",
    date: "a day such as 2026-11-18",
}


def _kind_name(kind: type | tuple[type, ...]) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(_KIND_NAMES.get(one, one.__name__) for one in kinds)


def read_file(path: Path) -> list[YamlDocument]:
    """Every document of a YAML file. Raises InputError (unreadable, too large, not YAML)."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InputError([Problem(str(path), 0, "", "is not a file")])
        if found.st_size > MAX_BYTES:
            raise InputError([Problem(str(path), 0, "", f"larger than {MAX_BYTES >> 20} MiB")])
        content = path.read_bytes()
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise InputError([Problem(str(path), 0, "", what)]) from error
    return parse(content, str(path))


def parse(content: bytes, file: str) -> list[YamlDocument]:
    """Every document of YAML text. Raises InputError with the line of a syntax error."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        is_not = "UTF-16, not UTF-8" if content.startswith(_UTF_16) else "not UTF-8"
        problem = Problem(file, line, "", f"is {is_not}; save the file as UTF-8")
        raise InputError([problem]) from error
    bad = _CONTROL.search(text)
    if bad is not None:
        what = f"a character that YAML does not allow: U+{ord(bad[0]):04X}; remove it"
        if bad[0] == "\0" and text.count("\0") * 3 > len(text):
            what = "is UTF-16, not UTF-8; save the file as UTF-8"
        raise InputError([Problem(file, text.count("\n", 0, bad.start()) + 1, "", what)])
    try:
        return list(_documents(text, file, content))
    except yaml.YAMLError as error:
        raise InputError([_syntax_problem(error, file)]) from error


def _syntax_problem(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "is not YAML"
    return Problem(file, mark.line + 1 if mark else 0, "", f"YAML: {what}")


def _documents(text: str, file: str, source: bytes) -> Iterator[YamlDocument]:
    # Events, not nodes: libyaml's composer recurses in C and dies on deep nesting.
    events = yaml.parse(text, Loader=yaml.CSafeLoader)
    count = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            count += 1
            if count > _MAX_DOCUMENTS:
                what = f"more than {_MAX_DOCUMENTS} documents in one file"
                raise InputError([Problem(file, _line(event), "", what)])
            builder = _Builder(file, events)
            value = builder.build(next(events), ())
            if value is not None:
                yield YamlDocument(file, value, builder.lines, source)


@dataclass(frozen=True, slots=True)
class _Anchor:
    """What an alias stands for: its value, how many nodes that holds, how deep they go."""

    value: Any
    nodes: int
    height: int


class _Builder:
    """Turns one document's events into values and notes lines; bounded, so bombs end as errors."""

    def __init__(self, file: str, events: Iterator[yaml.Event]) -> None:
        self._file = file
        self._events = events
        self._resolve: Callable[[type, str, object], str] = _Resolver().resolve
        self._constructor = yaml.constructor.SafeConstructor()
        self._anchors: dict[str | None, _Anchor] = {}
        self._nodes = 0
        self._deepest = 0
        self.lines: Lines = {}

    def build(self, event: yaml.Event, path: YamlPath) -> Any:
        """Return the value that starts with this event."""
        self._nodes += 1
        before, above = self._nodes, self._deepest
        depth = self._deepest = len(path)
        self._check_size(event, depth)
        self.lines.setdefault(path, _line(event))
        value = self._content(event, path)
        if isinstance(event, _ANCHORED) and event.anchor:
            nodes, height = self._nodes - before + 1, self._deepest - depth
            self._anchors[event.anchor] = _Anchor(value, nodes, height)
        self._deepest = max(above, self._deepest)
        return value

    def _content(self, event: yaml.Event, path: YamlPath) -> Any:
        if isinstance(event, yaml.CollectionStartEvent) and event.tag not in _NO_TAGS:
            raise self._error(event, "", f"YAML: tags are not read: {event.tag}")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, len(path))
        return self._scalar(event)

    def _check_size(self, event: yaml.Event, depth: int) -> None:
        if self._nodes > _MAX_NODES or depth > _MAX_DEPTH:
            raise self._error(
                event, "", "too large or too deep (aliases count as what they expand to)"
            )

    def _alias(self, event: yaml.AliasEvent, depth: int) -> Any:
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            raise self._error(event, "", f"the alias *{event.anchor} has no anchor before it")
        self._nodes += anchor.nodes
        self._deepest = depth + anchor.height
        self._check_size(event, self._deepest)
        return anchor.value

    def _scalar(self, event: yaml.Event) -> Any:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error(event, "", "must be a value")
        if len(event.value) > _MAX_TEXT:
            raise self._error(event, "", f"a text longer than {_MAX_TEXT} characters")
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag == "tag:yaml.org,2002:merge":
            raise self._error(event, "<<", "merge keys are not read; write the keys out")
        if len(event.value) > _MAX_NUMBER and tag != "tag:yaml.org,2002:str":
            raise self._error(event, "", "a number as long as this is text; quote it")
        try:
            return self._constructor.construct_object(yaml.ScalarNode(tag, event.value))
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            raise self._error(event, "", f"YAML: {error}") from error
        except (LookupError, AttributeError) as error:  # PyYAML on `!!int ""`, `!!bool x`
            raise self._error(event, "", f"YAML: is not of the type {tag}") from error

    def _sequence(self, path: YamlPath) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self.build(event, (*path, len(items))))
        return items

    def _mapping(self, path: YamlPath) -> dict[Any, Any]:
        mapping: dict[Any, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._error(event, "", "a key must be text or a number")
            key = self._scalar(event)
            if key is None or isinstance(key, bool):
                raise self._error(event, event.value, "a key must be text or a number; quote it")
            if key in mapping:
                raise self._error(event, str(key), "the key is there twice")
            inner = (*path, key if isinstance(key, int) else str(key))
            self.lines[inner] = _line(event)
            mapping[key] = self.build(next(self._events), inner)
        return mapping

    def _error(self, event: yaml.Event, name: str, what: str) -> InputError:
        return InputError([Problem(self._file, _line(event), name, what)])


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
