"""What a source sent and no field took: kept as text, so that nothing is only in event.original."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from collectors.formats.regex import Groups
from collectors.formats.syslog import structured
from collectors.mapping import Field, put_if_free
from haidang.model.event import Document
from haidang.model.fields import put
from haidang.model.fold import nfc

_LONGEST_KEY = 120  # an event's key may have 512 bytes; four to a character
# ECS 8.17, log.syslog.*; the structured data is laid out by its elements.
_HEADER: Mapping[str, tuple[str, type[int] | type[str]]] = {
    "syslog.priority": ("log.syslog.priority", int),
    "syslog.facility": ("log.syslog.facility.code", int),
    "syslog.severity": ("log.syslog.severity.code", int),
    "syslog.version": ("log.syslog.version", str),
    "syslog.host": ("log.syslog.hostname", str),
    "syslog.app": ("log.syslog.appname", str),
    "syslog.pid": ("log.syslog.procid", str),
    "syslog.msgid": ("log.syslog.msgid", str),
}


class Rest:
    """Puts the groups that `fields` does not keep whole below one path."""

    def __init__(self, path: str, fields: Iterable[Field], absent: frozenset[str | None]) -> None:
        self._path, self._absent = path, absent
        self._fields: dict[str, list[Field]] = {}
        for one in fields:
            self._fields.setdefault(one.source, []).append(one)

    def add(self, document: Document, groups: Groups, taken: Sequence[str]) -> None:
        """Keys that an event may not have are mended; what then has the same key is a list.

        A dot within a key stays: `a.b` is found as such below the path. `taken` is kept already.
        """
        rest: dict[str, Any] = {}
        for name, text in groups.items():
            if text is None or text in self._absent or name.startswith("syslog.") or name in taken:
                continue
            if not any(field.kept(text, document) for field in self._fields.get(name, ())):
                key = _key(name)
                before = rest.get(key)
                rest[key] = text if before is None else [*_listed(before), text]
        if rest:
            put(document, self._path, rest)


def _key(name: str) -> str:
    return nfc(name[:_LONGEST_KEY]) if name.strip() else "_"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def add_header(document: Document, groups: Groups) -> None:
    """The header of a syslog record as log.syslog.*."""
    for name, (path, convert) in _HEADER.items():
        text = groups.get(name)
        if text:
            put_if_free(document, path, convert(text))
    data = groups.get("syslog.structured_data")
    if data:
        put_if_free(document, "log.syslog.structured_data", structured(data))
