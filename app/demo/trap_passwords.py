"""A trap: after lunch a clerk types a wrong password four times, then the right one."""

from collections.abc import Iterator

from app.demo.clock import clock, instant, stream
from app.demo.logs import Act
from app.demo.windows import Logon, logged_on, refused
from app.demo.world import World
from haidang.model.instant import SECOND

_WRONG = 4


def acts(world: World) -> Iterator[Act]:
    """Unlocking (logon type 7) at the clerk's own computer."""
    rng = stream(world.seed, "forgotten password")
    host = world.offices[0].name
    at = instant(clock(13, rng.randint(31, 44), rng.randint(0, 59)))
    process = "C:\\Windows\\System32\\lsass.exe"
    one = Logon(
        f"vanthu.{world.owner}",
        7,
        hex(rng.randrange(0x100000, 0xFFFFFF)),
        "127.0.0.1",
        host,
        process,
    )
    for _ in range(_WRONG):
        yield Act(at, host, refused(at, host, one))
        at += rng.randint(9, 31) * SECOND
    yield Act(at, host, logged_on(at, host, one))
