"""The queue: what needs a person, the most urgent first; and what came since the page was read."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Request, Response

from alerts.names import LANGUAGES, unit_names
from alerts.queue import Group, read_page
from dashboards.asked import Asked, asked
from dashboards.page import respond
from dashboards.reader import Asking, Reader, console_of
from haidang.store.inventory import Inventory
from haidang.store.inventory.records import System, Unit

router = APIRouter()
ROWS = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A group with the names of its units and of its system, "" where the inventory has none."""

    group: Group
    units: Mapping[str, str]
    system: str


@dataclass(frozen=True, slots=True)
class QueueModel:
    """A page of the queue.

    `levels` counts what the filter leaves by level; `after` is the place of the next page;
    `position` is where news begins; `units` are those that the reader can choose from.
    """

    lines: tuple[Line, ...]
    levels: Mapping[str, int]
    after: str
    position: int
    asked: Asked
    units: Mapping[str, str]

    @property
    def total(self) -> int:
        """How many groups the filter leaves, of the levels that are asked for."""
        chosen = self.asked.wanted.levels or self.levels
        return sum(count for level, count in self.levels.items() if level in chosen)


@router.get("/")
def queue(request: Request, asking: Asking) -> Response:
    """The page, or the same as JSON. Raises HTTPException for a place that is none."""
    console = console_of(request)
    given = asked(request.query_params)
    try:
        page = read_page(
            console.database, asking.scope, given.wanted, given.order, given.after, ROWS
        )
    except ValueError as error:
        raise HTTPException(400) from error
    lines = tuple(_line(group, console.inventory) for group in page.groups)
    units = _units(console.inventory, asking)
    model = QueueModel(lines, page.levels, page.after, page.position, given, units)
    return respond(request, asking, "queue.html", model)


def _line(group: Group, inventory: Inventory) -> Line:
    names = {
        language: unit_names(inventory, group.affected, group.operators, language)
        for language in LANGUAGES
    }
    system = system_of(inventory, group)
    return Line(group, names, system.name if system else "")


def system_of(inventory: Inventory, group: Group) -> System | None:
    """The system that the group's machine belonged to at its last event."""
    for value in group.entity.values():
        host = inventory.host(group.zone, value, group.last)
        if host is not None:
            return inventory.index.system(host, group.last)
    return None


def _units(inventory: Inventory, asking: Reader) -> dict[str, str]:
    own = asking.scope.units
    visible: list[Unit] = [
        unit for unit in inventory.records.units if own is None or unit.id in own
    ]
    return {unit.id: unit.name for unit in visible} if len(visible) > 1 else {}
