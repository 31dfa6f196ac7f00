"""Retry: quarantined records are parsed again, with today's dataset, inputs and inventory.

A record that becomes an event keeps the id it would have had. The order is the collector's: store,
then the mark in the quarantine (fsync), then offsets with the ledger. What the store accepted is
asked after a crash: `Offsets.retrying` is the store's position before the first event of a retry,
and whatever was accepted since is only marked. So the collector may run between the two.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from collectors import offsets as offsets_file
from collectors import quarantine
from collectors.collect import CollectSettings
from collectors.dataset import Dataset
from collectors.envelope import FindOwnership, Origin, Place, make_event
from collectors.intake import Input, reason_of
from collectors.ledger import Counts
from collectors.lock import locked
from collectors.offsets import Offsets
from collectors.quarantine import Quarantined, Retried
from collectors.record import Context, Dropped
from haidang.errors import Refused
from haidang.model.event import Event
from haidang.model.instant import Instant
from haidang.store.events.protocol import EventStore

DERIVED = "derived event: "
_INDEXED = "indexed"


@dataclass(slots=True)
class Report:
    """What became of the records that were tried: reasons with counts of those that stay."""

    indexed: int = 0
    dropped: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    impossible: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Tried:
    """A record that was parsed again: its event, or its outcome without one, or why it stays."""

    entry: Quarantined
    event: Event | None = None
    unresolved: tuple[str, ...] = ()
    outcome: str = _INDEXED
    refused: str = ""


class Retry:
    """One retry over a collector's data folder."""

    def __init__(
        self,
        settings: CollectSettings,
        load_dataset: Callable[[str], Dataset],
        store: EventStore,
        find: FindOwnership,
    ) -> None:
        self._settings, self._store, self._find = settings, store, find
        self._load_dataset = load_dataset
        self._datasets: dict[str, Dataset] = {}
        self._inputs: Mapping[str, Input] = {one.name: one for one in settings.inputs}
        self._path = settings.data_dir / "quarantine.ndjson"
        self._offsets_path = settings.data_dir / "offsets.json"
        self._offsets = Offsets()
        self._doubtful: frozenset[str] = frozenset()
        self._now: Instant = 0
        self._report = Report()

    def run(self, chosen: Callable[[Quarantined], bool], now: Instant) -> Report:
        """Try the chosen records that wait; `now` is when their events are received.

        Raises HaidangError (a collector has the folder), Unavailable, OSError, InputError; what
        was done by then is done, and a second call goes on.
        """
        with locked(self._settings.data_dir):
            self._offsets = offsets_file.load(self._offsets_path)
            quarantine.truncate(self._path, self._offsets.quarantine)
            self._now, self._report = now, Report()
            self._begin()
            for batch in self._batches(chosen):
                self._commit([self._try(entry) for entry in batch])
            self._offsets.retrying = None
            offsets_file.save(self._offsets_path, self._offsets)
        return self._report

    def _batches(self, chosen: Callable[[Quarantined], bool]) -> Iterator[list[Quarantined]]:
        batch: list[Quarantined] = []
        size = 0
        for entry in self._waiting(chosen):
            batch.append(entry)
            size += len(entry.record)
            if len(batch) >= self._settings.batch_events or size >= self._settings.batch_bytes:
                yield batch
                batch, size = [], 0
        yield batch

    def _begin(self) -> None:
        """Note where the store stands, or learn what it accepted of a retry that died."""
        if self._offsets.retrying is not None:
            self._doubtful = self._store.ids_after(self._offsets.retrying)
            return
        self._offsets.retrying = self._store.head()
        offsets_file.save(self._offsets_path, self._offsets)

    def _waiting(self, chosen: Callable[[Quarantined], bool]) -> Iterator[Quarantined]:
        length = self._offsets.quarantine  # before this retry's own marks
        done = quarantine.retried(self._path, length)
        for entry in quarantine.records(self._path, length):
            if entry.id not in done and (entry.id in self._doubtful or chosen(entry)):
                yield entry

    def _try(self, entry: Quarantined) -> _Tried:
        settings = self._inputs.get(entry.input)
        if entry.reason.startswith(DERIVED):
            self._report.impossible[f"{entry.reason}; it is of several records"] += 1
            return _Tried(entry, refused=entry.reason)
        if settings is None:
            self._report.impossible[f"the input {entry.input} is no longer configured"] += 1
            return _Tried(entry, refused=entry.reason)
        try:
            tried = self._parsed(entry, settings)
        except Dropped as dropped:
            tried = _Tried(entry, outcome=f"dropped: {dropped.rule}")
        except Exception as error:  # noqa: BLE001 - one poisonous record must not stop the others
            tried = _Tried(entry, refused=reason_of(error))
        if entry.id in self._doubtful:
            return replace(tried, event=None, outcome=_INDEXED, refused="")
        return tried

    def _parsed(self, entry: Quarantined, settings: Input) -> _Tried:
        """Raises Refused, Dropped, or whatever a faulty dataset raises."""
        dataset = self._dataset(entry.dataset)
        masked = dataset.mask(entry.record, self._settings.mask_key)
        context = Context(settings.host, settings.timezone, entry.at)
        found = dataset.parse(masked, context, {})
        if not found:
            raise Refused("the dataset gave no event")
        origin = Origin(
            entry.source,
            entry.dataset,
            entry.path,
            settings.host,
            settings.operator,
            settings.zone,
            settings.ahead,
            settings.behind,
        )
        place = Place(entry.id, entry.offset, entry.truncated)
        event, unresolved = make_event(found[0], origin, place, entry.at, self._find)
        return _Tried(entry, replace(event, received=self._now), unresolved)

    def _dataset(self, name: str) -> Dataset:
        if name not in self._datasets:
            self._datasets[name] = self._load_dataset(name)
        return self._datasets[name]

    def _commit(self, batch: list[_Tried]) -> None:
        """Store, marks, then offsets with the ledger."""
        events = [one.event for one in batch if one.event is not None]
        refused = self._store.append(events).refused if events else {}
        left: list[_Tried] = []
        for one in batch:
            reason = refused.get(one.entry.id)
            if reason is None and not one.refused:
                left.append(one)
            elif reason is not None or not self._is_impossible(one.entry):
                self._report.refused[f"event store: {reason}" if reason else one.refused] += 1
        marks = [Retried(one.entry.id, self._now, one.outcome) for one in left]
        length = quarantine.append(self._path, self._offsets.quarantine, marks)
        for one in left:
            self._count(one)
        self._offsets.quarantine = length
        offsets_file.save(self._offsets_path, self._offsets)

    def _is_impossible(self, entry: Quarantined) -> bool:
        return entry.reason.startswith(DERIVED) or entry.input not in self._inputs

    def _count(self, one: _Tried) -> None:
        """The record was quarantined; now it is an event, or dropped by a rule."""
        key = (one.entry.source, one.entry.generation)
        row = next((row for row in self._offsets.rows if row.key == key), None)
        counts = row.counts if row else self._offsets.past.setdefault(one.entry.dataset, Counts())
        counts.quarantined -= 1
        counts.retried += 1
        if one.outcome == _INDEXED:
            counts.indexed += 1
            counts.unresolved.update(one.unresolved)
            self._report.indexed += 1
        else:
            counts.dropped[one.outcome.removeprefix("dropped: ")] += 1
            self._report.dropped += 1
