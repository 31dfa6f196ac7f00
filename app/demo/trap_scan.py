"""A trap: a licensed assessment of the province's portal, with the tools that attackers use."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.demo.clock import clock, instant, stream
from app.demo.lines import Request
from app.demo.logs import Act
from app.demo.world import World
from haidang.model.instant import MINUTE, SECOND, Instant

_TOOLS = (
    "Mozilla/5.00 (Nikto/2.5.0) (Evasions:None) (Test:Port Check)",
    "sqlmap/1.8.11#stable (https://sqlmap.org)",
    "Mozilla/5.0 (compatible; Nuclei - Open-source project)",
)
# What is asked for, and the answer's status and size.
_PROBES = (
    ("/admin/", 404, 548),
    ("/phpmyadmin/", 404, 548),
    ("/.git/config", 403, 153),
    ("/wp-login.php", 404, 548),
    ("/server-status", 403, 153),
    ("/cgi-bin/test-cgi", 404, 548),
    ("/backup.sql", 404, 548),
    ("/tim-kiem?q=1%27%20OR%20%271%27=%271", 500, 2_114),
    ("/tim-kiem?q=1%20UNION%20ALL%20SELECT%20NULL,NULL--", 500, 2_114),
    ("/tai-ve?tep=../../../../etc/passwd", 400, 166),
    # The page says in words that there is no such file.
    ("/trang?ten=../../../../etc/passwd", 200, 6_203),
)


@dataclass(frozen=True, slots=True)
class Scan:
    """Who scans which host, from `start` until `end`."""

    host: str
    address: str
    start: Instant
    end: Instant


def licensed_scan(world: World) -> Scan:
    """The assessment of this world: 09:00-09:20 in seed 1."""
    rng = stream(world.seed, "licensed scan")
    start = clock(9, 0) if world.seed == 1 else clock(9, 5 * rng.randint(1, 8))
    address = f"{world.network.removesuffix('.0.0/16')}.1.{60 + rng.randrange(9)}"
    return Scan(world.portal.name, address, instant(start), instant(start) + 20 * MINUTE)


def acts(world: World) -> Iterator[Act]:
    """The requests; the tools stop before the end of the agreed time."""
    scan = licensed_scan(world)
    rng = stream(world.seed, "licensed scan requests")
    moment = scan.start + rng.randint(20, 60) * SECOND
    while moment < scan.end - 30 * SECOND:
        target, status, size = rng.choice(_PROBES)
        yield Act(
            moment,
            scan.host,
            Request(scan.address, target, rng.choice(_TOOLS), "GET", status, size),
        )
        moment += rng.randint(2_000, 10_000) * 1000
