"""The inventory and the configuration of a world: what is there, and which logs are collected."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from app.demo.lines import Execution, Message, Request
from app.demo.logs import KINDS, log_path
from app.demo.places import Commune, Host, System, Unit
from app.demo.signing import Signature
from app.demo.windows import WindowsEvent
from app.demo.world import World
from app.demo.zeek import Lease, Question

HEAD = "# DỮ LIỆU MÔ PHỎNG: tỉnh Mẫu không có thật. Simulated data: no real unit, person or host.\n"


@dataclass(frozen=True, slots=True)
class Source:
    """A log that is collected: whose host, and the kind of acts in it."""

    host: Host
    kind: type
    operator: str


def sources(world: World) -> Iterator[Source]:
    """Every source of the world."""
    for host in (world.web, world.portal):
        yield Source(host, Request, world.operator)
        yield Source(host, Execution, world.operator)
    for host in world.windows:
        yield Source(host, WindowsEvent, world.operator)
    yield Source(world.documents, Signature, world.operator)
    village, dark = world.village, world.dark
    yield Source(village.sensor, Question, village.unit.id)
    yield Source(village.sensor, Lease, village.unit.id)
    yield Source(dark.sensor, Question, dark.unit.id)
    for station in dark.stations:
        yield Source(station, WindowsEvent, dark.unit.id)
    yield Source(dark.router, Message, dark.unit.id)


def config_yaml(world: World, profile: Mapping[str, object] | None = None) -> str:
    """The configuration that collects the world's logs; paths are relative to its file.

    `profile` holds the settings of a profile other than *embedded*.
    """
    content: dict[str, object] = {
        "data_dir": "data",
        "inventory": "inventory.yml",
        "calendar": "calendar.yml",
        **(profile or {}),
        "interval_secs": 60,
        "allowance_secs": 900,
        "inputs": [_input(one) for one in sources(world)],
    }
    return HEAD + _dump(content)


def _input(one: Source) -> dict[str, str]:
    kind = KINDS[one.kind]
    return {
        "name": f"{one.host.name.lower()}-{kind.input}",
        "path": log_path(one.host.name, one.kind),
        "dataset": kind.dataset,
        "operator": one.operator,
        "zone": one.host.zone,
        "host": one.host.name,
        "timezone": "+07:00",
    }


def inventory_yaml(world: World) -> str:
    """The inventory of the world, in the format of `haidang.store.inventory`."""
    communes = (world.village, world.dark)
    centre = {"cidr": world.network, "zone": world.zone, "unit": world.operator}
    content = {
        "units": [_unit(one) for one in world.units],
        "zones": [
            {"id": world.zone, "name": "Trung tâm dữ liệu"},
            *({"id": one.zone, "name": f"Mạng {one.unit.name}"} for one in communes),
        ],
        "systems": [_system(one) for one in world.systems],
        "networks": [centre, *map(_network, communes)],
        "hosts": [_host(one) for one in world.hosts],
        "mail_domains": [],
        "api_keys": [],
    }
    return HEAD + _dump(content)


def _network(one: Commune) -> dict[str, str]:
    return {"cidr": one.network, "zone": one.zone, "unit": one.unit.id}


def _host(one: Host) -> dict[str, object]:
    place = {"system": one.system} if one.system else {"unit": one.unit, "kind": one.kind}
    return {"name": one.name, "zone": one.zone, **place, "addresses": [one.address]}


def _unit(one: Unit) -> dict[str, str]:
    return {"id": one.id, "name": one.name, "name_en": one.name_en, "from": one.since}


def _system(one: System) -> dict[str, object]:
    content: dict[str, object] = {
        "id": one.id,
        "name": one.name,
        "level": one.level,
        "kind": one.kind,
        "operator": one.operator,
        "owner": one.owner,
    }
    return {**content, "sections": dict(one.sections)} if one.sections else content


def _dump(content: dict[str, object]) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)
