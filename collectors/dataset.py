"""A dataset: how records of one kind of source are masked and become ECS documents."""

import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from collectors import mask
from collectors.dataset_file import Case, Definition, read_definition
from collectors.formats import json, regex
from collectors.formats.text import decode, nfc_groups
from collectors.mapping import TIMES, Read, add, make_plan, put_if_free
from collectors.record import Context, Parsed, ParserState
from haidang.errors import InputError, Problem
from haidang.model.event import Document
from haidang.model.fields import values
from haidang.model.instant import Instant

_Load: TypeAlias = Callable[[bytes], tuple[Document, Instant | None]]

_FOLDER = Path(__file__).parent / "datasets"
_INVALID_UTF8 = "invalid_utf8"
# Fields of ours: what a source sends under this key must not pass for what we say.
_OURS = re.compile(r"haidang(?:\..*)?", re.DOTALL)


def dataset_names() -> list[str]:
    """The names of all datasets, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.yml"))


def load_dataset(name: str) -> "Dataset":
    """The dataset of this name. Raises InputError."""
    if name not in dataset_names():
        known = ", ".join(dataset_names())
        raise InputError([Problem(name, 0, "dataset", f"no such dataset; known: {known}")])
    return Dataset(read_definition(_FOLDER / f"{name}.yml"))


class Dataset:
    """One dataset, ready to use; holds no state of its own between records."""

    def __init__(self, definition: Definition) -> None:
        self.name = definition.name
        self._definition = definition
        self._absent = frozenset({None, *definition.absent})
        self._plan = make_plan(definition.own, definition.absent)
        self._to_time = TIMES[definition.time[1]]
        self._logsource = list(definition.own.logsource)
        self._from: _Load = self._from_json if definition.format == "json" else self._from_text

    @property
    def cases(self) -> tuple[Case, ...]:
        """The dataset's own examples, for its tests."""
        return self._definition.cases

    @property
    def about(self) -> str:
        """What its records are, in one line."""
        return self._definition.about

    @property
    def continued(self) -> re.Pattern[bytes] | None:
        """Lines that it matches at their start go on with the record before."""
        return self._definition.continued

    @property
    def masks(self) -> tuple[str, ...]:
        """The kinds of values that are masked."""
        return tuple(one.kind for one in self._definition.masks)

    def mask(self, line: bytes, key: bytes) -> bytes:
        """The line without personal numbers and secrets, as this dataset's file names them."""
        definition = self._definition
        if definition.masks_in_hex is not None:
            line = mask.apply_in_hex(line, definition.masks_in_hex, definition.masks, key)
        return mask.apply(line, definition.masks, key)

    def parse(self, line: bytes, context: Context, state: ParserState) -> list[Parsed]:
        """The record's own event first, then derived events that are complete now, each with a key.

        Raises Refused(reason): the record goes to quarantine; Dropped(rule): it is left out.
        """
        document, time = self._from(line)
        parsed = Parsed(time, document)
        if self._definition.join is None:
            return [parsed]
        return [parsed, *self._definition.join[0](parsed, context, state)]

    def flush(self, context: Context, state: ParserState) -> list[Parsed]:
        """Derived events that wait for records which will not come: the file is quiet or done."""
        if self._definition.join is None:
            return []
        return self._definition.join[1](context, state)

    def explain(self, line: bytes) -> dict[str, Any]:
        """Why a line parses as it does: pattern and groups, or how far each pattern got."""
        patterns = self._definition.patterns
        text, _ = decode(line)
        if fitting := regex.which(patterns, text):
            return {"pattern": fitting, "groups": regex.read(patterns, text)}
        return {"patterns": [_failure(pattern, text) for pattern in patterns]}

    def mask_hits(self, line: bytes) -> dict[str, int]:
        """How many values of each kind a raw line holds (hex-encoded ones are not counted)."""
        return mask.hits(line, self._definition.masks)

    def _from_text(self, line: bytes) -> tuple[Document, Instant | None]:
        text, exact = decode(line)
        plain = text.isascii()
        groups = nfc_groups(regex.read(self._definition.patterns, text), plain=plain)
        document = self._plan.build(groups)
        document.setdefault("event", {})["original"] = text
        self._enrich(document, groups.get)
        if self._definition.complete is not None:
            self._definition.complete(document, groups)
        if not exact:
            _flag_bytes(document, line)
        return document, self._time(groups.get(self._definition.time[0]))

    def _from_json(self, line: bytes) -> tuple[Document, Instant | None]:
        text, exact = decode(line)
        plain = text.isascii() and "\\u" not in text
        read = json.read(text.encode(), plain=plain)
        document = {_not_ours(key): value for key, value in read.items()}
        source = _reader(document)
        add(self._definition.own, document, source, self._absent)
        self._enrich(document, source)
        if self._definition.complete is not None:
            self._definition.complete(document, {})
        if not exact:
            _flag_bytes(document, line)
        return document, self._time(source(self._definition.time[0]))

    def _enrich(self, document: Document, read: Read) -> None:
        """What the branches add, and the log sources of all that apply."""
        logsource = self._logsource
        if not self._definition.branches.tables:
            document["haidang"] = {"logsource": logsource}
            return
        contents = self._definition.branches.of(read)
        for content in contents:
            add(content, document, read, self._absent)
        extra = [source for content in contents for source in content.logsource]
        document["haidang"] = {"logsource": [*logsource, *extra]}

    def _time(self, text: str | None) -> Instant | None:
        return self._to_time(text) if text else None


def _not_ours(key: str) -> str:
    return f"sent_{key}" if _OURS.fullmatch(key) else key


def _reader(document: Document) -> Read:
    """Reads a JSON path as text: its first scalar."""

    def read(path: str) -> str | None:
        for value in values(document, path):
            if isinstance(value, str):
                return value
            if isinstance(value, int | float) and not isinstance(value, bool):
                return str(value)
        return None

    return read


def _flag_bytes(document: Document, line: bytes) -> None:
    put_if_free(document, "log.flags", [_INVALID_UTF8])
    document["haidang"]["original_base64"] = b64encode(line).decode()


def _failure(pattern: regex.Pattern, text: str) -> dict[str, Any]:
    column, expected = regex.how_far(pattern, text)
    return {"pattern": pattern.name, "fits_to_column": column, "expected": expected}
