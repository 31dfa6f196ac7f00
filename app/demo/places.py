"""The units, systems, hosts and networks of the fictional tỉnh Mẫu, as the inventory has them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.demo.clock import clock, instant, stream
from app.demo.names import COMMUNES, DEPARTMENTS, UNSEEN_COMMUNE
from haidang.model.instant import Instant

_FOUNDED = "2025-07-01"  # the day communes and provinces were reordered


@dataclass(frozen=True, slots=True)
class Unit:
    """An agency; `since` is the day it came into being (ISO date)."""

    id: str
    name: str
    name_en: str
    since: str


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a web site: its name, its path, its form and where attachments are kept."""

    name: str
    path: str
    form: str
    folder: str


@dataclass(frozen=True, slots=True)
class System:
    """An information system: security level 1-5, kind, who runs it and whose it is (unit ids)."""

    id: str
    name: str
    level: int
    kind: str
    operator: str
    owner: str
    sections: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Host:
    """A machine: of a system of the data centre, or (`kind`, `unit`) of a commune."""

    name: str
    system: str
    address: str
    zone: str = "ttdl"
    kind: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """A computer that is in no inventory: its address is leased, its name told by the lease.

    `on` is when it was switched on this morning.
    """

    name: str
    address: str
    mac: str
    on: Instant


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune's own network; what of it sends logs is for the stories to say."""

    unit: Unit
    zone: str
    network: str
    router: Host
    sensor: Host
    stations: tuple[Host, ...]
    desks: tuple[Desk, ...]

    @property
    def hosts(self) -> tuple[Host, ...]:
        """What the inventory knows of it."""
        return (self.router, self.sensor, *self.stations)


def make_units(owner: str) -> tuple[Unit, ...]:
    """The province's units; `owner` is the department of the story."""
    chosen = next(entry for entry in DEPARTMENTS if entry[0] == owner)
    return (
        Unit("ttdl", "Trung tâm Dữ liệu tỉnh Mẫu", "Mẫu Provincial Data Centre", _FOUNDED),
        Unit("vpub", "Văn phòng UBND tỉnh Mẫu", "Office of Mẫu People's Committee", _FOUNDED),
        Unit(chosen[0], chosen[1], chosen[2], "2025-03-01"),
        Unit(*UNSEEN_COMMUNE, _FOUNDED),
    )


def make_systems(owner: str, section: Section) -> tuple[System, ...]:
    """The systems in the data centre."""
    return (
        System(
            "web", "Trang thông tin điện tử", 2, "web-server", "ttdl", owner,
            {section.path: section.name, "/tin-tuc": "Tin tức", "/van-ban": "Văn bản"},
        ),
        System(
            "portal", "Cổng thông tin điện tử tỉnh", 3, "web-portal", "ttdl", "vpub",
            {"/hoi-dap": "Hỏi đáp", "/tin-tuc": "Tin tức"},
        ),
        System("documents", "Quản lý văn bản", 3, "document-management", "ttdl", "vpub"),
        System("files", "Kho tệp dùng chung", 3, "file-server", "ttdl", "ttdl"),
        System("directory", "Danh bạ tài khoản", 3, "domain-controller", "ttdl", "ttdl"),
        System("office", "Máy tính văn phòng", 1, "office-pc", "ttdl", owner),
    )  # fmt: skip


def make_commune(seed: int, number: int, network: int) -> Commune:
    """The commune of this place in the list of names, with the network 10.`network`.0.0/16."""
    id_, name, name_en, code = COMMUNES[number]
    net = f"10.{network}"

    def host(role: str, kind: str, address: str) -> Host:
        return Host(f"{code}-{role}", "", f"{net}.{address}", id_, kind, id_)

    return Commune(
        unit=Unit(id_, name, name_en, _FOUNDED),
        zone=id_,
        network=f"{net}.0.0/16",
        router=host("RT-01", "router", "0.1"),
        sensor=host("CB-01", "network-sensor", "0.5"),
        stations=(
            host("MC-01", "office-pc", "7.11"),
            host("VT-01", "office-pc", "7.12"),
        ),
        desks=tuple(_desks(seed, code, net)),
    )


def _desks(seed: int, code: str, net: str) -> list[Desk]:
    rng = stream(seed, f"{code} desks")
    return [
        Desk(
            f"{code}-VP-{number:02}",
            f"{net}.7.{20 + number}",
            f"00:00:5e:00:53:{16 + number:02x}",  # RFC 7042: for documentation
            instant(clock(7, rng.randint(22, 58), rng.randint(0, 59))),
        )
        for number in range(1, 15)
    ]
