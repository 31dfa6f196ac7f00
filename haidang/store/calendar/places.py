"""What the calendar names of the inventory: units, systems, hosts, zones and addresses."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network

from haidang.model.fold import fold
from haidang.model.zone import is_private
from haidang.store.calendar.records import Where
from haidang.store.inventory.index import host_key
from haidang.store.inventory.records import Host, Records, Span
from haidang.yamldoc import Checker, YamlPath


@dataclass(frozen=True, slots=True)
class Places:
    """Names are looked up once, when the calendar is read; what is unknown is a problem."""

    checker: Checker
    records: Records

    def units(self, path: YamlPath, names: tuple[str, ...]) -> tuple[str, ...]:
        """Ids of units, each of them known."""
        self._known("unit", path, names, self.records.by_unit)
        return names

    def where(self, path: YamlPath, given: Mapping[str, tuple[str, ...]], zone: str) -> Where:
        """The places of one entry, which `given` names by section."""
        if zone:
            zones = {one.id for one in self.records.zones}
            self._known("zone", path, (zone,), zones, "zone")
        self._known("system", (*path, "systems"), given["systems"], self.records.by_system)
        machines = (*self._hosts((*path, "hosts"), given["hosts"], zone), *self._of(given))
        return Where(
            units=frozenset(self.units((*path, "units"), given["units"])),
            named=bool(given["systems"] or given["hosts"]),
            hosts=_keys(machines),
            networks=tuple(self._networks((*path, "addresses"), given["addresses"], zone)),
            zone=zone,
        )

    def _of(self, given: Mapping[str, tuple[str, ...]]) -> Iterator[Host]:
        return (one for one in self.records.hosts if one.system in given["systems"])

    def _hosts(self, path: YamlPath, names: tuple[str, ...], zone: str) -> Iterator[Host]:
        for index, name in enumerate(names):
            named = [one for one in self.records.hosts if fold(name) in one.names]
            zones = sorted({one.zone for one in named})
            if not named:
                known = [one.name for one in self.records.hosts]
                self.checker.add((*path, index), _unknown("host", name, known))
            elif len(zones) > 1 and not zone:
                what = f"{name} is a host of several zones: say which, zone: {' or '.join(zones)}"
                self.checker.add((*path, index), what)
            yield from (one for one in named if zone in {"", one.zone})

    def _networks(
        self, path: YamlPath, texts: tuple[str, ...], zone: str
    ) -> Iterator[IPv4Network | IPv6Network]:
        for index, text in enumerate(texts):
            try:
                network = ip_network(text)
            except ValueError as error:
                hint = " (bits outside the mask are set)" if "host bits" in str(error) else ""
                what = f"is no address or network such as 10.1.0.0/16{hint}"
                self.checker.add((*path, index), what)
                continue
            if is_private(str(network.network_address)) and not zone:
                what = "is private and means something only in its zone: say which, zone: ID"
                self.checker.add((*path, index), what)
            yield network

    def _known(
        self,
        kind: str,
        path: YamlPath,
        names: tuple[str, ...],
        known: Collection[str],
        key: str = "",
    ) -> None:
        for index, name in enumerate(names):
            if name and name not in known:
                self.checker.add((*path, key or index), _unknown(kind, name, known))


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{name} is no {kind} of the inventory{hint}"


def _keys(hosts: Iterable[Host]) -> dict[tuple[str, str], tuple[Span, ...]]:
    """By zone and name or address, the days on which that is one of these machines."""
    found: dict[tuple[str, str], tuple[Span, ...]] = {}
    for host in hosts:
        for key in dict.fromkeys((*map(host_key, host.names), *host.addresses)):
            place = (host.zone, key)
            if host.span not in found.get(place, ()):
                found[place] = (*found.get(place, ()), host.span)
    return found
