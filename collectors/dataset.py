"""A dataset: how records of one kind of source are masked and become ECS documents."""

import re
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from collectors import mask
from collectors.dataset_file import read_definition
from collectors.definition import Case, Definition
from collectors.envelope import EVERYWHERE
from collectors.formats import regex, syslog
from collectors.formats.table import FORMATS, explain
from collectors.formats.text import decode, encoding_fault, nfc_groups, utf16_readings
from collectors.mapping import LogSource, Read, add, make_plan, put_if_free
from collectors.record import Context, Misfit, Parsed, ParserState
from collectors.rest import Rest, add_header
from collectors.times import names_zone, offset
from haidang.errors import InputError, Problem, Refused
from haidang.model.event import Document
from haidang.model.fields import as_text, put, scalars, values
from haidang.model.instant import Instant

_Groups: TypeAlias = dict[str, str | None]

_FOLDER = Path(__file__).parent / "datasets"
_MESSAGE = "syslog.message"
_MUST = "syslog"
# What zeek's records and datasets say of their log.
_LOG, _ANY_LOG = "_path", "other"
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
    return _dataset(_FOLDER / f"{name}.yml")


@cache  # a file of ours does not change, and rules are judged by many of them at every start
def _dataset(file: Path) -> "Dataset":
    return Dataset(read_definition(file))


class Dataset:
    """One dataset, ready to use; holds no state of its own between records."""

    def __init__(self, definition: Definition) -> None:
        self.name = definition.name
        self._definition = definition
        self._absent = frozenset({None, *definition.absent})
        self._plan = make_plan(definition.own, definition.absent)
        self._rest = Rest(definition.rest, definition.own.fields, self._absent)
        self._logsource = list(definition.own.logsource)
        self._format = FORMATS[definition.format]
        self._build = self._from_document if self._format.document else self._from_groups

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
    def logsources(self) -> tuple[LogSource, ...]:
        """Every log source that its events may have, each once."""
        added = self._definition.provides.logsource
        every = [source for one in self._definition.contents for source in one.logsource] + [*added]
        return tuple(dict(pairs) for pairs in dict.fromkeys(tuple(one.items()) for one in every))

    @property
    def provides(self) -> frozenset[str]:
        """ECS paths that its events may fill; `path.*` stands for all below a path.

        What the file maps, what it says that hooks add (`provides`), and what every event has.
        """
        contents = self._definition.contents
        mapped = {field.target for one in contents for field in one.fields}
        mapped |= {path for one in contents for path, _ in one.constants}
        rest = {f"{self._definition.rest}.*"} if self._definition.rest else set()
        rest |= {"log.syslog.*"} if self._definition.envelope else set()
        return frozenset({*mapped, *rest, *self._definition.provides.fields, *EVERYWHERE})

    @property
    def masks(self) -> tuple[str, ...]:
        """The kinds of values that are masked."""
        return self._definition.masks.kinds

    def mask(self, line: bytes, key: bytes) -> bytes:
        """The line without personal numbers and secrets, as this dataset's file names them.

        A line with NUL bytes may be UTF-16, where no pattern fits; if one does in its text, the
        masked text takes the line's place.
        """
        masked = self._masked(line, key)
        for text in utf16_readings(masked) if b"\0" in masked else ():
            masked_text = self._masked(text, key)
            if masked_text != text:
                return masked_text
        return masked

    def _masked(self, line: bytes, key: bytes) -> bytes:
        definition = self._definition
        if definition.masks_in_hex is not None:
            line = mask.apply_in_hex(line, definition.masks_in_hex, definition.masks, key)
        return definition.masks.apply(line, key, xml=definition.format.endswith("xml"))

    def parse(self, line: bytes, context: Context, state: ParserState) -> list[Parsed]:
        """The record's own event first, then derived events that are complete now, each with a key.

        Raises Refused(reason): the record goes to quarantine; Dropped(rule): it is left out.
        """
        parsed = self._own(line, context, state)
        if self._definition.join is None:
            return [parsed]
        return [parsed, *self._definition.join[0](parsed, context, state)]

    def flush(self, context: Context, state: ParserState) -> list[Parsed]:
        """Derived events that wait for records which will not come: the file is quiet or done."""
        if self._definition.join is None:
            return []
        return self._definition.join[1](context, state)

    def explain(self, line: bytes, state: ParserState) -> dict[str, Any]:
        """Why a line parses as it does: pattern and groups, or how far each pattern got.

        Columns behind an envelope count from the message's first character.
        """
        definition = self._definition
        text, _ = decode(line)
        try:
            head = self._header(text)
        except Misfit:
            return explain("syslog", definition.options, text, state)
        if not head:
            return explain(definition.format, definition.options, text, state)
        facts = explain(definition.format, definition.options, head[_MESSAGE] or "", state)
        return {**facts, "envelope": head}

    def fields_found(self, line: bytes, state: ParserState) -> int:
        """How many of the parts that its fields and conditions name a record has.

        None (0) where the record names another log than a dataset for one log, and where a pattern
        that takes anything read it. Raises Refused, Dropped.
        """
        text, _ = decode(line)
        head, read = self._read(text, state)
        source = _reader(read, head)
        options, own = self._definition.options, self._definition.own
        log, message = options.log, head.get(_MESSAGE, text) or ""
        if log not in ("", _ANY_LOG, read.get(_LOG)) or regex.takes_anything(options, message):
            return 0
        nothing = self._absent | {"-", ""}  # twins may differ in what they keep of it
        names = {name for table in self._definition.branches.tables for name in table}
        for content in (own, *self._definition.branches.of(source)):
            names.update(field.source for field in content.fields)
        found = sum(source(name) not in nothing for name in names)
        return found + (log == read.get(_LOG))

    def mask_hits(self, line: bytes) -> dict[str, int]:
        """How many values of each kind a raw line holds (hex-encoded ones are not counted)."""
        return self._definition.masks.hits(line)

    def _own(self, line: bytes, context: Context, state: ParserState) -> Parsed:
        """The record's own event. Raises Refused, Dropped."""
        text, exact = decode(line)
        try:
            head, read = self._read(text, state)
        except Refused as refused:
            fault = encoding_fault(line)
            raise (Refused(fault) if fault else refused) from refused
        head = nfc_groups(head, plain=text.isascii())
        parsed = self._build(text, head, read, context)
        if self.continued and "\n" in text:
            _flag(parsed.document, "multiline")
        if not exact:
            _flag(parsed.document, "invalid_utf8")
            parsed.document["haidang"]["original_base64"] = b64encode(line).decode()
        return parsed

    def _read(self, text: str, state: ParserState) -> tuple[_Groups, Document]:
        """The groups of the envelope, and what the format reads within it."""
        head = self._header(text)
        message = head.get(_MESSAGE) or "" if head else text
        return head, self._format.read(self._definition.options, message, state)

    def _header(self, text: str) -> _Groups:
        """The groups of the envelope, none where there is no envelope. Raises Misfit."""
        if not self._definition.envelope:
            return {}
        try:
            return syslog.read(self._definition.options, text, {})
        except Misfit:
            if self._definition.envelope == _MUST:
                raise
            return {}

    def _from_groups(self, text: str, head: _Groups, read: Document, context: Context) -> Parsed:
        groups = {**head, **nfc_groups(read, plain=text.isascii())}
        when = self._when(groups.get, context)
        document = self._plan.build(groups)
        document.setdefault("event", {})["original"] = text
        if self._definition.rest:
            self._rest.add(document, groups, when.sources)
        return self._finished(document, groups, groups.get, when)

    def _from_document(self, text: str, head: _Groups, read: Document, context: Context) -> Parsed:
        del text  # every member is kept, and none stands for the line
        rest = self._definition.rest
        document = read if rest else {_not_ours(key): value for key, value in read.items()}
        source = _record_reader(read, head) if rest else _reader(document, head)
        if rest:
            document = {}
            put(document, rest, read)
        add(self._definition.own, document, source, self._absent)
        return self._finished(document, head, source, self._when(source, context))

    def _finished(self, document: Document, groups: _Groups, source: Read, when: "_When") -> Parsed:
        """With what does not hang on the kind of format."""
        if _MESSAGE in groups:
            add_header(document, groups)
        self._enrich(document, source)
        if self._definition.complete is not None:
            self._definition.complete(document, groups)
        if when.zone:
            put_if_free(document, "event.timezone", when.zone)
        return Parsed(when.time, document)

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

    def _when(self, source: Read, context: Context) -> "_When":
        """The first of the times that the record has and its format knows.

        Raises Refused if the record has times, but none that is known.
        """
        fault: Refused | None = None
        for time in self._definition.times:
            parts = [text for part in time.sources if (text := source(part)) not in self._absent]
            if len(parts) < len(time.sources):
                continue
            text = " ".join(filter(None, parts))
            try:
                instant = time.read(text, context)
            except Refused as refused:
                fault = refused
                continue
            zone = offset(context) if time.local and not names_zone(text) else ""
            return _When(instant, time.sources, zone)
        if fault is not None:
            raise fault
        return _When()


class _When(NamedTuple):
    """A record's time, where it was, and the input's zone if the text names none."""

    time: Instant | None = None
    sources: tuple[str, ...] = ()
    zone: str = ""


def _not_ours(key: str) -> str:
    return f"sent_{key}" if _OURS.fullmatch(key) else key


def _reader(document: Document, head: _Groups) -> Read:
    """Reads a path as text: a group of the envelope, or the document's first scalar there."""

    def read(path: str) -> str | None:
        if path in head:
            return head[path]
        for value in values(document, path):
            if isinstance(value, str):
                return value
            if isinstance(value, int | float):
                return as_text(value)
        return None

    return read


def _record_reader(record: Document, head: _Groups) -> Read:
    """The same of a record that does not change any more: looked through once."""
    found = scalars(record)
    if found is None:
        return _reader(record, head)

    def read(path: str) -> str | None:
        if path in head:
            return head[path]
        value = found.get(path)
        return value if value is None or isinstance(value, str) else as_text(value)

    return read


def _flag(document: Document, flag: str) -> None:
    put(document, "log.flags", [*values(document, "log.flags"), flag])
