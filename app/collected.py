"""What the collector on this machine did, read for the console while it may be running."""

from functools import lru_cache
from pathlib import Path

from app.settings import Config
from collectors import offsets, quarantine
from dashboards.collected import Collected, Expected
from haidang.errors import InputError


def read_collected(settings: Config) -> Collected:
    """What the collector on this machine did, as far as it can be read; its inputs in any case."""
    inputs = tuple(
        Expected(one.name, one.dataset, one.operator, one.zone, one.host) for one in settings.inputs
    )
    try:
        known = offsets.load(settings.data_dir / "offsets.json")
        path = settings.data_dir / "quarantine.ndjson"
        waiting = _waiting(path, known.quarantine) if known.quarantine else ()
    except FileNotFoundError:
        return Collected(inputs)
    except (InputError, OSError):
        return Collected(inputs, "unreadable")
    return Collected(inputs, "here", known.by_dataset(), known.by_source(), waiting)


@lru_cache(maxsize=1)
def _waiting(path: Path, length: int) -> tuple[quarantine.Group, ...]:
    """What waits in the quarantine; pages ask for it often, and it grows seldom."""
    marks = quarantine.retried(path, length)
    records = (one for one in quarantine.records(path, length) if one.id not in marks)
    return tuple(quarantine.groups(records))
