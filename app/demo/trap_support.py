"""A trap: the accounting program's vendor helps from afar, as agreed, at the agreed time."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.demo.clock import clock, instant, stream
from app.demo.logs import Act
from app.demo.windows import Started, WindowsEvent, connected, started
from app.demo.world import World
from haidang.model.instant import HOUR, MINUTE, SECOND, Instant

_FOLDER = "C:\\Program Files (x86)\\UltraViewer\\"


@dataclass(frozen=True, slots=True)
class Support:
    """A vendor's fixed address may reach the host from `start` until `end`."""

    host: str
    address: str
    user: str
    start: Instant
    end: Instant


def remote_support(world: World) -> Support:
    """The agreed hour of this world: 15:00-16:00 in seed 1."""
    rng = stream(world.seed, "remote support")
    start = instant(clock(15, 0) if world.seed == 1 else clock(15, 5 * rng.randint(1, 9)))
    address = f"198.51.100.{rng.randint(10, 19)}"
    host = world.offices[1].name
    return Support(host, address, f"ketoan.{world.owner}", start, start + HOUR)


def acts(world: World) -> Iterator[Act]:
    """The clerk starts UltraViewer, the vendor connects, later its parts end."""
    agreed = remote_support(world)
    return (Act(one.moment, agreed.host, one) for one in _events(world, agreed))


def _events(world: World, agreed: Support) -> Iterator[WindowsEvent]:
    rng = stream(world.seed, "remote support events")
    at = agreed.start + rng.randint(3 * 60, 9 * 60) * SECOND
    session = hex(rng.randrange(0x100000, 0xFFFFFF))
    image = f"{_FOLDER}UltraViewer_Desktop.exe"
    yield started(at, Started(agreed.user, session, image, f'"{image}"', number=0x2B10))
    service = f"{_FOLDER}UltraViewer_Service.exe"
    child = Started(agreed.user, session, service, f'"{service}" /hide', image, 0x2B44)
    yield started(at + 2 * SECOND, child)
    here = world.offices[1].address
    for number in range(rng.randint(2, 4)):
        moment = at + (40 + number * 300) * SECOND
        yield connected(moment, image, (agreed.address, 23_456 + number), (here, 49_812))
    yield started(
        at + 12 * MINUTE,
        Started(
            agreed.user,
            session,
            "C:\\KeToanHCSN\\CapNhat.exe",
            '"C:\\KeToanHCSN\\CapNhat.exe"',
            image,
        ),
    )
