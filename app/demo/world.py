"""One world: the units, systems and hosts of the fictional tỉnh Mẫu, and what befalls them.

Seed 1 is the demo as it is told; any other seed draws other names, addresses, times and counts
inside what the rules are made to catch. All randomness comes from the seed.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.demo.names import DEPARTMENTS, FILE_SERVERS, SCRIPT_NAMES, SECTIONS
from haidang.model.instant import SECOND, Instant, from_iso

MIDNIGHT: Instant = from_iso("2026-11-18T00:00:00+07:00")


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
    """A machine of one system."""

    name: str
    system: str
    address: str


@dataclass(frozen=True, slots=True)
class WebBackdoor:
    """A1: a script sent through a form of a web site is called, then the web user runs `id`."""

    host: str
    attacker: str
    section: Section
    file: str
    sent: Instant
    calls: tuple[Instant, ...]
    shell: Instant


@dataclass(frozen=True, slots=True)
class RansomPreparation:
    """F1: guessed password, remote desktop, shadow copies deleted on a file server."""

    host: str
    account: str
    address: str
    failures: tuple[Instant, ...]
    logon: Instant
    deletion: Instant


@dataclass(frozen=True, slots=True)
class World:
    """All that the log lines, the inventory and the configuration are made from.

    `web`, `portal`, `files`, `directory` and `offices` are the hosts by their part; everything is
    in one zone, the provincial data centre's network.
    """

    seed: int
    units: tuple[Unit, ...]
    systems: tuple[System, ...]
    web: Host
    portal: Host
    files: Host
    directory: Host
    offices: tuple[Host, ...]
    operator: str
    owner: str
    zone: str
    network: str
    jump: str
    backdoor: WebBackdoor
    ransom: RansomPreparation

    @property
    def hosts(self) -> tuple[Host, ...]:
        """Every host."""
        return (self.web, self.portal, *self.windows)

    @property
    def windows(self) -> tuple[Host, ...]:
        """The hosts that run Windows."""
        return (self.files, self.directory, *self.offices)


@dataclass(frozen=True, slots=True)
class _Draw:
    """What differs between worlds; times in seconds since midnight."""

    department: int
    section: int
    file: str
    attacker: str
    sent: float
    calls: tuple[float, ...]
    number: int
    server: int
    network: int
    guesser: str
    failures: tuple[float, ...]
    logon: float
    deletion: float


def stream(seed: int, name: str) -> random.Random:
    """The random numbers of one log of one world, independent of every other log's."""
    return random.Random(f"{seed} {name}")  # noqa: S311 - a repeatable simulation, no secret


def clock(hour: int, minute: int, second: float = 0) -> float:
    """Seconds since midnight."""
    return hour * 3600 + minute * 60 + second


def instant(seconds: float) -> Instant:
    """The instant that many seconds after the day's midnight in Vietnam, to the millisecond."""
    return MIDNIGHT + round(seconds * 1000) * (SECOND // 1000)


def make_world(seed: int = 1) -> World:
    """The world of a seed; the same seed gives the same world."""
    return _build(seed, _first_draw() if seed == 1 else _draw(stream(seed, "world")))


def _first_draw() -> _Draw:
    return _Draw(
        department=0,
        section=0,
        file="gop-y.phtml",
        attacker="203.0.113.77",
        sent=clock(1, 52, 18),
        calls=(clock(1, 56, 12), clock(1, 57, 25), clock(1, 58, 39)),
        number=1,
        server=0,
        network=20,
        guesser="10.20.9.41",
        failures=_guesses(stream(1, "failures"), 46, clock(14, 21, 20), clock(14, 30, 10)),
        logon=clock(14, 31, 7.412),
        deletion=clock(14, 38, 26.883),
    )


def _draw(rng: random.Random) -> _Draw:
    network = rng.randint(16, 43)
    sent = clock(1, rng.randint(33, 46), rng.randint(0, 59))
    calls = [sent + rng.randint(100, 300)]
    for _ in range(rng.randint(1, 4)):
        calls.append(calls[-1] + rng.randint(15, 75))
    start = clock(14, rng.randint(16, 19), rng.randint(0, 59))
    end = start + rng.randint(300, 540)
    logon = end + rng.randint(30, 90) + 0.412
    return _Draw(
        department=rng.randrange(1, len(DEPARTMENTS)),
        section=rng.randrange(len(SECTIONS)),
        file=rng.choice(SCRIPT_NAMES),
        attacker=f"203.0.113.{rng.randint(2, 250)}",
        sent=sent,
        calls=tuple(calls),
        number=rng.randint(2, 6),
        server=rng.randrange(1, len(FILE_SERVERS)),
        network=network,
        guesser=f"10.{network}.9.{rng.randint(20, 200)}",
        failures=_guesses(rng, rng.randint(24, 90), start, end),
        logon=logon,
        deletion=logon + rng.randint(180, 480) + 0.471,
    )


def _guesses(rng: random.Random, count: int, start: float, end: float) -> tuple[float, ...]:
    """Password guesses at a tool's pace, with some jitter; all between start and end."""
    pace = (end - start) / count
    return tuple(start + pace * (number + rng.uniform(0.1, 0.9)) for number in range(count))


def _build(seed: int, draw: _Draw) -> World:
    owner, _, _, code = DEPARTMENTS[draw.department]
    centre, account = FILE_SERVERS[draw.server]
    section = Section(*SECTIONS[draw.section])
    net = f"10.{draw.network}"
    web = Host(f"{code}-WEB{draw.number:02}", "web", f"{net}.2.{10 + draw.number}")
    files = Host(f"{centre}-FS{draw.number:02}", "files", f"{net}.5.{10 + draw.number}")
    return World(
        seed=seed,
        units=_units(owner),
        systems=_systems(owner, section),
        web=web,
        portal=Host(f"CTT-WEB{draw.number:02}", "portal", f"{net}.2.{40 + draw.number}"),
        files=files,
        directory=Host(f"{centre}-DC{draw.number:02}", "directory", f"{net}.5.5"),
        offices=(
            Host(f"{code}-VP-{draw.number + 4:02}", "office", f"{net}.7.{20 + draw.number}"),
            Host(f"{code}-KT-{draw.number + 1:02}", "office", f"{net}.7.{40 + draw.number}"),
        ),
        operator="ttdl",
        owner=owner,
        zone="ttdl",
        network=f"{net}.0.0/16",
        jump=f"{net}.1.15",
        backdoor=_backdoor(web, section, draw),
        ransom=_ransom(files, account, draw),
    )


def _backdoor(web: Host, section: Section, draw: _Draw) -> WebBackdoor:
    return WebBackdoor(
        host=web.name,
        attacker=draw.attacker,
        section=section,
        file=draw.file,
        sent=instant(draw.sent),
        calls=tuple(instant(call) for call in draw.calls),
        # Within the last call's second: a web server writes whole seconds.
        shell=instant(draw.calls[-1] + 0.873),
    )


def _ransom(files: Host, account: str, draw: _Draw) -> RansomPreparation:
    return RansomPreparation(
        host=files.name,
        account=account,
        address=draw.guesser,
        failures=tuple(instant(failure) for failure in draw.failures),
        logon=instant(draw.logon),
        deletion=instant(draw.deletion),
    )


def _units(owner: str) -> tuple[Unit, ...]:
    chosen = next(entry for entry in DEPARTMENTS if entry[0] == owner)
    return (
        Unit("ttdl", "Trung tâm Dữ liệu tỉnh Mẫu", "Mẫu Provincial Data Centre", "2025-07-01"),
        Unit("vpub", "Văn phòng UBND tỉnh Mẫu", "Office of Mẫu People's Committee", "2025-07-01"),
        Unit(chosen[0], chosen[1], chosen[2], "2025-03-01"),
    )


def _systems(owner: str, section: Section) -> tuple[System, ...]:
    return (
        System(
            "web", "Trang thông tin điện tử", 2, "web-server", "ttdl", owner,
            {section.path: section.name, "/tin-tuc": "Tin tức", "/van-ban": "Văn bản"},
        ),
        System(
            "portal", "Cổng thông tin điện tử tỉnh", 3, "web-portal", "ttdl", "vpub",
            {"/hoi-dap": "Hỏi đáp", "/tin-tuc": "Tin tức"},
        ),
        System("files", "Kho tệp dùng chung", 3, "file-server", "ttdl", "ttdl"),
        System("directory", "Danh bạ tài khoản", 3, "domain-controller", "ttdl", "ttdl"),
        System("office", "Máy tính văn phòng", 1, "office-pc", "ttdl", owner),
    )  # fmt: skip
