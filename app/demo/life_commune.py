"""Ordinary life of the communes: leases, look-ups, clerks' computers and a router.

The commune without power logs nothing from the cut until its end, and starts again after it.
"""

import random
from collections.abc import Iterator

from app.demo.clock import MIDNIGHT, clock, instant, stream
from app.demo.life_windows import desk
from app.demo.lines import Message
from app.demo.logs import Act
from app.demo.names import DOMAIN, LOOKED_UP
from app.demo.places import Commune, Desk
from app.demo.rhythm import CLERKS, moments
from app.demo.windows import service_state
from app.demo.world import World
from app.demo.zeek import Lease, Question
from haidang.model.instant import DAY, HOUR, MINUTE, SECOND, Instant

_LOOK_UPS = 5.0  # in a half-hour of weight 1
_LEASE = 28_800.0  # seconds
_NAMES, _WEIGHTS = zip(*LOOKED_UP, strict=True)


def acts(world: World) -> Iterator[Act]:
    """What both communes' machines log all day."""
    yield from _look_ups(world.seed, world.village)
    yield from _leases(world.seed, world.village)
    dark = world.dark
    life = [*_look_ups(world.seed, dark), *_router(world.seed, dark)]
    for station, clerk in zip(dark.stations, ("motcua", "vanthu"), strict=True):
        made = desk(world.seed, station, f"{clerk}.{dark.unit.id}")
        life += [Act(one.moment, station.name, one) for one in made]
    cut = world.cut
    yield from (one for one in life if not cut.start <= one.moment < cut.end)
    yield from _power_returns(dark, cut.end)


def _look_ups(seed: int, commune: Commune) -> Iterator[Act]:
    """Names that computers ask for while they are on; a camera asks for its own all day."""
    rng = stream(seed, f"{commune.zone} look-ups")
    sensor, server = commune.sensor.name, commune.router.address
    for moment in moments(rng, CLERKS, _LOOK_UPS):
        on = [one.address for one in commune.desks if one.on <= moment]
        if on:
            client = rng.choice(on)
            yield Act(moment, sensor, _question(rng, client, server))
    camera = _camera(commune)
    for moment in range(MIDNIGHT + 3 * MINUTE, MIDNIGHT + DAY, 10 * MINUTE):
        at = moment + rng.randrange(MINUTE)
        yield Act(at, sensor, Question(camera, server, f"gio.{DOMAIN}", "10.20.1.9"))


def _question(rng: random.Random, client: str, server: str) -> Question:
    name = rng.choices(_NAMES, _WEIGHTS)[0]
    if rng.random() < 0.04:
        return Question(
            client, server, f"wpad.{DOMAIN}"
        )  # Windows looks for a proxy: there is none
    return Question(client, server, name, f"198.51.100.{20 + len(name)}")


def _leases(seed: int, commune: Commune) -> Iterator[Act]:
    """A computer gets its address when it is switched on, and asks again at half its lease.

    The camera's lease is an hour's, all day.
    """
    rng = stream(seed, f"{commune.zone} leases")
    camera = Desk(f"{commune.zone.upper()[1:]}-CAM-01", _camera(commune), "00:00:5e:00:53:f1", 0)
    for moment in range(MIDNIGHT + 11 * MINUTE, MIDNIGHT + DAY, HOUR // 2):
        lease = _lease(commune, camera, renewed=True, seconds=3_600.0)
        yield Act(moment + rng.randrange(SECOND), commune.sensor.name, lease)
    for one in commune.desks:
        evening = instant(clock(16, rng.randint(35, 59), rng.randint(0, 59)))
        yield Act(one.on, commune.sensor.name, _lease(commune, one, renewed=False))
        half = round(_LEASE / 2) * SECOND
        for moment in range(one.on + half, evening, half):
            at = moment + rng.randrange(SECOND)
            yield Act(at, commune.sensor.name, _lease(commune, one, renewed=True))


def _lease(commune: Commune, one: Desk, renewed: bool, seconds: float = _LEASE) -> Lease:
    return Lease(one.address, commune.router.address, one.mac, one.name, seconds, renewed)


def _camera(commune: Commune) -> str:
    return f"{commune.network.removesuffix('.0.0/16')}.8.31"


def _router(seed: int, commune: Commune) -> Iterator[Act]:
    """Every five minutes the router's cron measures its line."""
    rng = stream(seed, f"{commune.router.name} messages")
    number = rng.randint(9_000, 12_000)
    # A line of syslog may go on: the last one counts when another step has seen no more of it.
    for moment in range(MIDNIGHT + 2 * MINUTE, MIDNIGHT + DAY - 5 * MINUTE, 5 * MINUTE):
        number += rng.randint(2, 9)
        text = f"USER root pid {number} cmd /usr/bin/do-duong-truyen wan"
        at = moment + rng.randrange(2 * SECOND)
        yield Act(at, commune.router.name, Message("crond", 1093, text))


def _power_returns(commune: Commune, end: Instant) -> Iterator[Act]:
    """The router is up first, then the computers."""
    router = commune.router.name
    starts = (("kernel", 1, "Booting Linux on physical CPU 0x0"), ("pppd", 1042, "remote peer up"))
    for number, (program, process, text) in enumerate(starts):
        yield Act(end + (38 + number * 21) * SECOND, router, Message(program, process, text))
    for number, station in enumerate(commune.stations):
        at = end + (131 + number * 23) * SECOND
        yield Act(at, station.name, service_state(at, "Windows Event Log", "running"))
