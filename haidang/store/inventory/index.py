"""Look-ups over the inventory's records, each a dictionary read or two."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self, TypeAlias

from haidang.model.fold import fold
from haidang.model.instant import Instant
from haidang.model.zone import is_private, parse_address
from haidang.store.inventory.records import ALWAYS, Claim, Host, Records, System, Unit, holding

Hosts: TypeAlias = Mapping[tuple[str, str], tuple[Host, ...]]
Claims: TypeAlias = Mapping[str, tuple[Claim, ...]]

# One prefix length: (IP version, bits after the prefix, network number without them -> claims).
_Length: TypeAlias = tuple[int, int, dict[int, tuple[Claim, ...]]]
_Tables: TypeAlias = Mapping[str | None, tuple[_Length, ...]]

_CACHED_ADDRESSES = 65_536
_PUBLIC = None  # the table of networks whose addresses mean the same in every zone


@dataclass(frozen=True, slots=True)
class Index:
    """The records by what events say; host keys are folded names and canonical addresses."""

    records: Records
    by_zone: Hosts
    by_operator: Hosts
    mail_domains: Claims
    api_keys: Claims
    networks: Callable[[str, str], tuple[Claim, ...]]
    changes: tuple[Instant, ...]

    @classmethod
    def of(cls, records: Records) -> Self:
        """Build the index of records that passed the checks."""
        tables = _tables(records.networks)
        return cls(
            records=records,
            by_zone=_hosts_by(records, lambda host: host.zone),
            by_operator=_hosts_by(records, partial(_operator, records)),
            mail_domains=_by_value(records.mail_domains),
            api_keys=_by_value(records.api_keys),
            networks=lru_cache(_CACHED_ADDRESSES)(partial(_find, tables)),
            changes=_changes(records),
        )

    def since(self, at: Instant) -> Instant:
        """Return the instant since which, at `at`, nothing in the inventory has changed."""
        return self.changes[bisect_right(self.changes, at) - 1]

    def host(self, zone: str, name: str, at: Instant) -> Host | None:
        """Return the host of this zone with this name or address."""
        for host in self.by_zone.get((zone, host_key(name)), ()):
            if host.span.holds(at):
                return host
        return None

    def operated_host(self, operator: str, name: str, at: Instant) -> Host | None:
        """Return the one host of the operator's systems with this name or address.

        None also where several zones of the operator have one: then nobody can tell which.
        """
        found = self.by_operator.get((operator, host_key(name)), ())
        hosts = [host for host in found if host.span.holds(at)]
        return hosts[0] if len(hosts) == 1 else None

    def system(self, host: Host, at: Instant) -> System | None:
        """Return the system that the host belongs to, if it exists at this instant."""
        system = self.records.by_system.get(host.system)
        return system if system is not None and system.span.holds(at) else None

    def network(self, zone: str, address: str, at: Instant) -> Claim | None:
        """Return the narrowest network's claim; a private address counts only inside its zone."""
        return holding(self.networks(zone, address), at)


def current_units(units: Mapping[str, Unit], unit: str, at: Instant) -> frozenset[str]:
    """Return the unit, or where it has ended by `at` those that took over (and theirs in turn)."""
    found = units.get(unit)
    if found is None or at < found.span.end or not found.successors:
        return frozenset((unit,))
    heirs = (current_units(units, heir, at) for heir in found.successors)
    return frozenset().union(*heirs)


@lru_cache(maxsize=65_536)
def host_key(name: str) -> str:
    """Return an address in canonical form, any other name folded."""
    address = parse_address(name)
    return fold(name) if address is None else str(address)


def _operator(records: Records, host: Host) -> str:
    system = records.by_system.get(host.system)
    return system.operator if system is not None else ""


def _changes(records: Records) -> tuple[Instant, ...]:
    users = tuple(user for system in records.systems for user in system.users)
    claims = (*records.networks, *records.mail_domains, *records.api_keys, *users)
    spans = [claim.span for claim in claims]
    spans += [unit.span for unit in records.units]
    spans += [system.span for system in records.systems]
    spans += [host.span for host in records.hosts]
    edges = {edge for span in spans for edge in (span.start, span.end)}
    return tuple(sorted(edges | {ALWAYS.start}))


def _hosts_by(records: Records, owner: Callable[[Host], str]) -> Hosts:
    found: dict[tuple[str, str], tuple[Host, ...]] = {}
    for host in records.hosts:
        for key in dict.fromkeys((*map(host_key, host.names), *host.addresses)):
            place = (owner(host), key)
            found[place] = (*found.get(place, ()), host)
    return found


def _by_value(claims: Iterable[Claim]) -> Claims:
    found: dict[str, tuple[Claim, ...]] = {}
    for claim in claims:
        found[claim.value] = (*found.get(claim.value, ()), claim)
    return found


def _tables(claims: Iterable[Claim]) -> _Tables:
    lengths: dict[str | None, dict[tuple[int, int], dict[int, tuple[Claim, ...]]]] = {}
    for claim in claims:
        network = ip_network(claim.value)
        size = network.max_prefixlen - network.prefixlen
        number = int(network.network_address) >> size
        for zone in _zones_of(network, claim.zone):
            table = lengths.setdefault(zone, {}).setdefault((network.version, size), {})
            table[number] = (*table.get(number, ()), claim)
    return {
        zone: tuple((version, size, table) for (version, size), table in sorted(found.items()))
        for zone, found in lengths.items()
    }


def _zones_of(network: IPv4Network | IPv6Network, zone: str) -> tuple[str | None, ...]:
    # A wide network (0.0.0.0/0) may hold private addresses and public ones.
    first, last = str(network.network_address), str(network.broadcast_address)
    return (zone,) if is_private(first) and is_private(last) else (zone, _PUBLIC)


def _find(tables: _Tables, zone: str, text: str) -> tuple[Claim, ...]:
    """Return the claims on an address, narrowest network first."""
    address = parse_address(text)
    if address is None:
        return ()
    number, table = int(address), tables.get(zone if is_private(text) else _PUBLIC, ())
    return tuple(
        claim
        for version, size, numbers in table
        if version == address.version
        for claim in numbers.get(number >> size, ())
    )
