"""From `calendar.yml` to entries; each problem is noted with its line, and the entry left out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeVar, get_args

from haidang.model.fold import fold
from haidang.model.instant import DAY
from haidang.store.calendar.places import Places
from haidang.store.calendar.records import (
    DayKind,
    Days,
    Exclusion,
    Hours,
    Kind,
    Weekly,
    Where,
    Window,
)
from haidang.store.calendar.times import WEEKDAYS, minute, moment
from haidang.store.inventory.records import ALWAYS, Records, Span
from haidang.yamldoc import Checker, YamlPath

T = TypeVar("T")

SECTIONS = ("hours", "days", "windows", "exclusions")
LONGEST = 366 * DAY  # an exclusion is looked at again every year
_ENTRY = ("id", "reason", "by", "from", "until")
_WHERE = ("units", "systems", "hosts", "addresses", "zone")
_WHAT = ("rules", "tags", "categories")
_MACHINES = ("units", "systems", "hosts")


class Found(NamedTuple):
    """Every entry that could be read."""

    hours: tuple[Hours, ...] = ()
    days: tuple[Days, ...] = ()
    windows: tuple[Window, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()


def read_entries(checker: Checker, records: Records) -> Found:
    """Every entry; what cannot be read is a problem in `checker`."""
    document = checker.document.value
    if not isinstance(document, dict):
        checker.add((), f"must be a mapping with {', '.join(SECTIONS)}")
        return Found()
    checker.unknown_keys((), document, ("national_holidays", *SECTIONS))
    reader = _Reader(checker, Places(checker, records))
    hours, days = reader.all("hours", _hours), reader.all("days", _days)
    windows = reader.all("windows", _window)
    reader.windows.update((one.id, one) for one in windows)
    return Found(hours, days, windows, reader.all("exclusions", _exclusion))


@dataclass(slots=True)
class _Row:
    """One mapping of a list, read key by key."""

    reader: "_Reader"
    path: YamlPath

    @property
    def checker(self) -> Checker:
        return self.reader.checker

    def add(self, key: str, what: str) -> None:
        self.checker.add((*self.path, key), what)

    def known(self, *keys: str) -> None:
        given = self.checker.take(self.path, dict, {})
        self.checker.unknown_keys(self.path, given, (*_ENTRY, *keys))

    def has(self, *keys: str) -> bool:
        given = self.checker.take(self.path, dict, {})
        return any(given.get(key) for key in keys)

    def text(self, key: str, default: Any = ...) -> str:
        value = self.checker.take((*self.path, key), str, default)
        if value is not None and not value.strip() and default is ...:
            self.add(key, "must not be blank")
        return (value or "").strip()

    def texts(self, key: str) -> tuple[str, ...]:
        items = self.checker.take((*self.path, key), list, [])
        inside = _Row(self.reader, (*self.path, key))
        return tuple(inside.text(index) for index in range(len(items)))  # type: ignore[arg-type]

    def word(self, key: str, known: tuple[str, ...]) -> Any:
        value = self.text(key)
        if value and value not in known:
            self.add(key, f"must be one of {', '.join(known)}{nearest(value, known)}")
        return value

    def base(self, *, first: Any = ..., last: Any = ...) -> tuple[str, str, str, Span]:
        """Id, reason, who registered it, and the span; `...` makes its ends required."""
        identity = self.text("id")
        before = self.reader.ids.setdefault(identity, self.path)
        if identity and before != self.path:
            line = self.checker.document.line(before)
            self.add("id", f"{identity} is there twice; first in line {line}")
        return identity, self.text("reason"), self.text("by"), self._span(first, last)

    def _span(self, first: Any, last: Any) -> Span:
        start = moment(self.checker, (*self.path, "from"), first, whole=0)
        end = moment(self.checker, (*self.path, "until"), last, whole=DAY)
        span = Span(ALWAYS.start if start is None else start, ALWAYS.end if end is None else end)
        if span.end <= span.start:
            self.add("until", "is not after from")
        return span

    def units(self) -> tuple[str, ...]:
        return self.reader.places.units((*self.path, "units"), self.texts("units"))

    def where(self) -> Where:
        """What the entry is about; a place that cannot be read is a problem."""
        given = {key: self.texts(key) for key in _WHERE if key != "zone"}
        return self.reader.places.where(self.path, given, self.text("zone", ""))

    def weekdays(self, key: str) -> frozenset[int]:
        before = len(self.checker.problems)
        names = self.texts(key)
        if not names and len(self.checker.problems) == before:
            self.add(key, "must name at least one day such as mon")
        for index, name in enumerate(names):
            if name not in WEEKDAYS:
                place = (*self.path, key, index)
                self.checker.add(place, f"must be one of {', '.join(WEEKDAYS)}")
        return frozenset(WEEKDAYS.index(name) for name in names if name in WEEKDAYS)

    def minute(self, key: str | int) -> int:
        return minute(self.checker, (*self.path, key))


@dataclass(slots=True)
class _Reader:
    checker: Checker
    places: Places
    ids: dict[str, YamlPath] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)

    def all(self, name: str, read: Callable[[_Row], T]) -> tuple[T, ...]:
        """Every entry of a section that can be read."""
        return tuple(self._each(name, read))

    def _each(self, name: str, read: Callable[[_Row], T]) -> Iterator[T]:
        if self.checker.document.value.get(name) is None:
            return  # a key without a value is an empty list to the person who wrote it
        for index, item in enumerate(self.checker.take((name,), list, [])):
            before = len(self.checker.problems)
            if not isinstance(item, dict):
                self.checker.add((name, index), "must be a mapping")
                continue
            found = read(_Row(self, (name, index)))
            if len(self.checker.problems) == before:
                yield found


def _hours(row: _Row) -> Hours:
    row.known("days", "start", "end", "lunch", "units")
    start, end = row.minute("start"), row.minute("end")
    if end <= start:
        row.add("end", "is not after start")
    return Hours(
        *row.base(first=None, last=None),
        days=row.weekdays("days"),
        start=start,
        end=end,
        lunch=_lunch(row, start, end),
        units=row.units(),
    )


def _lunch(row: _Row, start: int, end: int) -> tuple[int, int]:
    if not row.has("lunch"):
        return (0, 0)
    inside = _Row(row.reader, (*row.path, "lunch"))
    if len(row.checker.take(inside.path, list, [])) != 2:
        row.add("lunch", 'must be two times such as ["11:30", "13:30"]')
        return (0, 0)
    first, last = inside.minute(0), inside.minute(1)
    if not start <= first < last <= end:
        row.add("lunch", "must lie inside start and end, its end after its beginning")
    return first, last


def _days(row: _Row) -> Days:
    row.known("kind", "units")
    kind = row.word("kind", get_args(DayKind))
    last = ... if row.has("until") else None
    identity, reason, by, span = row.base(last=last)
    if span.end == ALWAYS.end:
        span = Span(span.start, span.start + DAY)
    if span.start != ALWAYS.start and any(
        (one - _MIDNIGHT) % DAY for one in (span.start, span.end)
    ):
        row.add("from", "and until must be days such as 2026-11-20")
    return Days(identity, reason, by, span, kind=kind, units=row.units())


_MIDNIGHT = -7 * DAY // 24


def _window(row: _Row) -> Window:
    row.known("kind", "weekly", *_WHERE)
    kind = row.word("kind", get_args(Kind))
    if kind == "planned_scan":
        if not row.has("addresses"):
            row.add("addresses", "is missing: the addresses that scan")
    elif not row.has(*_MACHINES):
        row.add("hosts", f"is missing: a {kind} names hosts, systems or units")
    return Window(
        *row.base(),
        kind=kind,
        where=row.where(),
        weekly=_weekly(row) if row.has("weekly") else None,
    )


def _weekly(row: _Row) -> Weekly | None:
    inside = _Row(row.reader, (*row.path, "weekly"))
    given = row.checker.take(inside.path, dict, {})
    row.checker.unknown_keys(inside.path, given, ("days", "start", "end"))
    weekly = Weekly(inside.weekdays("days"), inside.minute("start"), inside.minute("end"))
    if weekly.start == weekly.end:
        inside.add("end", "is the same as start")
    return weekly


def _exclusion(row: _Row) -> Exclusion:
    row.known(*_WHAT, "window", "users", *_WHERE)
    if not row.has(*_WHAT):
        row.add("rules", f"is missing: an exclusion names {', '.join(_WHAT)}")
    if not row.has("units", "systems", "hosts", "addresses", "users"):
        row.add("addresses", "is missing: name addresses, hosts, systems, units or users")
    base = row.base()
    if ALWAYS.end > base[-1].end > base[-1].start + LONGEST:
        row.add("until", "is more than a year after from; register it again when it has ended")
    return Exclusion(
        *base,
        rules=frozenset(row.texts("rules")),
        tags=frozenset(row.texts("tags")),
        categories=frozenset(map(fold, row.texts("categories"))),
        where=row.where(),
        users=frozenset(map(fold, row.texts("users"))),
        window=_window_named(row),
    )


def _window_named(row: _Row) -> Window | None:
    if not (name := row.text("window", "")):
        return None
    written = row.checker.document.value.get("windows") or ()
    known = [str(one.get("id")) for one in written if isinstance(one, dict)]
    if name not in known:
        row.add("window", f"no window has the id {name}{nearest(name, known)}")
    return row.reader.windows.get(name)


def nearest(name: str, known: Any) -> str:
    """`; did you mean …?` with the known name that is nearest, if one is near."""
    near = get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else ""
