"""`haidang.yml`: the one file that says what is read, from where, and where it is kept.

Paths are relative to the file. Every problem of the file is reported at once, with its line; an
unknown key is an error. The fields carry their own documentation (`doc`), from which
docs/reference.md is made. Secrets never belong in this file.
"""

import datetime as dt
import glob
import re
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from collectors.dataset import dataset_names
from haidang.errors import InputError, Problem
from haidang.model.instant import VIETNAM
from haidang.yamldoc import Checker, YamlDocument, YamlPath, read_file

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_OFFSET = re.compile(r"([+-])([01][0-9]):([0-5][0-9])")
_MEMORY = re.compile(r"[1-9][0-9]{0,5}(MB|GB|MiB|GiB)")
_MAX_OFFSET = dt.timedelta(hours=14)  # Kiribati; nothing on earth is further
_DAY_SECS = 86_400
_YEAR_SECS = 366 * _DAY_SECS
_ABSENT = (
    "cannot be read: No such file or directory; write one (README.md, docs/reference.md), "
    "or name another with --config"
)


def _doc(text: str, **more: Any) -> dict[str, str]:
    return {"doc": text, **more}


@dataclass(frozen=True, slots=True)
class InputSettings:
    """One entry of `inputs`: files of one format on one system."""

    name: str = field(
        metadata=_doc(
            "Name of the input, unique in the file: small letters, digits, `.`, `_`, `-`."
        )
    )
    path: str = field(metadata=_doc("Glob pattern of the files, relative to the configuration."))
    dataset: str = field(metadata=_doc("Name of the data set that parses them: `nginx.access`."))
    operator: str = field(metadata=_doc("Id of the unit that runs the system."))
    zone: str = field(metadata=_doc("Id of the zone in which private addresses are meant."))
    host: str = field(
        default="", metadata=_doc("Name of the host, where the lines themselves do not tell.")
    )
    timezone: dt.timezone = field(
        default=VIETNAM,
        metadata=_doc("UTC offset of times that name none.", default="`+07:00`", kind="`±HH:MM`"),
    )
    max_ahead_secs: int = field(
        default=86_400,
        metadata=_doc("An event further ahead of its receipt gets the receive time, flagged."),
    )
    max_behind_days: int = field(
        default=400,
        metadata=_doc("An event further behind its receipt gets the receive time, flagged."),
    )
    place: tuple[str, int] = field(default=("", 0), compare=False)  # file and line of the entry


@dataclass(frozen=True, slots=True)
class Config:
    """The top of `haidang.yml`."""

    data_dir: Path = field(
        metadata=_doc("Folder of the event store, the state and the offsets; made if absent.")
    )
    inventory: Path = field(metadata=_doc("File of the inventory: units, systems, networks."))
    rules: tuple[Path, ...] = field(
        default=(),
        metadata=_doc(
            "Files or folders of rules besides Hải Đăng's own.",
            default="none",
            kind="list of paths",
        ),
    )
    interval_secs: int = field(default=60, metadata=_doc("Seconds between two runs; at least 1."))
    allowance_secs: int = field(
        default=900,
        metadata=_doc("How late an event may come and still be correlated in its order."),
    )
    memory_limit: str = field(
        default="128MB", metadata=_doc("Memory for queries of the event store: `128MB`, `2GB`.")
    )
    threads: int = field(default=1, metadata=_doc("Threads for queries; at least 1."))
    inputs: tuple[InputSettings, ...] = field(
        default=(),
        metadata=_doc("What is collected, see below.", default="none", kind="list"),
    )


_TOP: dict[str, Any] = {one.name: one.default for one in fields(Config)}
_INPUT: dict[str, Any] = {one.name: one.default for one in fields(InputSettings) if one.metadata}


def load(path: Path) -> Config:
    """The settings of one file. Raises InputError with every problem of the file."""
    try:
        documents = read_file(path)
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise InputError([replace(error.problems[0], what=_ABSENT)]) from error
        raise
    if len(documents) != 1:
        what = "is empty" if not documents else "must be one YAML document"
        raise InputError([Problem(str(path), 0, "", what)])
    reader = _Reader(documents[0], path.absolute().parent)
    config = reader.config()
    reader.checker.raise_if_any()
    return config


class _Reader:
    """Takes the values of one document; notes problems and goes on with the default."""

    def __init__(self, document: YamlDocument, folder: Path) -> None:
        self.checker = Checker(document)
        self._folder = folder

    def config(self) -> Config:
        """The settings, right only if the checker has no problem."""
        if not isinstance(self.checker.document.value, dict):
            self.checker.add((), "must be a mapping of settings")
            return Config(Path(), Path())
        self._known((), self.checker.document.value, _TOP)
        return Config(
            data_dir=self._folder / self._text(("data_dir",), ...),
            inventory=self._folder / self._text(("inventory",), ...),
            rules=self._rules(),
            interval_secs=self._number(("interval_secs",), _TOP, 1, _DAY_SECS),
            allowance_secs=self._number(("allowance_secs",), _TOP, 0, 30 * _DAY_SECS),
            memory_limit=self._memory(),
            threads=self._number(("threads",), _TOP, 1, 256),
            inputs=self._inputs(),
        )

    def _rules(self) -> tuple[Path, ...]:
        given = self.checker.take(("rules",), list, [])
        return tuple(self._folder / self._text(("rules", n), ...) for n in range(len(given)))

    def _memory(self) -> str:
        text: str = self.checker.take(("memory_limit",), str, _TOP["memory_limit"])
        if not _MEMORY.fullmatch(text):
            self.checker.add(("memory_limit",), "must be a size like 128MB or 2GB")
        return text

    def _inputs(self) -> tuple[InputSettings, ...]:
        given = self.checker.take(("inputs",), list, [])
        inputs = [self._input(("inputs", n), one) for n, one in enumerate(given)]
        first: dict[str, int] = {}
        for n, one in enumerate(inputs):
            if one.name and first.setdefault(one.name, n) != n:
                self.checker.add(("inputs", n, "name"), f"{one.name} is there twice")
        return tuple(inputs)

    def _input(self, at: YamlPath, given: Any) -> InputSettings:
        if not isinstance(given, dict):
            self.checker.add(at, f"must be a mapping with {', '.join(_INPUT)}")
            return InputSettings("", "", "", "", "")
        self._known(at, given, _INPUT)
        return InputSettings(
            name=self._name((*at, "name")),
            path=self._glob((*at, "path")),
            dataset=self._dataset((*at, "dataset")),
            operator=self._text((*at, "operator"), ...),
            zone=self._text((*at, "zone"), ...),
            host=self._text((*at, "host"), _INPUT["host"]),
            timezone=self._offset((*at, "timezone")),
            max_ahead_secs=self._number((*at, "max_ahead_secs"), _INPUT, 0, _YEAR_SECS),
            max_behind_days=self._number((*at, "max_behind_days"), _INPUT, 1, 36_500),
            place=(self.checker.document.file, self.checker.document.line(at)),
        )

    def _known(self, at: YamlPath, given: dict[Any, Any], known: dict[str, Any]) -> None:
        """A problem for each unknown key, with the known one that is nearest."""
        for key in given:
            if key not in known:
                near = get_close_matches(str(key), known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
                self.checker.add((*at, str(key)), f"unknown key; {hint}")

    def _text(self, at: YamlPath, default: Any) -> str:
        text: str | None = self.checker.take(at, str, default)
        if text is None:
            return ""
        if not text and default is ...:
            self.checker.add(at, "must not be empty")
        if text != text.strip() or not text.isprintable():
            self.checker.add(at, "must have no control characters and no blanks around it")
            return ""
        return text

    def _name(self, at: YamlPath) -> str:
        text = self._text(at, ...)
        if text and not _NAME.fullmatch(text):
            self.checker.add(at, "must be small letters, digits, `.`, `_` or `-`, at most 64")
        return text

    def _dataset(self, at: YamlPath) -> str:
        text, known = self._text(at, ...), dataset_names()
        if text and text not in known:
            self.checker.add(at, f"no such data set; known: {', '.join(known)}")
        return text

    def _glob(self, at: YamlPath) -> str:
        """The pattern below the file's folder, whose own name is no pattern."""
        return str(Path(glob.escape(str(self._folder))) / self._text(at, ...))

    def _number(self, at: YamlPath, defaults: dict[str, Any], least: int, most: int) -> int:
        number: int = self.checker.take(at, int, defaults[str(at[-1])])
        if not least <= number <= most:
            self.checker.add(at, f"must be from {least} to {most}")
        return number

    def _offset(self, at: YamlPath) -> dt.timezone:
        given = self.checker.take(at, str, "+07:00")
        found = _OFFSET.fullmatch(given)
        if found is None:
            self.checker.add(at, "must be an offset from UTC, like +07:00")
            return VIETNAM
        sign, hours, minutes = found.groups()
        offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
        if offset > _MAX_OFFSET:
            self.checker.add(at, "must be at most 14 hours from UTC")
        return dt.timezone(-offset if sign == "-" else offset)
