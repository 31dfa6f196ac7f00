"""One world: the units, systems and hosts of the fictional tỉnh Mẫu, and what befalls them.

Seed 1 is the demo as it is told; any other seed draws other names, addresses, times and counts
inside what the rules are made to catch. All randomness comes from the seed.
"""

import random
from dataclasses import dataclass, replace

from app.demo.clock import clock, instant, stream
from app.demo.names import COMMUNES, DEPARTMENTS, FILE_SERVERS, SCRIPT_NAMES, SECTIONS
from app.demo.places import (
    Commune,
    Host,
    Section,
    System,
    Unit,
    make_commune,
    make_systems,
    make_units,
)
from haidang.model.instant import Instant


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
class PowerCut:
    """A place without power from `start` until `end`: nothing there happens, or is logged."""

    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class World:
    """All that the log lines, the inventory and the configuration are made from.

    `web`, `portal`, `documents`, `files`, `directory` and `offices` are the hosts of the provincial
    data centre by their part, in its zone. `village` is the commune with the infected computer
    (`infected`, a place in its desks), `dark` the one whose power fails.
    """

    seed: int
    units: tuple[Unit, ...]
    systems: tuple[System, ...]
    web: Host
    portal: Host
    documents: Host
    files: Host
    directory: Host
    offices: tuple[Host, ...]
    village: Commune
    infected: int
    dark: Commune
    cut: PowerCut
    operator: str
    owner: str
    zone: str
    network: str
    jump: str
    backdoor: WebBackdoor
    ransom: RansomPreparation

    @property
    def hosts(self) -> tuple[Host, ...]:
        """Every host that the inventory knows."""
        there = (*self.village.hosts, *self.dark.hosts)
        return (self.web, self.portal, self.documents, *self.windows, *there)

    @property
    def windows(self) -> tuple[Host, ...]:
        """The hosts of the data centre's zone that run Windows."""
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
    communes: tuple[int, int]
    networks: int
    infected: int
    switched_on: float
    cut: tuple[float, float]


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
        communes=(0, 1),
        networks=44,
        infected=2,
        switched_on=clock(7, 42, 6.214),
        cut=(clock(10, 5), clock(10, 47)),
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
    cut = clock(10, rng.randint(0, 20))
    communes = rng.sample(range(len(COMMUNES)), 2)
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
        communes=(communes[0], communes[1]),
        networks=rng.randrange(44, 200, 2),
        infected=rng.randrange(14),
        switched_on=clock(7, rng.randint(22, 50), rng.randint(0, 29)) + 0.214,
        cut=(cut, cut + 60 * rng.randint(30, 55)),
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
    village = _switched_on(make_commune(seed, draw.communes[0], draw.networks), draw)
    dark = make_commune(seed, draw.communes[1], draw.networks + 1)
    return World(
        seed=seed,
        units=(*make_units(owner), village.unit, dark.unit),
        systems=make_systems(owner, section),
        web=web,
        portal=Host(f"CTT-WEB{draw.number:02}", "portal", f"{net}.2.{40 + draw.number}"),
        documents=Host(f"VPUB-QLVB{draw.number:02}", "documents", f"{net}.2.{60 + draw.number}"),
        files=files,
        directory=Host(f"{centre}-DC{draw.number:02}", "directory", f"{net}.5.5"),
        offices=(
            Host(f"{code}-VP-{draw.number + 4:02}", "office", f"{net}.7.{20 + draw.number}"),
            Host(f"{code}-KT-{draw.number + 1:02}", "office", f"{net}.7.{40 + draw.number}"),
        ),
        village=village,
        infected=draw.infected,
        dark=dark,
        cut=PowerCut(instant(draw.cut[0]), instant(draw.cut[1])),
        operator="ttdl",
        owner=owner,
        zone="ttdl",
        network=f"{net}.0.0/16",
        jump=f"{net}.1.15",
        backdoor=_backdoor(web, section, draw),
        ransom=_ransom(files, account, draw),
    )


def _switched_on(commune: Commune, draw: _Draw) -> Commune:
    """The commune with the infected computer switched on when its story begins."""
    desks = list(commune.desks)
    desks[draw.infected] = replace(desks[draw.infected], on=instant(draw.switched_on))
    return replace(commune, desks=tuple(desks))


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
