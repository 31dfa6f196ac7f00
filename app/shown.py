"""The settings in force, each with where it comes from: a line of the file, or the default."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from app import config
from app.checks import secrets_of
from haidang.yamldoc import YamlDocument, YamlPath, read_file

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting: its key in dots, its value, and `file:line` or `default`."""

    key: str
    value: str | int | None
    origin: str


def shown(path: Path, environment: Mapping[str, str]) -> Iterator[Shown]:
    """Every setting of a file; of secrets only where they are. Raises InputError."""
    settings = config.load(path)
    [document] = read_file(path)
    yield from _below((), settings, document)
    for one in secrets_of(settings):
        origin = f"file {one.file}" if one.file else "nowhere"
        if one.variable in environment:
            origin = f"environment {one.variable}"
        yield Shown(one.setting.removesuffix("_file"), None, origin)


def _below(at: YamlPath, value: Any, document: YamlDocument) -> Iterator[Shown]:
    if is_dataclass(value):
        for one in fields(value):
            if one.metadata:
                yield from _below((*at, one.name), getattr(value, one.name), document)
    elif isinstance(value, tuple) and value:
        for number, one in enumerate(value):
            yield from _below((*at, number), one, document)
    else:
        yield Shown(".".join(map(str, at)), _plain(value), _origin(at, document))


def _origin(at: YamlPath, document: YamlDocument) -> str:
    return f"{document.file}:{document.lines[at]}" if at in document.lines else DEFAULT


def _plain(value: Any) -> str | int | None:
    if isinstance(value, dt.timezone):
        minutes = int(value.utcoffset(None).total_seconds()) // 60
        return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    if value is None or isinstance(value, int):
        return value
    return None if value == () else str(value)
