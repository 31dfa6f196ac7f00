"""From named parts of a record to ECS: types, nested objects, and branches by value."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from haidang.model.event import Document
from haidang.model.fields import put, values
from haidang.model.zone import parse_address

Convert: TypeAlias = Callable[[str], Any]
Read: TypeAlias = Callable[[str], str | None]
LogSource: TypeAlias = dict[str, str]

_MAX_DIGITS = 40  # far over 64 bits, far under Python's limit for reading integers


def _keyword(text: str) -> str:
    return text


@lru_cache(maxsize=16_384)
def _long(text: str) -> int | None:
    """A whole number, decimal or 0x…; None where it is none."""
    digits = text[:_MAX_DIGITS]
    try:
        return int(digits, 16 if digits[:2] in ("0x", "0X") else 10) if digits == text else None
    except ValueError:
        return None


@lru_cache(maxsize=16_384)
def _ip(text: str) -> str | None:
    """An address as it was written, without its scope (`%eth0`), IPv4-mapped IPv6 as IPv4.

    None where it is none.
    """
    address = parse_address(text)
    if address is None:
        return None
    return str(address) if address.version == 4 and ":" in text else text.partition("%")[0]


def _basename(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _account_name(account: str) -> str:
    return account.rpartition("\\")[2]


def _account_domain(account: str) -> str | None:
    return account.rpartition("\\")[0] or None


def _listed(text: str) -> list[str]:
    return [text]


_SECONDS = re.compile(r"(\d{1,12})(?:\.(\d{1,9})\d*+)?")
_REALM = re.compile(r"[/@]")
_HEX = re.compile(r"[0-9A-F]{12}")


def _seconds(text: str) -> int | None:
    """A span of seconds as nanoseconds, the unit of event.duration."""
    match = _SECONDS.fullmatch(text)
    return int(match[1]) * 1_000_000_000 + int((match[2] or "0").ljust(9, "0")) if match else None


def _milliseconds(text: str) -> int | None:
    """A span of whole milliseconds as nanoseconds."""
    whole = _long(text)
    return whole if whole is None else whole * 1_000_000


@lru_cache(maxsize=16_384)
def _mac(text: str) -> str | None:
    """A hardware address as ECS writes it, `00-00-5E-00-53-23`; None where it is none."""
    digits = text.replace(":", "").replace("-", "").replace(".", "").upper()
    pairs = (digits[at : at + 2] for at in range(0, len(digits), 2))
    return "-".join(pairs) if _HEX.fullmatch(digits) else None


def _hex(text: str) -> str:
    """Hexadecimal digits without what stands between them."""
    return text.replace(":", "").lower()


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _principal_name(principal: str) -> str | None:
    """The name of a Kerberos principal `name/REALM` or `name@REALM`."""
    return principal.replace("@", "/").rpartition("/")[0] or principal or None


def _principal_realm(principal: str) -> str | None:
    return principal.replace("@", "/").rpartition("/")[2] if _REALM.search(principal) else None


TYPES: Mapping[str, Convert] = {
    "keyword": _keyword,
    "long": _long,
    "ip": _ip,
    "basename": _basename,
    "account_name": _account_name,
    "account_domain": _account_domain,
    "list": _listed,
    "lower": str.lower,
    "seconds": _seconds,
    "milliseconds": _milliseconds,
    "mac": _mac,
    "hex": _hex,
    "boolean": _boolean,
    "principal_name": _principal_name,
    "principal_realm": _principal_realm,
}
_WHOLE = frozenset({_keyword, _long, _ip, _listed, _seconds, _milliseconds})


@dataclass(frozen=True, slots=True)
class Field:
    """One copy: from a group or JSON path to an ECS path, through a type."""

    source: str
    target: str
    convert: Convert

    def kept(self, text: str, document: Document) -> bool:
        """Whether the document's field holds all that the text says."""
        if self.convert not in _WHOLE or (value := self.convert(text)) is None:
            return False
        return values(document, self.target) == (value if isinstance(value, list) else [value])


@dataclass(frozen=True, slots=True)
class Content:
    """What a dataset or one of its branches adds to a document."""

    fields: tuple[Field, ...] = ()
    constants: tuple[tuple[str, Any], ...] = ()
    logsource: tuple[LogSource, ...] = ()

    def and_then(self, other: "Content") -> "Content":
        """Both; where they fill the same field, this one comes first."""
        return Content(
            (*self.fields, *other.fields),
            (*self.constants, *other.constants),
            (*self.logsource, *other.logsource),
        )


# Group, the place of its object in the plan, the member's name, the type.
_Slot: TypeAlias = tuple[str, int, str, Convert | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The fields of a text dataset, laid out so that a line costs few steps.

    `objects` are the nested objects with their constants, the document itself first; `links` say
    which is whose member, the deepest first.
    """

    objects: tuple[Document, ...]
    slots: tuple[_Slot, ...]
    links: tuple[tuple[int, str, int], ...]
    absent: tuple[str | None, ...]

    def build(self, groups: Mapping[str, str | None]) -> Document:
        """A new document. Constant lists are shared between documents: replace, never append."""
        objects = [constants.copy() if constants else {} for constants in self.objects]
        absent, read = self.absent, groups.get
        for group, place, leaf, convert in self.slots:
            text = read(group)
            if text is None or text in absent:
                continue
            value = convert(text) if convert is not None else text
            if value is not None:
                objects[place][leaf] = value
        for parent, name, child in self.links:
            if objects[child]:
                objects[parent][name] = objects[child]
        return objects[0]


def make_plan(content: Content, absent: Iterable[str]) -> Plan:
    """The plan of a text dataset's own content."""
    places: dict[tuple[str, ...], int] = {(): 0}
    for path in (*(field.target for field in content.fields), *dict(content.constants)):
        parents = tuple(path.split(".")[:-1])
        for depth in range(1, len(parents) + 1):
            places.setdefault(parents[:depth], len(places))
    objects: list[Document] = [{} for _ in places]
    for path, value in content.constants:
        *parents_of, leaf = path.split(".")
        objects[places[tuple(parents_of)]][leaf] = value
    slots = tuple(_slot(field, places) for field in content.fields)
    deepest_first = sorted(places, key=len, reverse=True)
    links = tuple((places[p[:-1]], p[-1], places[p]) for p in deepest_first if p)
    return Plan(tuple(objects), slots, links, tuple(absent))


def _slot(field: Field, places: Mapping[tuple[str, ...], int]) -> _Slot:
    *parents, leaf = field.target.split(".")
    convert = None if field.convert is _keyword else field.convert
    return field.source, places[tuple(parents)], leaf, convert


def add(content: Content, document: Document, read: Read, absent: frozenset[str | None]) -> None:
    """Add content to a document without changing anything that is there already."""
    for field in content.fields:
        text = read(field.source)
        value = None if text in absent or text is None else field.convert(text)
        if value is not None:
            put_if_free(document, field.target, value)
    for path, value in content.constants:
        put_if_free(document, path, value)


def put_if_free(document: Document, path: str, value: Any) -> None:
    """Set a field unless it, or a scalar where an object would be needed, is already there."""
    parents, leaf = _parts(path)
    inner: Any = document
    for parent in parents:
        if "." in "".join(inner):  # rare: a key may be any part of the path
            _put_if_free_slowly(document, path, value)
            return
        inner = inner.setdefault(parent, {})
        if not isinstance(inner, dict):
            return
    if "." not in "".join(inner) and leaf not in inner:
        inner[leaf] = value
    else:
        _put_if_free_slowly(document, path, value)


@lru_cache(maxsize=4096)
def _parts(path: str) -> tuple[tuple[str, ...], str]:
    *parents, leaf = path.split(".")
    return tuple(parents), leaf


def _put_if_free_slowly(document: Document, path: str, value: Any) -> None:
    if values(document, path):
        return
    inner: Any = document
    for parent in path.split(".")[:-1]:
        inner = inner.get(parent, {})
        if not isinstance(inner, dict):
            return
    put(document, path, value)


@dataclass(frozen=True, slots=True)
class Branches:
    """Contents that apply where fields have given values; found by look-up, not one by one."""

    tables: Mapping[tuple[str, ...], Mapping[tuple[str, ...], tuple[Content, ...]]]

    def and_then(self, other: "Branches") -> "Branches":
        """Both, this one's contents first."""
        tables = {names: dict(table) for names, table in self.tables.items()}
        for names, table in other.tables.items():
            mine = tables.setdefault(names, {})
            for key, contents in table.items():
                mine[key] = (*mine.get(key, ()), *contents)
        return Branches(tables)

    def of(self, read: Read) -> list[Content]:
        """The contents whose conditions hold, letter case aside, in the tables' order."""
        found: list[Content] = []
        for names, table in self.tables.items():
            key = tuple((read(name) or "").lower() for name in names)
            found.extend(table.get(key, ()))
        return found
