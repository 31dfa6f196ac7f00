"""A trap: a police news item about illegal betting, whose address holds the words of gamblers."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from app.demo.clock import clock, instant, stream
from app.demo.lines import Request, path
from app.demo.logs import Act
from app.demo.names import AGENTS, CRAWLER
from app.demo.rhythm import CITIZENS, moments
from app.demo.world import World

_SLUG: Final = "/tin-tuc/cong-an-triet-pha-duong-day-tai-xiu-qua-mang"
_TITLE: Final = "/tin-tuc/Công an triệt phá đường dây tài xỉu, nhà cái qua mạng"
_READS = 0.35  # in a half-hour of weight 1


def acts(world: World) -> Iterator[Act]:
    """Reads all day, many of them before dawn, when a crawler and night readers come."""
    rng = stream(world.seed, "news item")
    early = sorted(instant(rng.uniform(clock(3, 40), clock(5, 20))) for _ in range(48))
    forms = (_SLUG, path(_TITLE), path(unicodedata.normalize("NFD", _TITLE)))
    for moment in (*early, *moments(rng, CITIZENS, _READS)):
        crawler = rng.random() < 0.15
        address = "198.51.100.66" if crawler else f"198.51.100.{rng.randint(70, 250)}"
        agent = CRAWLER if crawler else rng.choice(AGENTS)
        target = rng.choice(forms) + rng.choice(("", "", f"?trang={rng.randint(2, 9)}"))
        one = Request(address, target, agent, size=rng.randint(14_000, 19_000))
        yield Act(moment, world.web.name, one)
