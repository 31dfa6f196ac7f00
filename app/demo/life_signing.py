"""Ordinary life of the document system: leaders and clerks sign by day."""

from collections.abc import Iterator

from app.demo.clock import MIDNIGHT, stream
from app.demo.logs import Act
from app.demo.rhythm import CLERKS, moments
from app.demo.signing import Check, Signature
from app.demo.world import World
from haidang.model.instant import DAY, MINUTE, SECOND

_SIGNED = 0.35  # in a half-hour of weight 1
_SIGNERS = ("lanhdao", "vanthu", "chanhvanphong")


def acts(world: World) -> Iterator[Act]:
    """Documents signed in working hours; the service checks itself all day."""
    rng = stream(world.seed, "signing")
    for moment in range(MIDNIGHT + 6 * MINUTE, MIDNIGHT + DAY, 10 * MINUTE):
        yield Act(moment + rng.randrange(SECOND), world.documents.name, Check(12))
    for moment in moments(rng, CLERKS, _SIGNED):
        signer = rng.randrange(len(_SIGNERS))
        one = Signature(
            f"{_SIGNERS[signer]}.{world.units[1].id}",
            f"{world.network.removesuffix('.0.0/16')}.3.{30 + signer}",
            f"5401{signer:02}8f0e77a1b2",
            rng.randbytes(32).hex(),
            rng.randint(1, 14),
        )
        yield Act(moment, world.documents.name, one)
