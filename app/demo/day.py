"""The simulated day: which log file holds which bytes at which instant.

All of Wednesday 18/11/2026 (UTC+7). Files only grow, and everything follows from the world.

To add lines, write a module with `acts(world) -> Iterable[Act]` (see `app.demo.logs`) and name it
in `PARTS`: an act says when, on which host, and what (a `Request`, an `Execution`, a
`WindowsEvent`, a `Question`, a `Lease`, a `Signature`, a `Message`); order does not matter. Chance
comes from `app.demo.clock.stream(world.seed, "<name of its own>")`, so parts do not disturb each
other. A log of a host that had none also needs its line in `app.demo.configuration.sources`.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final

from app.demo import (
    attack_backdoor,
    attack_beat,
    attack_gambling,
    attack_ransom,
    life_commune,
    life_signing,
    life_web,
    life_windows,
    trap_news,
    trap_passwords,
    trap_scan,
    trap_signature,
    trap_support,
)
from app.demo.clock import WHOLE_DAY, Span, within
from app.demo.logs import Act, Line, lines_of
from app.demo.world import World
from haidang.model.instant import Instant

PARTS: Final[tuple[Callable[[World], Iterable[Act]], ...]] = (
    life_web.acts,
    life_windows.acts,
    life_commune.acts,
    life_signing.acts,
    attack_backdoor.acts,
    attack_gambling.acts,
    attack_beat.acts,
    attack_ransom.acts,
    trap_news.acts,
    trap_passwords.acts,
    trap_scan.acts,
    trap_signature.acts,
    trap_support.acts,
)


def files_until(
    world: World, until: Instant, spans: tuple[Span, ...] = WHOLE_DAY
) -> dict[str, bytes]:
    """Each log file's path (relative, with `/`) and its whole content at that instant.

    A day of some `spans` only has no lines but theirs.
    """
    return {
        path: b"".join(line for moment, line in lines if moment <= until)
        for path, lines in logs(world, spans).items()
    }


@lru_cache(maxsize=8)
def logs(world: World, spans: tuple[Span, ...] = WHOLE_DAY) -> Mapping[str, list[Line]]:
    """All lines of the day, or of some spans of it, by log and in order of time."""
    acts = (act for part in PARTS for act in part(world) if within(act.moment, WHOLE_DAY))
    return {
        path: [line for line in lines if within(line[0], spans)]
        for path, lines in lines_of(world.seed, acts).items()
    }
