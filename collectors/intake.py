"""Intake: framed lines become events, quarantined records or named drops, each exactly one."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timezone
from functools import partial
from typing import NamedTuple

from collectors.dataset import Dataset
from collectors.envelope import FindOwnership, Origin, Place, make_event
from collectors.frame import Line
from collectors.offsets import Row
from collectors.quarantine import Quarantined
from collectors.record import Context, Dropped, Parsed
from haidang.errors import Refused
from haidang.model.event import Event
from haidang.model.ids import make_id
from haidang.model.instant import DAY, HOUR, VIETNAM, Instant


@dataclass(frozen=True, slots=True)
class Input:
    """One configured input: files that match `path` hold records of `dataset`.

    Operator, zone and host are what the configuration vouches for; `timezone` applies to times
    that name none; times over `ahead` after or `behind` before the receive time are replaced.
    """

    name: str
    path: str
    dataset: str
    operator: str = ""
    zone: str = ""
    host: str = ""
    timezone: timezone = VIETNAM
    ahead: Instant = 24 * HOUR
    behind: Instant = 400 * DAY


@dataclass(frozen=True, slots=True)
class Turn:
    """Some lines of one file, taken at one time."""

    row: Row
    origin: Origin
    received: Instant

    def quarantined(self, place: Place, reason: str, record: bytes) -> Quarantined:
        """A record of this turn for the quarantine."""
        row, origin = self.row, self.origin
        offset = row.mark.offset if place.offset is None else place.offset
        where = (origin.source, origin.dataset, row.input, origin.path, row.generation, offset)
        return Quarantined(place.id, self.received, *where, reason, record, place.truncated)


class Sent(NamedTuple):
    """An event on its way, and its masked record (None: it is derived) in case it is refused."""

    event: Event
    turn: Turn
    place: Place
    record: bytes | None
    unresolved: tuple[str, ...] = ()

    def refused(self, reason: str) -> Quarantined:
        """Count it as quarantined instead; the quarantined record."""
        counts = self.turn.row.counts
        if self.record is None:
            counts.derived -= 1
            counts.derived_quarantined += 1
            reason = f"derived event: {reason}"
        else:
            counts.indexed -= 1
            counts.quarantined += 1
            counts.unresolved -= Counter(self.unresolved)
        return self.turn.quarantined(self.place, reason, self.record or b"")


@dataclass(slots=True)
class Batch:
    """What is committed together: events for the store, records for quarantine.

    `size` is the bytes of both, `touched` that rows moved: then the batch must be committed even
    if it is empty.
    """

    received: Instant
    sent: list[Sent] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    size: int = 0
    touched: bool = False

    def refuse(self, reasons: Mapping[str, str]) -> None:
        """Quarantine the records of the events, by id, that the store refused."""
        for one in self.sent if reasons else ():
            if (reason := reasons.get(one.event.id)) is not None:
                self.quarantined.append(one.refused(f"event store: {reason}"))


class Intake:
    """Takes the records of one input; ids in `doubtful` are in the store already."""

    def __init__(
        self, settings: Input, dataset: Dataset, mask_key: bytes, find: FindOwnership
    ) -> None:
        self._input, self._dataset, self._key, self._find = settings, dataset, mask_key, find

    def take(self, row: Row, lines: list[Line], batch: Batch, doubtful: set[str]) -> None:
        """Every line ends in the batch or in the row's counts of drops."""
        batch.touched = True
        records = self._records(row, batch, doubtful)
        for offset, content, truncated in lines:
            row.counts.read += 1
            batch.size += len(content)
            if content:
                place = Place(make_id(row.source, row.generation, offset), offset, truncated)
                records.take(place, content)
            else:
                row.counts.dropped["blank-line"] += 1

    def flush(self, row: Row, batch: Batch, doubtful: set[str]) -> str:
        """Take what the dataset still holds back for a quiet file; a warning or ""."""
        batch.touched = True
        try:
            derived = self._dataset.flush(self._context(batch.received), row.state)
        except Exception as error:  # noqa: BLE001 - a faulty dataset must not stop its source
            row.state = {}
            return f"{row.path}: unfinished joins were lost: {_fault(error)}"
        self._records(row, batch, doubtful).take_derived(derived)
        return ""

    def _records(self, row: Row, batch: Batch, doubtful: set[str]) -> "_Records":
        one = self._input
        path = row.origin.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        bounds = (one.ahead, one.behind)
        origin = Origin(row.source, row.dataset, path, one.host, one.operator, one.zone, *bounds)
        make = partial(make_event, origin=origin, received=batch.received, find=self._find)
        return _Records(self, Turn(row, origin, batch.received), batch, doubtful, make)

    def _context(self, received: Instant) -> Context:
        return Context(self._input.host, self._input.timezone, received)

    def parse(
        self, content: bytes, row: Row, received: Instant
    ) -> tuple[bytes, list[Parsed], Exception | None]:
        """The masked record (empty if masking failed), its events, or why there are none."""
        masked = b""
        try:
            masked = self._dataset.mask(content, self._key)
            parsed = self._dataset.parse(masked, self._context(received), row.state)
        except Exception as error:  # noqa: BLE001 - one poisonous record must not stop its source
            return masked, [], error
        return masked, parsed, None if parsed else Refused("the dataset gave no event")


@dataclass(frozen=True, slots=True)
class _Records:
    """The records of one turn of one file on their way into a batch."""

    intake: Intake
    turn: Turn
    batch: Batch
    doubtful: set[str]
    make: Callable[..., tuple[Event, tuple[str, ...]]]

    def take(self, place: Place, content: bytes) -> None:
        """One record and what is derived from it."""
        row = self.turn.row
        masked, parsed, error = self.intake.parse(content, row, self.turn.received)
        if parsed:
            error = self._index(parsed[0], place, masked)
        if isinstance(error, Dropped):
            row.counts.dropped[error.rule] += 1
        elif error is not None:
            row.counts.quarantined += 1
            self._quarantine(place, reason_of(error), masked)
        self.take_derived(parsed[1:])

    def take_derived(self, derived: list[Parsed]) -> None:
        """Events made of several records; they count apart."""
        row, counts = self.turn.row, self.turn.row.counts
        for parsed in derived:
            place = Place(make_id(*row.key, "derived", parsed.key), None)
            try:
                event, _ = self.make(parsed, place=place)
            except Exception as error:  # noqa: BLE001 - one poisonous event must not stop its source
                counts.derived_quarantined += 1
                self._quarantine(place, f"derived event: {reason_of(error)}", b"")
                continue
            counts.derived += 1
            self._send(Sent(event, self.turn, Place(place.id, row.mark.offset), None))

    def _index(self, parsed: Parsed, place: Place, masked: bytes) -> Exception | None:
        """The record's own event to the store, or why it cannot be one."""
        try:
            event, unresolved = self.make(parsed, place=place)
        except Exception as error:  # noqa: BLE001 - one poisonous event must not stop its source
            return error
        counts = self.turn.row.counts
        counts.indexed += 1
        if unresolved:
            counts.unresolved.update(unresolved)
        self._send(Sent(event, self.turn, place, masked, unresolved))
        return None

    def _send(self, one: Sent) -> None:
        """To the store, unless it was accepted before a crash."""
        if one.event.id in self.doubtful:
            self.doubtful.discard(one.event.id)
        else:
            self.batch.sent.append(one)
            self.batch.size += len(one.event.ecs)

    def _quarantine(self, place: Place, reason: str, record: bytes) -> None:
        self.batch.quarantined.append(self.turn.quarantined(place, reason, record))


def reason_of(error: Exception) -> str:
    """Why there is no event: a refusal's reason, or the kind of a fault; no data."""
    return error.reason if isinstance(error, Refused) else _fault(error)


def _fault(error: Exception) -> str:
    """A reason without data: only the kind of error."""
    return f"fault while parsing: {type(error).__name__}"
