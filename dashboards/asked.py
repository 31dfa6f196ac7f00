"""What the address of the queue asks for: filters, order, place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts.queue import ORDERS, Order, Wanted
from haidang.model.detection import LEVELS
from haidang.model.instant import VIETNAM, Instant, from_datetime

_MOST_CHARS = 200
_TIMES = ("%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y-%m-%dT%H:%M", "%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as `alerts.queue` takes them, the order, and the place of the page."""

    wanted: Wanted
    order: Order
    after: str


def asked(parameters: Mapping[str, str]) -> Asked:
    """Read the parameters `level` (joined by commas), `unit`, `rule`, `attack`, `q`, `from`, `to`.

    Times are local (UTC+7), 18/11/2026 08:00 or 2026-11-18T08:00, or a day; `to` is the first
    moment that is outside. What cannot be read is left out, so an old bookmark leads to a page.
    """
    said = {name: value.strip()[:_MOST_CHARS] for name, value in parameters.items()}
    levels = frozenset(said.get("level", "").split(",")) & frozenset(LEVELS)
    wanted = Wanted(
        levels=levels,
        unit=said.get("unit", ""),
        rule=said.get("rule", ""),
        attack=said.get("attack", ""),
        text=said.get("q", ""),
        since=_instant(said.get("from", "")),
        until=_instant(said.get("to", "")),
    )
    order = next((one for one in ORDERS if one == said.get("order")), ORDERS[0])
    return Asked(wanted, order, said.get("after", ""))


def _instant(text: str) -> Instant | None:
    for pattern in _TIMES:
        try:
            return from_datetime(datetime.strptime(text, pattern).replace(tzinfo=VIETNAM))
        except ValueError:
            continue
    return None
