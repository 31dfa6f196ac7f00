"""The collector: reads every input without loss and hands events to the store exactly once.

Order of work: mask, parse, envelope, store, quarantine (fsync; also what the store refused),
offsets. Rows are moved in memory first; whatever fails, the offsets file still says where to go on,
so every failure is treated like a crash: load it, cut the quarantine back, ask the store what it
accepted since `settled`. A store that fails may have accepted a part: it is asked in the same way.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Self

from collectors import offsets as offsets_file
from collectors import quarantine
from collectors.dataset import Dataset
from collectors.envelope import FindOwnership
from collectors.files import BROKEN, Content, open_content
from collectors.follow import Follower, Live
from collectors.frame import Framing, frame
from collectors.identity import digest
from collectors.intake import Batch, Input, Intake
from collectors.ledger import Counts, Report
from collectors.lock import note_pass, take_lock
from collectors.offsets import Offsets, Row
from haidang.errors import InputError, Problem, Unavailable
from haidang.model.instant import DAY, HOUR, SECOND, Instant
from haidang.store.events.protocol import EventStore, Position

_CHUNK = 128 * 1024
_TURN_LINES = 1000
_PAUSE = 5 * SECOND  # a program that writes a record of several lines does so at once


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """What a collector needs to know; one data folder belongs to one collector.

    A rotated file is finished, and a dataset's unfinished joins are released, once the file did
    not change for `quiet`. Files that are gone are forgotten after `forget_after`.
    """

    data_dir: Path
    inputs: tuple[Input, ...]
    mask_key: bytes
    max_line_bytes: int = 1 << 20
    batch_events: int = 5000
    batch_bytes: int = 4 << 20
    quiet: Instant = 60 * SECOND
    forget_after: Instant = 7 * DAY


class Collector:
    """Single writer of its data folder; see `open`, `run_once`, `close`."""

    def __init__(
        self,
        settings: CollectSettings,
        datasets: Mapping[str, Dataset],
        store: EventStore,
        find: FindOwnership,
    ) -> None:
        self._settings, self._store = settings, store
        self._offsets_path = settings.data_dir / "offsets.json"
        self._quarantine_path = settings.data_dir / "quarantine.ndjson"
        self._intakes = {
            one.name: Intake(one, datasets[one.dataset], settings.mask_key, find)
            for one in settings.inputs
        }
        self._framings = {
            one.name: Framing(settings.max_line_bytes, datasets[one.dataset].continued)
            for one in settings.inputs
        }
        self._followers = [
            Follower(one.name, one.path, one.host, one.dataset) for one in settings.inputs
        ]
        self._readers: dict[tuple[str, int], Content] = {}
        self._offsets = Offsets()
        self._must_recover = True
        self._recovered: Instant = 0
        self._doubtful: set[str] = set()
        self._position: Position = ""
        self._warnings: list[str] = []
        self._lock = -1

    @classmethod
    def open(
        cls,
        settings: CollectSettings,
        datasets: Mapping[str, Dataset],
        store: EventStore,
        find: FindOwnership,
    ) -> Self:
        """A collector that owns its data folder.

        Raises InputError (settings that contradict, damaged or missing offsets), HaidangError
        (another collector has the folder), OSError.
        """
        _check(settings, datasets)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        collector = cls(settings, datasets, store, find)
        collector._lock = take_lock(settings.data_dir)
        try:
            collector._load()
        except BaseException:
            collector.close()
            raise
        return collector

    def close(self) -> None:
        """Give the data folder back."""
        self._close_readers()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def totals(self) -> Counts:
        """What became of every record since the first start, as far as it is committed."""
        return self._offsets.totals()

    def run_once(self, now: Instant) -> Report:
        """Read everything that is there at the start of the call; `now` is the receive time.

        Returns a report that says why it stopped early, if a disk or the store is unavailable.
        """
        self._warnings = []
        stopped = ""
        before = Counts()
        before.add(self._offsets.totals())
        try:
            if self._must_recover:
                self._recover(now)
            self._must_recover = True
            self._offsets.set_back(now)
            self._recovered = min(self._recovered, now)
            live = self._scan(now)
            self._drain(live, now)
            self._settle(live, now)
            note_pass(self._lock, now)
            self._must_recover = False
        except Unavailable as error:
            stopped = f"the event store is unavailable: {error}"
        except OSError as error:
            stopped = f"cannot write: {error.strerror or error}"
        finally:
            self._close_readers()
        if stopped:
            stopped += "; nothing is lost, the next pass goes on from here"
            self._offsets = self._reload()
        return self._report(now, before, stopped)

    def _load(self) -> None:
        """The offsets, or their first version. A used folder without offsets is an error."""
        try:
            self._offsets = offsets_file.load(self._offsets_path)
        except FileNotFoundError:
            if self._quarantine_path.exists():
                what = "is missing although this folder was used; restore it from a backup"
                raise InputError([Problem(str(self._offsets_path), 0, "", what)]) from None
            offsets_file.save(self._offsets_path, self._offsets)
        quarantine.truncate(self._quarantine_path, self._offsets.quarantine)

    def _reload(self) -> Offsets:
        """What is committed; what is in memory if even that cannot be read now."""
        try:
            return offsets_file.load(self._offsets_path)
        except (OSError, InputError):
            return self._offsets

    def _recover(self, now: Instant) -> None:
        """Go back to what is committed, and learn what the store accepted after that."""
        self._offsets = offsets_file.load(self._offsets_path)
        quarantine.truncate(self._quarantine_path, self._offsets.quarantine)
        self._position = self._store.head()
        if self._offsets.settled is None:
            self._offsets.settled = self._position
            offsets_file.save(self._offsets_path, self._offsets)
        self._doubtful = set(self._store.ids_after(self._offsets.settled))
        self._recovered = now

    def _scan(self, now: Instant) -> list[Live]:
        """What can be read; new generations are committed before their first event is sent."""
        live: list[Live] = []
        changed = False
        for follower in self._followers:
            scan = follower.scan(self._offsets, now, self._settings.forget_after)
            live += scan.live
            changed = changed or scan.changed
            self._warnings += scan.warnings
        for one in live:
            changed = self._close_record(one, now) or changed
        self._warnings += _read_twice(live)
        if changed:
            offsets_file.save(self._offsets_path, self._offsets)
        return live

    def _close_record(self, one: Live, now: Instant) -> bool:
        """Whether a quiet file's last record is to end here, however the file goes on.

        That is committed before the record is sent: after a crash it must be the same record.
        """
        row = one.row
        continued = self._framings[row.input].continued is not None
        waits = max(row.mark.offset, row.closed) < one.length
        if continued and waits and now - row.grew >= min(self._settings.quiet, _PAUSE):
            row.closed = one.length
            return True
        return False

    def _drain(self, live: list[Live], now: Instant) -> None:
        """Turns for each file in a circle, so that a flood in one does not starve the others."""
        queue = deque(one for one in live if one.row.mark.offset < one.length)
        batch = Batch(now)
        while queue:
            one = queue.popleft()
            if self._turn(one, batch):
                queue.append(one)
            if self._is_full(batch):
                self._commit(batch)
                batch = Batch(now)
        self._finish_files(live, batch)
        self._commit(batch)

    def _is_full(self, batch: Batch) -> bool:
        room = max(self._settings.batch_events - _TURN_LINES, 1)
        waiting = len(batch.sent) + len(batch.quarantined)
        return waiting >= room or batch.size >= self._settings.batch_bytes

    def _turn(self, one: Live, batch: Batch) -> bool:
        """Take some lines of a file; whether there are more."""
        try:
            return self._read(one, batch)
        except FileNotFoundError:
            return False  # rotated since the look: the next look finds it
        except (OSError, *BROKEN) as error:
            reason = getattr(error, "strerror", None) or error
            self._warnings.append(f"{one.seen.path}: cannot be read: {reason}")
            return False

    def _read(self, one: Live, batch: Batch) -> bool:
        row, mark = one.row, one.row.mark
        finished = one.finished and self._is_quiet(row, batch.received)
        ends = [row.closed, one.length] if mark.offset < row.closed < one.length else [one.length]
        for end, size in product(ends, (_CHUNK, self._settings.max_line_bytes + _CHUNK)):
            before, data = self._bytes(one, min(size, end - mark.offset))
            if mark.offset and digest(before) != mark.tail:
                return False  # truncated since the look
            at_end = mark.offset + len(data) == end
            framed = frame(
                data,
                mark.offset,
                skipping=row.skipping,
                last=finished and at_end and end == one.length,
                closed=at_end and (finished or end == row.closed),
                how=self._framings[row.input],
                max_lines=_TURN_LINES,
            )
            if framed.consumed:
                break
        else:
            return False
        self._intakes[row.input].take(row, framed.lines, batch, self._doubtful)
        row.mark = mark.advance(before, data[: framed.consumed])
        row.skipping = framed.skipping
        return row.mark.offset < one.length

    def _bytes(self, one: Live, want: int) -> tuple[bytes, bytes]:
        """The bytes before the offset that its mark covers, and `want` after it."""
        mark = one.row.mark
        content = self._readers.get(one.row.key) or open_content(one.seen)
        try:
            data = content.read(mark.offset - mark.overlap, mark.overlap + want)
        finally:
            if one.seen.packed:
                self._readers[one.row.key] = content
            else:
                content.close()
        return data[: mark.overlap], data[mark.overlap :]

    def _is_quiet(self, row: Row, now: Instant) -> bool:
        return now - row.grew >= self._settings.quiet

    def _finish_files(self, live: list[Live], batch: Batch) -> None:
        """Packed files read to the end are done; quiet files release unfinished joins."""
        for one in live:
            if one.seen.packed and one.row.mark.offset == one.length:
                one.row.done = batch.touched = True
        for row in self._offsets.rows:
            if row.state and row.input in self._intakes and self._is_quiet(row, batch.received):
                warning = self._intakes[row.input].flush(row, batch, self._doubtful)
                self._warnings += [warning] if warning else []

    def _commit(self, batch: Batch) -> None:
        """Store, then quarantine, then offsets: the offsets never run ahead of either."""
        if not batch.touched:
            return
        if batch.sent:
            receipt = self._store.append([one.event for one in batch.sent])
            self._position = receipt.position
            batch.refuse(receipt.refused)
        records, length = batch.quarantined, self._offsets.quarantine
        self._offsets.quarantine = quarantine.append(self._quarantine_path, length, records)
        if not self._doubtful:
            self._offsets.settled = self._position
        offsets_file.save(self._offsets_path, self._offsets)

    def _settle(self, live: list[Live], now: Instant) -> None:
        """After a full pass, ids that did not come again never will: their file is gone.

        Not at once: a folder may come back, for instance when it is mounted after the start.
        """
        if self._doubtful and not any(self._may_repeat(row, live, now) for row in self._rows()):
            self._doubtful.clear()
            self._offsets.settled = self._position
            offsets_file.save(self._offsets_path, self._offsets)

    def _may_repeat(self, row: Row, live: list[Live], now: Instant) -> bool:
        """Whether this row may still give an event that the store accepted before the crash."""
        if row.state or (row.gone and not row.done):
            return now - self._recovered < HOUR
        if row.done:
            return False
        one = next((one for one in live if one.row is row), None)
        return one is None or (row.mark.offset < one.length and one.finished)

    def _rows(self) -> list[Row]:
        return [row for row in self._offsets.rows if any(f.follows(row) for f in self._followers)]

    def _close_readers(self) -> None:
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _report(self, now: Instant, before: Counts, stopped: str) -> Report:
        totals = self._offsets.totals()
        run = totals.since(before)
        sources = self._offsets.by_source()
        return Report(now, run, totals, sources, tuple(self._warnings), stopped)


def _check(settings: CollectSettings, datasets: Mapping[str, Dataset]) -> None:
    names = [one.name for one in settings.inputs]
    problems = [
        Problem("inputs", 0, name, "the name is there twice")
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    problems += [
        Problem("inputs", 0, one.name, f"the dataset {one.dataset} is unknown")
        for one in settings.inputs
        if one.dataset not in datasets
    ]
    if problems:
        raise InputError(problems)


def _read_twice(live: Iterable[Live]) -> Iterator[str]:
    """A warning for each file that several inputs read."""
    inputs: dict[str, list[str]] = {}
    for one in live:
        inputs.setdefault(one.seen.path, []).append(one.row.input)
    for path, names in inputs.items():
        if len(names) > 1:
            what = "each of its records is stored once for each"
            yield f"{path}: is read by the inputs {', '.join(sorted(names))}; {what}"
