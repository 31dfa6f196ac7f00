"""Ordinary life of the web servers: readers, questions, a crawler, timers and an administrator."""

import random
import unicodedata
from collections.abc import Iterator
from typing import Literal

from app.demo.clock import MIDNIGHT, clock, instant, stream
from app.demo.lines import Execution, Request, path
from app.demo.logs import Act
from app.demo.names import AGENTS, ARTICLES, CRAWLER, DOCUMENTS, DOMAIN, MONITOR
from app.demo.rhythm import CITIZENS, moments
from app.demo.world import World
from haidang.model.instant import DAY, HOUR, MINUTE, SECOND, Instant

_VISITS = 1.5  # in a half-hour of weight 1
_ASSETS = ("/assets/css/site.min.css", "/assets/js/app.js", "/favicon.ico", "/assets/img/logo.png")


def acts(world: World) -> Iterator[Act]:
    """What people, machines and timers do on both web servers all day."""
    for host in (world.web, world.portal):
        yield from (Act(at, host.name, one) for at, one in _requests(world, host.name))
        yield from (Act(at, host.name, one) for at, one in _timers(world, host.name))
    yield from (Act(at, world.web.name, one) for at, one in _administration(world))


def _requests(world: World, host: str) -> Iterator[tuple[Instant, Request]]:
    rng = stream(world.seed, f"{host} requests")
    for moment in moments(rng, CITIZENS, _VISITS):
        yield from _visit(world, rng, moment)
    for moment in range(MIDNIGHT + 7 * SECOND, MIDNIGHT + DAY, 10 * MINUTE):
        yield moment, Request(world.jump, "/", MONITOR, "HEAD", 200, 0)


def _visit(world: World, rng: random.Random, moment: Instant) -> Iterator[tuple[Instant, Request]]:
    address, agent = _address(world, rng), rng.choice(AGENTS)
    if rng.random() < 0.12:
        yield moment, Request("198.51.100.66", rng.choice(ARTICLES), CRAWLER, size=12_204)
        return
    page = rng.choice(ARTICLES)
    yield moment, _read(rng, address, agent, page)
    for asset in rng.sample(_ASSETS, rng.randint(1, 3)):
        moment += rng.randint(40, 900) * 1000
        yield moment, _read(rng, address, agent, asset, page)
    if rng.random() < 0.5:
        yield moment + rng.randint(4, 50) * SECOND, _document(world, rng, address, agent)
    if rng.random() < 0.09:
        yield from _question(world, rng, address, agent, moment + 30 * SECOND)


def _read(rng: random.Random, address: str, agent: str, target: str, referrer: str = "") -> Request:
    known = rng.random() < 0.25
    came = f"https://www.{DOMAIN}{referrer}" if referrer else "-"
    size = 0 if known else rng.randint(900, 64_000)
    return Request(address, target, agent, "GET", 304 if known else 200, size, came)


def _document(world: World, rng: random.Random, address: str, agent: str) -> Request:
    name = rng.choice(DOCUMENTS)
    # Files named on a Mac are decomposed (NFD); most are composed.
    form: Literal["NFC", "NFD"] = "NFD" if rng.random() < 0.3 else "NFC"
    folder = rng.choice((world.backdoor.section.folder, "/uploads/van-ban", "/uploads/2026/11"))
    target = path(f"{folder}/{unicodedata.normalize(form, name)}")
    return Request(address, target, agent, size=rng.randint(40_000, 2_400_000))


def _question(
    world: World, rng: random.Random, address: str, agent: str, moment: Instant
) -> Iterator[tuple[Instant, Request]]:
    section = world.backdoor.section
    came = f"https://www.{DOMAIN}{section.form}"
    yield moment, Request(address, section.form, agent, size=9_377)
    moment += rng.randint(30, 240) * SECOND
    yield moment, Request(address, section.form, agent, "POST", 302, 5, came)
    yield moment + SECOND, Request(address, section.path, agent, size=18_204, referrer=came)


def _address(world: World, rng: random.Random) -> str:
    while True:
        network = rng.choice(("198.51.100", "203.0.113"))
        address = f"{network}.{rng.randint(2, 250)}"
        if address not in (world.backdoor.attacker, "198.51.100.66"):
            return address


def _timers(world: World, host: str) -> Iterator[tuple[Instant, Execution]]:
    """PHP's own cron and root's upkeep, every hour."""
    rng = stream(world.seed, f"{host} executions")
    number = rng.randint(3_000, 9_000)
    for moment in range(MIDNIGHT + 5 * MINUTE + SECOND, MIDNIGHT + DAY, HOUR):
        number += rng.randint(3, 40)
        at = moment + rng.randint(20, 900) * 1000
        yield at, _site_timer(number)
        yield from _upkeep(at + 400_000, number + 1)


def _site_timer(number: int) -> Execution:
    folder = "/var/www/site"
    words = ("/usr/bin/php8.2", f"{folder}/bin/console", "messages:send", "--limit=50")
    return Execution("/usr/bin/php8.2", words, "www-data", number, 1, folder)


def _upkeep(moment: Instant, number: int) -> Iterator[tuple[Instant, Execution]]:
    command = "test -x /usr/sbin/sysstat && /usr/lib/sysstat/debian-sa1 1 1"
    words: tuple[str, ...] = ("/bin/sh", "-c", command)
    yield moment, Execution("/usr/bin/dash", words, "root", number, number - 1, "/root")
    words = ("/usr/lib/sysstat/sadc", "-F", "-L", "1", "1", "/var/log/sysstat")
    yield moment + 9_000, Execution("/usr/lib/sysstat/sadc", words, "root", number + 1, number)


def _administration(world: World) -> Iterator[tuple[Instant, Execution]]:
    """An administrator looks after the web server by day."""
    at = instant(clock(14, 24, 11))
    number = stream(world.seed, "administration").randint(21_000, 29_000)
    folder = "/home/quantri"
    steps = (
        ("/usr/bin/systemctl", ("systemctl", "status", "nginx"), "systemctl status nginx"),
        ("/usr/bin/tail", ("tail", "-n", "50", "/var/log/nginx/error.log"), "tail error.log"),
        ("/usr/bin/cp", ("cp", "Thông báo.pdf", "/srv/nhap"), "cp thông báo.pdf /srv/nhap"),
    )
    for count, (image, words, sudo) in enumerate(steps):
        one = Execution(image, words, "root", number + count, number, folder, "quantri", sudo)
        yield at + count * 47 * SECOND, one
