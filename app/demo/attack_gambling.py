"""A2: gambling pages planted in the upload folder that A1 opened, crawled and visited by night."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.demo.clock import clock, instant, stream
from app.demo.lines import Request, path
from app.demo.logs import Act
from app.demo.names import AGENTS, CRAWLER
from app.demo.world import World
from haidang.model.instant import MINUTE, SECOND, Instant

_TITLES: Final = (
    "tai-xiu-online",
    "tài xỉu uy tín",
    "nha-cai-so-1",
    "nhà cái tặng thưởng",
    "game-tai-xiu-doi-thuong",
    "top-nha-cai",
)


@dataclass(frozen=True, slots=True)
class Planting:
    """The pages' targets, each asked for by a crawler, evenly from `start` until `end`."""

    host: str
    targets: tuple[str, ...]
    start: Instant
    end: Instant


def planting(world: World) -> Planting:
    """What befalls this world's web server."""
    rng = stream(world.seed, "gambling pages")
    first = world.seed == 1
    count = 212 if first else rng.randint(60, 320)
    start = instant(clock(4, 30) if first else clock(4, rng.randint(20, 40), rng.randint(0, 59)))
    length = (40 if first else rng.randint(25, 55)) * MINUTE
    folder = world.backdoor.section.folder
    targets = []
    for number in range(count):
        title = rng.choice(_TITLES)
        if rng.random() < 0.3:
            title = unicodedata.normalize("NFD", title)
        targets.append(path(f"{folder}/{title}-{1000 + 7 * number}.html"))
    return Planting(world.backdoor.host, tuple(targets), start, start + length)


def acts(world: World) -> Iterator[Act]:
    """The crawler gets each page; now and then a visitor follows its find and is sent on."""
    rng = stream(world.seed, "gambling visits")
    one = planting(world)
    pace = (one.end - one.start) / (len(one.targets) - 1)
    for number, target in enumerate(one.targets):
        at = one.start + round(pace * number)
        crawled = Request("198.51.100.66", target, CRAWLER, size=rng.randint(18_000, 44_000))
        yield Act(at, one.host, crawled)
        if number % 5 == 2:
            visitor = f"198.51.100.{rng.randint(70, 250)}"
            visit = Request(visitor, target, rng.choice(AGENTS), status=302, size=5)
            yield Act(at + 2 * SECOND, one.host, visit)
