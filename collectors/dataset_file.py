"""Reading a dataset's YAML: every problem of the file at once, with file, line and field."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from collectors import mask
from collectors.definition import NOTHING_SHARED, Case, Definition, Provides, Shared, Time
from collectors.formats.options import Options, Pattern, compile_pattern
from collectors.formats.syslog import NAMES
from collectors.formats.table import FORMATS, Format
from collectors.hooks import COMPLETE, JOIN
from collectors.mapping import TYPES, Branches, Content, Field
from collectors.mask_kinds import DEFAULT, KINDS
from collectors.times import ABSOLUTE, TIMES, time_reader
from haidang.errors import InputError, Problem
from haidang.yamldoc import Checker, YamlPath, read_file

KEYS = (
    "name",
    "about",
    "like",
    "include",
    "envelope",
    "format",
    "continued",
    "patterns",
    "columns",
    "delimiter",
    "log",
    "time",
    "absent",
    "fields",
    "rest",
    "constants",
    "logsource",
    "branches",
    "masks",
    "masks_in_hex",
    "complete",
    "join",
    "provides",
    "cases",
)
_SHARED_KEYS = (
    "absent",
    "fields",
    "constants",
    "logsource",
    "branches",
    "masks",
    "complete",
    "provides",
)
_BRANCH_KEYS = ("when", "fields", "constants", "logsource")
_CASE_KEYS = ("name", "lines", "expect", "derived", "refused")
_LOGSOURCE_KEYS = ("category", "product", "service")
_FORMAT_KEYS = ("patterns", "columns", "delimiter", "log")
# A record without the envelope is refused, or read as it is.
ENVELOPES = ("syslog", "syslog-or-none")
_PATH = re.compile(r"[a-z_@][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
_ECS_PATH = re.compile(r"message|[a-z_@][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)+")


def read_definition(path: Path) -> Definition:
    """The dataset of a YAML file. Raises InputError with every problem."""
    check = _open(path, KEYS)
    included = check.take(("include",), str)
    file = path.parent / "shared" / str(included)
    if included and not file.is_file():
        check.add(("include",), "there is no such file in datasets/shared")
    definition = _Reader(check).definition(_read_shared(file) if file.is_file() else NOTHING_SHARED)
    check.raise_if_any()
    return definition


def _read_shared(path: Path) -> Shared:
    """What a file in `datasets/shared` holds. Raises InputError with every problem."""
    check = _open(path, _SHARED_KEYS)
    shared = _Reader(check).shared()
    check.raise_if_any()
    return shared


def _open(path: Path, keys: Sequence[str]) -> Checker:
    """The file, with the keys that it leaves out from the dataset that it is `like`."""
    documents = read_file(path)
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise InputError([Problem(str(path), 0, "", "must hold one mapping: the dataset")])
    base = path.with_name(f"{documents[0].value.get('like', path.stem)}.yml")
    inherited = read_file(base)[0].value if base.is_file() else {}
    value = {**inherited, **documents[0].value}
    check = Checker(replace(documents[0], value=value))
    check.unknown_keys((), documents[0].value, keys)
    if not base.is_file():
        check.add(("like",), "no such dataset")
    return check


class _Reader:
    """Reads the parts of one dataset; problems go to the checker, bad parts are left out."""

    def __init__(self, check: Checker) -> None:
        self._check = check

    def shared(self) -> Shared:
        """The parts that a dataset has in common with others."""
        return Shared(
            self._texts(("absent",)),
            self._content(()),
            self._branches(),
            self._masks(),
            self._named(("complete",), COMPLETE),
            self._provides(("provides",)),
        )

    def definition(self, included: Shared) -> Definition:
        """The dataset; what it says itself comes before what it includes."""
        take = self._check.take
        shared = self.shared()
        kind = self._one_of(("format",), tuple(FORMATS))
        envelope = self._one_of(("envelope",), ENVELOPES, "")
        options = self._options(FORMATS.get(kind))
        self._check_groups(options.names, syslog=bool(envelope))
        return Definition(
            name=take(("name",), str, ...) or "",
            about=take(("about",), str, ...) or "",
            envelope=envelope,
            format=kind,
            options=options,
            times=self._times(),
            absent=(*shared.absent, *included.absent),
            own=shared.own.and_then(included.own),
            rest=self._rest(),
            branches=shared.branches.and_then(included.branches),
            masks=self._checked_masks((*included.masks, *shared.masks)),
            masks_in_hex=self._bytes_pattern("masks_in_hex"),
            continued=self._bytes_pattern("continued"),
            complete=shared.complete or included.complete,
            join=self._named(("join",), JOIN),
            provides=shared.provides.and_then(included.provides),
            cases=tuple(self._case(("cases", i)) for i in self._indexes(("cases",))),
        )

    def _indexes(self, path: YamlPath, default: Any = ()) -> range:
        return range(len(self._check.take(path, list, default) or ()))

    def _texts(self, path: YamlPath, default: Any = ()) -> tuple[str, ...]:
        return tuple(self._check.take((*path, i), str, "") for i in self._indexes(path, default))

    def _one_of(self, path: YamlPath, known: Sequence[str], default: Any = ...) -> str:
        text = self._check.take(path, str, default)
        if text not in (None, default) and text not in known:
            self._check.add(path, f"must be one of: {', '.join(known)}")
        return text or ""

    def _named(self, path: YamlPath, table: Any) -> Any:
        name = self._check.take(path, str)
        if name is not None and name not in table:
            self._check.add(path, f"no such hook; known: {', '.join(table)}")
        return table.get(name)

    def _patterns(self) -> tuple[Pattern, ...]:
        found = (self._pattern(("patterns", i)) for i in self._indexes(("patterns",), ...))
        return tuple(pattern for pattern in found if pattern)

    def _pattern(self, path: YamlPath) -> Pattern | None:
        entry = self._check.take(path, dict, ...)
        if entry is None:
            return None
        self._check.unknown_keys(path, entry, ("name", "parts"))
        parts = self._texts((*path, "parts"))
        try:
            return compile_pattern(self._check.take((*path, "name"), str, ...) or "", parts)
        except re.error as error:
            self._bad_part(path, parts, error)
            return None

    def _options(self, format_: Format | None) -> Options:
        """What the dataset says to its format; keys that the format does not read are problems."""
        known = (*format_.keys, *format_.optional) if format_ else _FORMAT_KEYS
        for key in _FORMAT_KEYS:
            if key not in known and self._check.take((key,), (str, list)) is not None:
                self._check.add((key,), "is not read by this format")
        delimiter = self._check.take(("delimiter",), str, "")
        if len(delimiter) > 1:
            self._check.add(("delimiter",), "must be one character")
        required = format_.keys if format_ else ()
        return Options(
            self._patterns() if "patterns" in required else (),
            self._texts(("columns",), ... if "columns" in required else ()),
            delimiter,
            self._check.take(("log",), str, ... if "log" in required else ""),
        )

    def _check_groups(self, names: frozenset[str], *, syslog: bool) -> None:
        """A field must come from a group that the format has, where those are known."""
        known = names | (set(NAMES) if syslog else set())
        for source in self._check.take(("fields",), dict, {}) if names else ():
            if source not in known:
                self._check.add(("fields", source), "no pattern has a group of this name")

    def _rest(self) -> str:
        path: str = self._check.take(("rest",), str, "")
        if path and not _PATH.fullmatch(path):
            self._check.add(("rest",), "must be a field such as kv or cef.extensions")
        return path

    def _bad_part(self, path: YamlPath, parts: Sequence[str], error: re.error) -> None:
        start = 0
        for index, part in enumerate(parts):
            if error.pos is not None and error.pos <= start + len(part):
                what = f"{error.msg}, at character {error.pos - start + 1}"
                self._check.add((*path, "parts", index), what)
                return
            start += len(part)
        self._check.add((*path, "parts"), str(error))

    def _times(self) -> tuple[Time, ...]:
        """`time` is `{from, format}`, or a list of those: the first that a record has counts."""
        if isinstance(self._check.take(("time",), (dict, list), ...), list):
            found = [self._time(("time", i)) for i in self._indexes(("time",))]
        else:
            found = [self._time(("time",))]
        return tuple(time for time in found if time)

    def _time(self, path: YamlPath) -> Time | None:
        entry = self._check.take(path, dict, {})
        self._check.unknown_keys(path, entry, ("from", "format"))
        if not entry:
            return None
        source = self._check.take((*path, "from"), (str, list), ...)
        sources = (source,) if isinstance(source, str) else self._texts((*path, "from"))
        name = self._check.take((*path, "format"), str, ...)
        read = time_reader(name or "")
        if name is not None and read is None:
            known = f"{', '.join(TIMES)}, or a pattern such as '%Y/%m/%d %H:%M:%S'"
            self._check.add((*path, "format"), f"must be one of: {known}")
        return Time(sources, read, name not in ABSOLUTE) if read else None

    def _content(self, path: YamlPath) -> Content:
        fields = self._check.take((*path, "fields"), dict, {})
        constants = self._check.take((*path, "constants"), dict, {})
        for target in constants:
            self._check_target((*path, "constants", target), target)
        sources = self._indexes((*path, "logsource"))
        return Content(
            tuple(field for name in fields for field in self._fields((*path, "fields"), name)),
            tuple(constants.items()),
            tuple(self._logsource((*path, "logsource", i)) for i in sources),
        )

    def _provides(self, path: YamlPath) -> Provides:
        self._check.unknown_keys(path, self._check.take(path, dict, {}), ("fields", "logsource"))
        sources = self._indexes((*path, "logsource"))
        return Provides(
            self._texts((*path, "fields")),
            tuple(self._logsource((*path, "logsource", i)) for i in sources),
        )

    def _fields(self, path: YamlPath, name: str) -> list[Field]:
        """One source may fill several fields: `source: path`, `{to, type}`, or a list of those."""
        path = (*path, name)
        entry = self._check.take(path, (str, dict, list), ...)
        if isinstance(entry, list):
            return [self._field((*path, i), name) for i in range(len(entry))]
        return [self._field(path, name)]

    def _field(self, path: YamlPath, source: str) -> Field:
        entry = self._check.take(path, (str, dict), "")
        kind = "keyword"
        if isinstance(entry, dict):
            self._check.unknown_keys(path, entry, ("to", "type"))
            kind = self._one_of((*path, "type"), tuple(TYPES))
            entry = self._check.take((*path, "to"), str, ...)
        self._check_target(path, entry or "")
        return Field(str(source), entry or "", TYPES.get(kind, str))

    def _check_target(self, path: YamlPath, target: str) -> None:
        if not _ECS_PATH.fullmatch(str(target)):
            self._check.add(path, "must be a dotted field such as source.ip")

    def _logsource(self, path: YamlPath) -> dict[str, str]:
        entry = self._check.take(path, dict, ...) or {}
        self._check.unknown_keys(path, entry, _LOGSOURCE_KEYS)
        return {key: self._check.take((*path, key), str, "") for key in entry}

    def _branches(self) -> Branches:
        tables: dict[tuple[str, ...], dict[tuple[str, ...], tuple[Content, ...]]] = {}
        for index in self._indexes(("branches",)):
            path: YamlPath = ("branches", index)
            entry = self._check.take(path, dict, ...) or {}
            self._check.unknown_keys(path, entry, _BRANCH_KEYS)
            content = self._content(path)
            names, keys = self._when((*path, "when"))
            table = tables.setdefault(names, {})
            for key in keys:
                table[key] = (*table.get(key, ()), content)
        return Branches(tables)

    def _when(self, path: YamlPath) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The fields of a condition and every combination of their values, in lower case."""
        condition = self._check.take(path, dict, ...) or {}
        keys: list[tuple[str, ...]] = [()]
        for name in condition:
            wanted = self._check.take((*path, name), (str, int, list), "")
            choices = wanted if isinstance(wanted, list) else [wanted]
            keys = [(*key, str(choice).lower()) for key in keys for choice in choices]
        return tuple(str(name) for name in condition), keys

    def _masks(self) -> tuple[mask.Mask, ...]:
        """The kinds by name, `default` for all of them, and patterns of the dataset's own."""
        found = (self._mask(("masks", i)) for i in self._indexes(("masks",)))
        return tuple(one for some in found for one in some)

    def _checked_masks(self, masks: tuple[mask.Mask, ...]) -> mask.Masks:
        """The masks; to have none must be said (`masks: []`), never forgotten."""
        if not masks:
            self._check.take(("masks",), list, ...)
        return DEFAULT if masks == tuple(KINDS.values()) else mask.Masks(masks)

    def _mask(self, path: YamlPath) -> tuple[mask.Mask, ...]:
        entry = self._check.take(path, (str, dict), ...)
        if isinstance(entry, dict):
            return self._own_mask(path, entry)
        if entry == "default":
            return tuple(KINDS.values())
        if entry not in KINDS:
            self._check.add(path, f"no such kind; known: default, {', '.join(KINDS)}")
            return ()
        return (KINDS[entry],)

    def _own_mask(self, path: YamlPath, entry: dict[str, Any]) -> tuple[mask.Mask, ...]:
        self._check.unknown_keys(path, entry, ("kind", "pattern", "starts"))
        kind = self._check.take((*path, "kind"), str, ...) or "own"
        pattern = self._check.take((*path, "pattern"), str, ...) or ""
        starts = self._texts((*path, "starts")) if "starts" in entry else ()
        try:
            return (mask.custom(kind, pattern, starts),)
        except re.error as error:
            self._check.add((*path, "pattern"), str(error))
            return ()

    def _bytes_pattern(self, name: str) -> re.Pattern[bytes] | None:
        text = self._check.take((name,), str)
        try:
            return re.compile(text.encode()) if text else None
        except re.error as error:
            self._check.add((name,), str(error))
            return None

    def _case(self, path: YamlPath) -> Case:
        take = self._check.take
        entry = take(path, dict, ...) or {}
        self._check.unknown_keys(path, entry, _CASE_KEYS)
        lines = tuple(line.encode() for line in self._texts((*path, "lines")))
        if not lines:
            self._check.add((*path, "lines"), "needs at least one line")
        return Case(
            take((*path, "name"), str, ...) or "",
            lines,
            take((*path, "expect"), dict, {}),
            tuple(take((*path, "derived"), list, [])),
            take((*path, "refused"), str, ""),
        )
