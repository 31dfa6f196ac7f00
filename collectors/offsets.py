"""The offsets file: how far every file was read, committed only after the store accepted."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from collectors.identity import Mark, Seen
from collectors.ledger import Counts, SourceCounts
from collectors.record import ParserState
from haidang import durable
from haidang.errors import InputError, Problem
from haidang.model.ids import make_id
from haidang.model.instant import Instant
from haidang.store.events.protocol import Position

_VERSION = 1


@dataclass(slots=True)
class Row:
    """One generation of one file.

    `origin` is the path under which it was first seen, `path` where it is now. `size` and
    `changed` are the file's own (of the packed one). `grew` is when it was last seen
    changing, `gone` since when it is not there (0: it is there), `done` that a packed file was
    read to its end. `skipping`: the offset is inside the rest of an over-long line. No record that
    starts before `closed` is continued after it: the file was quiet there. `start` marks
    the first bytes of a file before any of it is read: the store may have accepted its first
    records although a crash kept `mark` at 0.
    """

    input: str
    dataset: str
    origin: str
    source: str
    generation: int
    path: str
    device: int = 0
    inode: int = 0
    size: int = 0
    changed: int = 0
    mark: Mark = field(default_factory=Mark)
    start: Mark = field(default_factory=Mark)
    skipping: bool = False
    closed: int = 0
    moved: bool = False
    grew: Instant = 0
    gone: Instant = 0
    done: bool = False
    state: ParserState = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)

    @property
    def key(self) -> tuple[str, int]:
        """Source and generation: no two rows share them."""
        return (self.source, self.generation)

    @property
    def known(self) -> Mark:
        """By which bytes the file is recognised."""
        return self.mark if self.mark.offset else self.start

    def place(self, seen: Seen, now: Instant) -> bool:
        """Note where and how the file is now; True if it is another file than noted before."""
        if (self.size, self.changed) != (seen.size, seen.changed):
            self.grew = now
            self.done = False
        new = (seen.path, seen.device, seen.inode)
        other = self.gone != 0 or (self.path, self.device, self.inode) != new
        self.path, self.device, self.inode = new
        self.size, self.changed, self.gone = seen.size, seen.changed, 0
        self.moved = self.origin not in seen.names
        return other


@dataclass(slots=True)
class Offsets:
    """Everything a collector must remember.

    `settled` is the store position up to which all own events are accounted for (None: not asked
    yet). `quarantine` is the committed length of the quarantine file. `generations` holds the last
    number given by source, `floor` is at least every number given to a source forgotten since.
    `retrying` is where the store stood before a retry that has not ended (None: there is none).
    """

    rows: list[Row] = field(default_factory=list)
    settled: Position | None = None
    quarantine: int = 0
    generations: dict[str, int] = field(default_factory=dict)
    floor: int = 0
    past: dict[str, Counts] = field(default_factory=dict)
    retrying: Position | None = None

    def new_row(self, input_name: str, host: str, dataset: str, seen: Seen, origin: str) -> Row:
        """A row for a file at its first sight: offset 0, the next generation of its source."""
        source = make_id("source", input_name, host, origin, dataset)
        generation = self.generations.get(source, self.floor) + 1
        self.generations[source] = generation
        row = Row(input_name, dataset, origin, source, generation, seen.path)
        self.rows.append(row)
        return row

    def forget(self, rows: list[Row]) -> None:
        """Remove rows; their counts stay, by dataset, and their generations are not given again."""
        if not rows:
            return
        dropped = {row.key for row in rows}
        self.rows = [row for row in self.rows if row.key not in dropped]
        kept = {row.source for row in self.rows}
        for row in rows:
            self.past.setdefault(row.dataset, Counts()).add(row.counts)
            if row.source not in kept:
                self.floor = max(self.floor, self.generations.pop(row.source, 0))

    def set_back(self, now: Instant) -> None:
        """Times after `now` become `now`: the clock was set back, and nothing may wait for it."""
        for row in self.rows:
            row.grew, row.gone = min(row.grew, now), min(row.gone, now)

    def by_source(self) -> tuple[SourceCounts, ...]:
        """The counts of each source that is still remembered."""
        found: dict[str, SourceCounts] = {}
        for row in self.rows:
            new = SourceCounts(row.source, row.input, row.dataset, row.origin, Counts())
            found.setdefault(row.source, new).counts.add(row.counts)
        return tuple(found.values())

    def by_dataset(self) -> dict[str, Counts]:
        """The counts of each dataset since the first start, also of forgotten files."""
        found: dict[str, Counts] = {}
        for dataset, counts in (*self.past.items(), *((r.dataset, r.counts) for r in self.rows)):
            found.setdefault(dataset, Counts()).add(counts)
        return found

    def totals(self) -> Counts:
        """The sum over all rows, also the forgotten ones."""
        total = Counts()
        for counts in self.by_dataset().values():
            total.add(counts)
        return total


def load(path: Path) -> Offsets:
    """The offsets as last saved.

    Raises InputError for a file that cannot be understood (reading anew from zero would double
    every event), OSError (FileNotFoundError: first start).
    """
    content = path.read_bytes()
    try:
        value = json.loads(content)
        return _decode(value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = (
            f"is damaged ({type(error).__name__}: {error}); restore it from a backup. Removing it "
            "and quarantine.ndjson makes the collector read every file from its start again"
        )
        raise InputError([Problem(str(path), 0, "", what)]) from error


def save(path: Path, offsets: Offsets) -> None:
    """Replace the offsets file durably. Raises OSError; then the file is as it was."""
    value = {
        "version": _VERSION,
        "settled": offsets.settled,
        "retrying": offsets.retrying,
        "quarantine": offsets.quarantine,
        "floor": offsets.floor,
        "generations": offsets.generations,
        "past": {name: counts.to_json() for name, counts in offsets.past.items()},
        "rows": [_encode_row(row) for row in offsets.rows],
    }
    # Not orjson: file names may hold bytes that are not UTF-8, and these come back unharmed.
    durable.write(path, json.dumps(value).encode(), "offsets")


def _encode_row(row: Row) -> dict[str, Any]:
    value = {name: getattr(row, name) for name in Row.__slots__}
    marks = {"mark": asdict(row.mark), "start": asdict(row.start)}
    return {**value, **marks, "counts": row.counts.to_json()}


def _decode_row(value: dict[str, Any]) -> Row:
    marks = {"mark": Mark(**value["mark"]), "start": Mark(**value.get("start", {}))}
    return Row(**{**value, **marks, "counts": Counts.from_json(value["counts"])})


def _decode(value: dict[str, Any]) -> Offsets:
    if value["version"] != _VERSION:
        raise ValueError(f"version {value['version']} is unknown here")
    return Offsets(
        rows=[_decode_row(row) for row in value["rows"]],
        settled=value["settled"],
        quarantine=value["quarantine"],
        generations=dict(value["generations"]),
        floor=value["floor"],
        past={name: Counts.from_json(counts) for name, counts in value["past"].items()},
        retrying=value.get("retrying"),
    )
