"""A trap: the Chairman signs a document late in the evening, as leaders do."""

from collections.abc import Iterator

from app.demo.clock import clock, instant, stream
from app.demo.logs import Act
from app.demo.signing import Signature
from app.demo.world import World


def acts(world: World) -> Iterator[Act]:
    """One signature, at 21:40 in seed 1."""
    rng = stream(world.seed, "evening signature")
    at = clock(21, 40, 12) if world.seed == 1 else clock(rng.randint(20, 22), rng.randint(5, 55))
    one = Signature(
        "chutich.vpub",
        f"{world.network.removesuffix('.0.0/16')}.3.21",
        "540100d41c9be3",
        rng.randbytes(32).hex(),
        rng.randint(2, 9),
    )
    yield Act(instant(at), world.documents.name, one)
