"""From the YAML document to records; each problem is noted and the entry left out."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, TypeVar

from haidang.model.fold import fold, nfc
from haidang.model.zone import parse_address
from haidang.store.inventory.kinds import KINDS
from haidang.store.inventory.records import (
    ALWAYS,
    Claim,
    Host,
    Records,
    Span,
    System,
    Unit,
    Zone,
    days,
    url_key,
)
from haidang.yamldoc import Checker, YamlPath

T = TypeVar("T")

SECTIONS = ("units", "zones", "systems", "networks", "hosts", "mail_domains", "api_keys")

_DATES = ("from", "until")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # also a metric's label, and part of zone/IP
_DOMAIN = re.compile(r"[^\s@/:.]+(\.[^\s@/:.]+)+")


def read_records(checker: Checker) -> Records:
    """Return every record that can be read; what cannot is a problem in `checker`."""
    document = checker.document.value
    if not isinstance(document, dict):
        checker.add((), f"must be a mapping with {', '.join(SECTIONS)}")
        return Records()
    checker.unknown_keys((), document, SECTIONS)
    return Records(
        units=_read_all(checker, "units", _unit),
        zones=_read_all(checker, "zones", _zone),
        systems=_read_all(checker, "systems", _system),
        networks=_read_all(checker, "networks", _network),
        hosts=_read_all(checker, "hosts", _host),
        mail_domains=_read_all(checker, "mail_domains", _mail_domain),
        api_keys=_read_all(checker, "api_keys", _api_key),
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """One mapping of a list, read key by key."""

    checker: Checker
    path: YamlPath

    def known(self, *keys: str) -> None:
        mapping = self.checker.take(self.path, dict, {})
        self.checker.unknown_keys(self.path, mapping, keys)

    def add(self, key: str | int, what: str) -> None:
        self.checker.add((*self.path, key), what)

    def text(self, key: str | int, default: Any = ...) -> str:
        """Return trimmed text; a required key must not be blank."""
        value = self.checker.take((*self.path, key), str, default)
        if value is not None and not value.strip() and default is ...:
            self.add(key, "must not be blank")
        return nfc(value.strip()) if value else ""

    def identity(self) -> str:
        value = self.text("id")
        if value and not _ID.fullmatch(value):
            self.add("id", "must be 1 to 64 of the letters A-Z a-z 0-9 . _ - and begin with one")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        items = self.checker.take((*self.path, key), list, [])
        inside = _Entry(self.checker, (*self.path, key))
        return tuple(inside.text(index) for index in range(len(items or ())))

    def span(self) -> Span:
        first, last = self._day("from"), self._day("until")
        if first and last and last < first:
            self.add("until", f"is before from ({first.isoformat()})")
            return ALWAYS
        return days(first, last)

    def _day(self, key: str) -> date | None:
        value = self.checker.take((*self.path, key), (date, str))
        try:
            day = date.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            day = datetime.min  # noqa: DTZ901 - only to be refused below
        if isinstance(day, datetime):
            self.add(key, "must be a day such as 2025-07-01")
            return None
        return day

    def kind(self, default: Any = ...) -> str:
        value = self.text("kind", default)
        if value and value not in KINDS:
            self.add("kind", f"unknown kind {value}; known: {', '.join(KINDS)}")
        return value


def _read_all(checker: Checker, name: str, read: Callable[[_Entry], T]) -> tuple[T, ...]:
    return tuple(_read_each(checker, name, read))


def _read_each(checker: Checker, name: str, read: Callable[[_Entry], T]) -> Iterator[T]:
    if checker.document.value.get(name) is None:
        return  # a key without a value is an empty list to the person who wrote it
    for index, item in enumerate(checker.take((name,), list, []) or ()):
        before = len(checker.problems)
        if not isinstance(item, dict):
            checker.add((name, index), "must be a mapping")
            continue
        record = read(_Entry(checker, (name, index)))
        if len(checker.problems) == before:
            yield record


def _unit(entry: _Entry) -> Unit:
    entry.known("id", "name", "name_en", *_DATES, "predecessors", "successors")
    return Unit(
        id=entry.identity(),
        name=entry.text("name"),
        name_en=entry.text("name_en", ""),
        span=entry.span(),
        predecessors=entry.texts("predecessors"),
        successors=entry.texts("successors"),
        place=entry.path,
    )


def _zone(entry: _Entry) -> Zone:
    entry.known("id", "name")
    return Zone(entry.identity(), entry.text("name"), entry.path)


def _system(entry: _Entry) -> System:
    known = ("id", "name", "level", "kind", "operator", "owner", "users", "sections", *_DATES)
    entry.known(*known)
    return System(
        id=entry.identity(),
        name=entry.text("name"),
        level=_level(entry),
        kind=entry.kind(),
        operator=entry.text("operator"),
        owner=entry.text("owner"),
        users=tuple(_users(entry)),
        sections=_url_sections(entry),
        span=entry.span(),
        place=entry.path,
    )


def _level(entry: _Entry) -> int:
    level = entry.checker.take((*entry.path, "level"), int, ...)
    if level is not None and not 1 <= level <= 5:
        entry.add("level", f"must be 1 to 5, not {level}")
    return level or 0


def _users(entry: _Entry) -> Iterator[Claim]:
    items = entry.checker.take((*entry.path, "users"), list, [])
    for index, item in enumerate(items or ()):
        path = (*entry.path, "users", index)
        if isinstance(item, dict):
            user = _Entry(entry.checker, path)
            user.known("unit", *_DATES)
            yield Claim("", "", user.text("unit"), user.span(), path)
        else:
            inside = _Entry(entry.checker, (*entry.path, "users"))
            yield Claim("", "", inside.text(index), ALWAYS, path)


def _url_sections(entry: _Entry) -> tuple[tuple[str, str], ...]:
    path = (*entry.path, "sections")
    found: list[tuple[str, str]] = []
    for prefix, name in (entry.checker.take(path, dict, {}) or {}).items():
        if not isinstance(prefix, str) or not prefix.startswith("/"):
            entry.checker.add((*path, prefix), "must begin with / (a URL path)")
        elif not isinstance(name, str) or not name.strip():
            entry.checker.add((*path, prefix), "must be the section's name")
        else:
            found.append((url_key(prefix), name.strip()))
    return tuple(sorted(found, key=lambda section: -len(section[0])))


def _network(entry: _Entry) -> Claim:
    entry.known("cidr", "zone", "unit", *_DATES)
    text = entry.text("cidr")
    network = _cidr(entry, text) if text else None
    return Claim(str(network), entry.text("zone"), entry.text("unit"), entry.span(), entry.path)


def _cidr(entry: _Entry, text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text)
    except ValueError as error:
        hint = " (bits outside the mask are set)" if "host bits" in str(error) else ""
        entry.add("cidr", f"is not a network such as 10.1.0.0/16{hint}")
        return None


def _host(entry: _Entry) -> Host:
    known = ("name", "zone", "system", "unit", "kind", "aliases", "addresses", *_DATES)
    entry.known(*known)
    name, aliases = entry.text("name"), entry.texts("aliases")
    host = Host(
        name=name,
        names=tuple(dict.fromkeys(fold(one) for one in (name, *aliases))),
        zone=entry.text("zone"),
        system=entry.text("system", ""),
        unit=entry.text("unit", ""),
        kind=entry.kind(""),
        addresses=tuple(dict.fromkeys(_addresses(entry))),
        span=entry.span(),
        place=entry.path,
    )
    if not host.system and not host.unit:
        entry.add("system", "is missing: a host belongs to a system, a unit or both")
    return host


def _addresses(entry: _Entry) -> Iterator[str]:
    for index, text in enumerate(entry.texts("addresses")):
        address = parse_address(text)
        if address is not None:
            yield str(address)
        elif text:
            entry.checker.add((*entry.path, "addresses", index), "is not an IP address")


def _mail_domain(entry: _Entry) -> Claim:
    entry.known("domain", "unit", *_DATES)
    domain = fold(entry.text("domain").rstrip("."))
    if domain and not _DOMAIN.fullmatch(domain):
        entry.add("domain", "is not a mail domain such as so-a.example")
    return Claim(domain, "", entry.text("unit"), entry.span(), entry.path)


def _api_key(entry: _Entry) -> Claim:
    entry.known("key", "unit", *_DATES)
    return Claim(entry.text("key"), "", entry.text("unit"), entry.span(), entry.path)
