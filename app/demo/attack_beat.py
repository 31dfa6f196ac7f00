"""C1: the commune's infected computer calls home by the clock, from when it was switched on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.demo.clock import stream
from app.demo.logs import Act
from app.demo.world import World
from app.demo.zeek import Question
from haidang.model.instant import MINUTE, SECOND, Instant

_NAMES: Final = (
    "dong-bo-tep.example",
    "anh-bia.example",
    "kho-mau-don.example",
    "tin-nhanh.example",
)
_JITTER: Instant = 2 * SECOND


@dataclass(frozen=True, slots=True)
class Beat:
    """The name that is called, and when."""

    name: str
    calls: tuple[Instant, ...]


def beat(world: World) -> Beat:
    """What befalls this world's commune."""
    rng = stream(world.seed, "beat")
    first = world.seed == 1
    name = "cdn-capnhat.example" if first else rng.choice(_NAMES)
    step = (5 if first else rng.randint(3, 5)) * MINUTE
    count = 36 if first else rng.randint(18, 40)
    start = world.village.desks[world.infected].on + 11 * SECOND
    # Jitter is added to the plan, not to the last call: the beat does not drift.
    calls = tuple(start + step * number + rng.randrange(_JITTER) for number in range(count))
    return Beat(name, calls)


def acts(world: World) -> Iterator[Act]:
    """The sensor sees each question."""
    one, commune = beat(world), world.village
    desk = commune.desks[world.infected]
    for at in one.calls:
        question = Question(desk.address, commune.router.address, one.name, "203.0.113.186")
        yield Act(at, commune.sensor.name, question)
