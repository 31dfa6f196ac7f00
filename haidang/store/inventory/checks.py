"""What must agree between records: references, succession, and that nobody claims a thing twice."""

from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_network
from operator import attrgetter

from haidang.model.zone import entity, is_private
from haidang.store.inventory.records import Claim, Host, Records, Span, Unit
from haidang.yamldoc import Checker, YamlPath

# (what is claimed, for how long, where it is written)
Claimed = tuple[tuple[str, ...], Span, YamlPath]


def check_records(records: Records, checker: Checker) -> None:
    """Add a problem for each disagreement between records."""
    for items in (records.units, records.zones, records.systems):
        _check_ids(items, checker)
    _check_references(records, checker)
    _check_succession(records, checker)
    _check_claims("name", _host_names(records.hosts), checker)
    _check_claims("address", _host_addresses(records.hosts), checker)
    _check_claims("network", _networks(records.networks), checker)
    _check_claims("mail domain", _values(records.mail_domains), checker)
    _check_claims("key", _values(records.api_keys), checker)


def _check_ids(items: Iterable[object], checker: Checker) -> None:
    first: dict[str, YamlPath] = {}
    get: Callable[[object], tuple[str, YamlPath]] = attrgetter("id", "place")
    for identity, place in map(get, items):
        if identity in first:
            line = checker.document.line((*first[identity], "id"))
            checker.add((*place, "id"), f"{identity} is there twice; first in line {line}")
        first.setdefault(identity, place)


def _check_references(records: Records, checker: Checker) -> None:
    known: dict[str, Iterable[str]] = {
        "unit": _ids_written(checker, "units"),
        "zone": _ids_written(checker, "zones"),
        "system": _ids_written(checker, "systems"),
    }
    for kind, wanted, place in _references(records):
        if wanted and wanted not in known[kind]:
            checker.add(place, f"{wanted} is not the id of a {kind} of this file")


def _ids_written(checker: Checker, section: str) -> frozenset[str]:
    # As written, not as read: a unit with a misspelt key must not make each mention of it wrong.
    items = checker.document.value.get(section)
    entries = (item.get("id") for item in items or () if isinstance(item, dict))
    return frozenset(str(identity).strip() for identity in entries)


def _references(records: Records) -> Iterator[tuple[str, str, YamlPath]]:
    for unit in records.units:
        for key in ("predecessors", "successors"):
            for index, other in enumerate(getattr(unit, key)):
                yield "unit", other, (*unit.place, key, index)
    for system in records.systems:
        yield "unit", system.operator, (*system.place, "operator")
        yield "unit", system.owner, (*system.place, "owner")
        for user in system.users:
            yield "unit", user.unit, user.place
    for host in records.hosts:
        yield "zone", host.zone, (*host.place, "zone")
        yield "system", host.system, (*host.place, "system")
        yield "unit", host.unit, (*host.place, "unit")
    for claim in (*records.networks, *records.mail_domains, *records.api_keys):
        yield "zone", claim.zone, (*claim.place, "zone")
        yield "unit", claim.unit, (*claim.place, "unit")


def _check_succession(records: Records, checker: Checker) -> None:
    for unit in records.units:
        if unit.successors and unit.span.holds(_FAR):
            what = "is missing: a unit with successors has a last day"
            checker.add((*unit.place, "until"), what)
        _check_mirror(records, unit, ("successors", "predecessors"), checker)
        _check_mirror(records, unit, ("predecessors", "successors"), checker)
        if unit.id in _heirs(records, unit):
            checker.add((*unit.place, "successors"), f"{unit.id} would succeed itself")


_FAR = 2**62


def _check_mirror(records: Records, unit: Unit, keys: tuple[str, str], checker: Checker) -> None:
    here, there = keys
    for index, name in enumerate(getattr(unit, here)):
        other = records.by_unit.get(name)
        if other is not None and unit.id not in getattr(other, there):
            what = f"{name} does not name {unit.id} as one of its {there}"
            checker.add((*unit.place, here, index), what)


def _heirs(records: Records, unit: Unit) -> frozenset[str]:
    found: set[str] = set()
    waiting = list(unit.successors)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(records.by_unit[name].successors if name in records.by_unit else ())
    return frozenset(found)


def _host_names(hosts: Iterable[Host]) -> Iterator[Claimed]:
    for host in hosts:
        for name in host.names:
            yield (host.zone, name), host.span, (*host.place, "name")


def _host_addresses(hosts: Iterable[Host]) -> Iterator[Claimed]:
    for host in hosts:
        for address in host.addresses:
            yield (entity(host.zone, address),), host.span, (*host.place, "addresses")


def _networks(networks: Iterable[Claim]) -> Iterator[Claimed]:
    for claim in networks:
        private = is_private(str(ip_network(claim.value).network_address))
        zone = claim.zone if private else ""
        yield (zone, claim.value), claim.span, (*claim.place, "cidr")


def _values(claims: Iterable[Claim]) -> Iterator[Claimed]:
    for claim in claims:
        yield (claim.value,), claim.span, claim.place


def _check_claims(what: str, claims: Iterable[Claimed], checker: Checker) -> None:
    widest: dict[tuple[str, ...], Claimed] = {}  # by value, the claim that lasts longest so far
    for claimed in sorted(claims, key=lambda one: (one[0], one[1].start, one[1].end)):
        value, span, _ = claimed
        before = widest.get(value)
        if before is not None and span.overlaps(before[1]):
            _add_double(what, before, claimed, checker)
        if before is None or span.end > before[1].end:
            widest[value] = claimed


def _add_double(what: str, one: Claimed, other: Claimed, checker: Checker) -> None:
    first, second = sorted((one[2], other[2]), key=checker.document.line)
    name = " in zone ".join(part for part in reversed(one[0]) if part)
    line = checker.document.line(first)
    checker.add(second, f"the {what} {name} is claimed for the same days in line {line}")
