"""The calendar as the rest of the product sees it: loaded once, then only asked.

All answers are functions of an event and the calendar: the order in which events come, the store
and the clock have no part. `digest` names the content, so that an edited calendar is visible.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from haidang.errors import InputError, Problem
from haidang.model.detection import Card
from haidang.model.event import Document, Event
from haidang.model.fields import CALENDAR_DAY, CALENDAR_HOURS, CALENDAR_WINDOWS
from haidang.model.ids import make_id
from haidang.model.instant import DAY, Instant
from haidang.store.calendar.reading import Found, read_entries
from haidang.store.calendar.records import Days, Exclusion, Hours, Place, Window, local
from haidang.store.calendar.times import moment
from haidang.store.inventory import Inventory
from haidang.store.inventory.records import Span
from haidang.yamldoc import Checker, YamlDocument, read_file

HOLIDAYS = Path(__file__).with_name("holidays.yml")
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """Hours, days, windows and exclusions of a site, the national days behind its own."""

    hours: tuple[Hours, ...]
    days: tuple[Days, ...]
    windows: tuple[Window, ...]
    exclusions: tuple[Exclusion, ...]
    digest: str

    @classmethod
    def empty(cls) -> "Calendar":
        """A site that registered nothing: the national days alone."""
        return cls._of(Found(), national=True, content="")

    @classmethod
    def load(cls, path: Path, inventory: Inventory) -> "Calendar":
        """Read `calendar.yml`. Raises InputError with every problem of the file."""
        documents = read_file(path)
        if len(documents) > 1:
            what = f"must hold one YAML document, not {len(documents)}"
            raise InputError([Problem(str(path), 0, "", what)])
        document = documents[0] if documents else YamlDocument(str(path), {}, {})
        checker = Checker(document)
        found = read_entries(checker, inventory.records)
        national = checker.take(("national_holidays",), bool, default=True)
        checker.raise_if_any()
        return cls._of(found, national=national, content=_content(document, found))

    @classmethod
    def _of(cls, found: Found, *, national: bool, content: str) -> "Calendar":
        days = found.days + (national_days() if national else ())
        digest = make_id(content, HOLIDAYS.read_text("utf-8") if national else "")
        return cls(found.hours, days, found.windows, found.exclusions, digest)

    def day(self, at: Instant, unit: str) -> str:
        """`working`, `weekend`, `holiday` or `swapped` (worked in exchange for another day)."""
        for one in self.days:
            if one.span.holds(at) and (not one.units or unit in one.units):
                return one.kind
        weekday = local(at)[1]
        hours = self._hours(at, unit)
        if hours:
            return "working" if any(weekday in one.days for one in hours) else "weekend"
        return "weekend" if weekday >= _SATURDAY else "working"

    def time_of_day(self, at: Instant, unit: str) -> str:
        """`working`, `lunch` or `outside`; "" where no hours of the unit are registered."""
        hours = self._hours(at, unit)
        if not hours:
            return ""
        day, (_, weekday, minute) = self.day(at, unit), local(at)
        if day == "swapped":
            return hours[0].word(minute)
        words = {one.word(minute) for one in hours if weekday in one.days}
        if day != "working":
            return "outside"
        return next(word for word in ("working", "lunch", "outside") if word in words)

    def _hours(self, at: Instant, unit: str) -> list[Hours]:
        """The unit's own hours, else those of everybody."""
        holding = [one for one in self.hours if one.span.holds(at)]
        own = [one for one in holding if unit in one.units]
        return own or [one for one in holding if not one.units]

    def open_windows(self, place: Place) -> tuple[Window, ...]:
        """The windows that an event lies in."""
        return tuple(one for one in self.windows if one.covers(place))

    def computed(self, event: Event, document: Document, path: str) -> list[Any]:
        """The values of a field of the calendar, a list of different ones; [] where unknown.

        Days and hours are those of the affected units, of the operator where there are none.
        """
        if path == CALENDAR_WINDOWS:
            found = self.open_windows(Place.of(event, document))
            return list(dict.fromkeys(one.kind for one in found))
        ask = {CALENDAR_DAY: self.day, CALENDAR_HOURS: self.time_of_day}[path]
        units = event.affected or (event.operator,)
        return [word for word in dict.fromkeys(ask(event.time, unit) for unit in units) if word]

    def exclusion(self, card: Card, category: str, event: Event, document: Document) -> str:
        """The id of the first exclusion that covers a rule's match on an event, "" if none."""
        for one in self.exclusions:
            if one.names(card, category) and one.covers(Place.of(event, document)):
                return one.id
        return ""


@cache
def national_days() -> tuple[Days, ...]:
    """Public holidays and exchanged days, from holidays.yml (its sources and what is announced)."""
    (document,) = read_file(HOLIDAYS)
    checker = Checker(document)
    found = []
    for index, item in enumerate(checker.take(("days",), list, ...)):
        path = ("days", index)
        start = moment(checker, (*path, "from"), ..., whole=0) or 0
        end = moment(checker, (*path, "until"), None, whole=DAY) or start + DAY
        reason = f"{item['name']} ({item['basis']})"
        by = document.value["source"]
        found.append(Days(f"VN-{item['from']}", reason, by, Span(start, end), kind=item["kind"]))
    checker.raise_if_any()
    return tuple(found)


def _content(document: YamlDocument, found: Found) -> str:
    """What is written, and which machines that means by the inventory."""
    places = [(one.id, one.where.hosts) for one in found.windows]
    places += [(one.id, one.where.hosts) for one in found.exclusions]
    machines = [
        (
            id_,
            sorted((key, [(one.start, one.end) for one in spans]) for key, spans in hosts.items()),
        )
        for id_, hosts in places
    ]
    return json.dumps([document.value, machines], sort_keys=True, default=str)
