"""Whose event is it? The operator by configuration, the affected units by what the event holds.

The operator and the zone to begin with come from the authenticated input. A host that the event
names refines zone and level only if it lies in that zone or belongs to a system of that operator.
Affected units come from

* the host: its own unit; its system's user if there is exactly one, its owner if none is listed
  (a system with several users is shared: then only the event's content can tell),
* the mail domain of `user.email` and `email.*.address`,
* the client key in `haidang.api_key` (the key's public id, set by a dataset),
* `source.ip` and `destination.ip`: the inventory's host there, else the narrowest network.

A unit that has ended by then stands for its successors. Outside domains and public addresses are
nobody's and not counted as unresolved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from haidang.model.event import Document
from haidang.model.fields import values
from haidang.model.fold import fold
from haidang.model.instant import Instant
from haidang.model.zone import is_private, parse_address
from haidang.store.inventory.index import Index, current_units
from haidang.store.inventory.records import Host, System, holding

_MAIL = tuple(f"email.{part}.address" for part in ("from", "sender", "to", "cc", "bcc", "reply_to"))


class Said(NamedTuple):
    """What an event says that ownership depends on, in the order of its fields."""

    hosts: tuple[str, ...]
    mails: tuple[str, ...]
    api_keys: tuple[str, ...]
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose an event is; `affected` are unit ids in order, level 0 means no system is known.

    `unresolved` names what the event or its input gave and the inventory could not place:
    `operator`, `zone`, `host`, `api_key`, `network` (a private address), `affected` (nobody).
    """

    operator: str
    affected: tuple[str, ...]
    zone: str
    level: int
    unresolved: tuple[str, ...]


@dataclass(slots=True)
class _Finding:
    """What has been found so far about one event."""

    zone: str
    units: set[str]
    unresolved: list[str]
    level: int = 0


def read_said(document: Document) -> Said:
    """Return what a document says; runs once an event, so the usual form takes a short way."""
    # Keys with dots written out are rare; without one, a missing first part ends the look.
    read = _anywhere if "." in "".join(document) else _nested
    mails = read(document, "user", "email")
    if read is _anywhere or "email" in document:
        mails += tuple(text for path in _MAIL for text in _texts(document, path))
    return Said(
        hosts=read(document, "host", "name") + read(document, "host", "ip"),
        mails=mails,
        api_keys=read(document, "haidang", "api_key"),
        addresses=read(document, "source", "ip") + read(document, "destination", "ip"),
    )


def _nested(document: Document, head: str, leaf: str) -> tuple[str, ...]:
    inner = document.get(head)
    if inner is None:
        return ()
    if inner.__class__ is dict:
        value = inner.get(leaf)
        if value is None:
            return ()
        if value.__class__ is str:
            return (value,) if value else ()
    return _anywhere(document, head, leaf)


def _anywhere(document: Document, head: str, leaf: str) -> tuple[str, ...]:
    return _texts(document, f"{head}.{leaf}")


def _texts(document: Document, path: str) -> tuple[str, ...]:
    return tuple(text for text in values(document, path) if isinstance(text, str) and text)


def resolve(index: Index, said: Said, operator: str, zone: str, at: Instant) -> Ownership:
    """Return whose event this is; `operator` and `zone` are the input's and may be empty."""
    finding = _Finding(zone, set(), [])
    if operator not in index.records.by_unit:
        finding.unresolved.append("operator")
    _add_host(index, said.hosts, operator, at, finding)
    _add_mail(index, said.mails, at, finding)
    _add_api_keys(index, said.api_keys, at, finding)
    _add_addresses(index, said.addresses, at, finding)
    affected = _current(index, finding.units, at)
    if not affected:
        finding.unresolved.append("affected")
    unresolved = tuple(dict.fromkeys(finding.unresolved))
    return Ownership(operator, affected, finding.zone, finding.level, unresolved)


def _add_host(
    index: Index, names: Sequence[str], operator: str, at: Instant, finding: _Finding
) -> None:
    host = _own_host(index, names, operator, finding.zone, at)
    if host is not None:
        finding.zone = host.zone
        _involve(index, host, at, finding)
    elif names:
        finding.unresolved.append("host")
    if not finding.zone:
        finding.unresolved.append("zone")


def _own_host(
    index: Index, names: Sequence[str], operator: str, zone: str, at: Instant
) -> Host | None:
    for name in names:
        host = index.host(zone, name, at)
        if host is None and operator:
            host = index.operated_host(operator, name, at)
        if host is not None:
            return host
    return None


def _involve(index: Index, host: Host, at: Instant, finding: _Finding) -> bool:
    """Add the host's units and level; False where the host is shared and has no unit."""
    system = index.system(host, at)
    units = {host.unit} if host.unit else set()
    if system is not None:
        finding.level = max(finding.level, system.level)
        units.update(_system_units(system, at))
    finding.units.update(units)
    return bool(units)


def _system_units(system: System, at: Instant) -> tuple[str, ...]:
    if not system.users:
        return (system.owner,)
    users = {user.unit for user in system.users if user.span.holds(at)}
    return tuple(users) if len(users) == 1 else ()


def _add_mail(index: Index, mails: Sequence[str], at: Instant, finding: _Finding) -> None:
    for mail in mails:
        _, at_sign, domain = mail.rpartition("@")
        key = fold(domain.strip(" \t>.")) if at_sign else ""
        claim = holding(index.mail_domains.get(key, ()), at)
        if claim is not None:
            finding.units.add(claim.unit)


def _add_api_keys(index: Index, keys: Sequence[str], at: Instant, finding: _Finding) -> None:
    for key in keys:
        claim = holding(index.api_keys.get(key, ()), at)
        if claim is not None:
            finding.units.add(claim.unit)
        else:
            finding.unresolved.append("api_key")


def _add_addresses(index: Index, addresses: Sequence[str], at: Instant, finding: _Finding) -> None:
    for address in addresses:
        host = index.host(finding.zone, address, at)
        if host is not None and _involve(index, host, at, finding):
            continue
        claim = index.network(finding.zone, address, at)
        if claim is not None:
            finding.units.add(claim.unit)
        elif host is None and is_private(address) and not _is_local(address):
            finding.unresolved.append("network")


def _is_local(text: str) -> bool:
    address = parse_address(text)  # loopback and link-local belong to no network of an agency
    return address is not None and (address.is_loopback or address.is_link_local)


def _current(index: Index, units: set[str], at: Instant) -> tuple[str, ...]:
    known = index.records.by_unit
    found: set[str] = set()
    for unit in units:
        found |= current_units(known, unit, at)
    return tuple(sorted(found))
