"""Following files through rotation: telling which known file is which file found now.

In this order: a file at a known inode whose read bytes are unchanged is the known file, whatever
its name. A known file that lost its inode's bytes (copytruncate, compression) continues in a
related file that starts with everything that was read of it. A related file whose bytes are all
still in a known file is a copy being made and waits. What is left and matches the pattern is new;
so is a rotated neighbour that was written after the known file was last seen changing (it was
born and rotated between two looks).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from collectors import files
from collectors.evtx import Unreadable
from collectors.files import BROKEN
from collectors.identity import (
    WINDOW,
    Mark,
    Seen,
    family,
    is_finished_name,
    is_rotated_name,
)
from collectors.offsets import Offsets, Row
from haidang.model.instant import DAY, Instant

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Live:
    """A known file that can be read now; `length` is in unpacked bytes.

    `finished`: it was rotated away, so a last line without a newline is a record once it is quiet.
    """

    row: Row
    seen: Seen
    length: int
    finished: bool


@dataclass(slots=True)
class Scan:
    """What a look found; `changed`: rows were added or moved: save before reading."""

    live: list[Live] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    changed: bool = False


class Follower:
    """Keeps the rows of one input in step with the files (one per input; caches what it read)."""

    def __init__(self, name: str, pattern: str, host: str, dataset: str) -> None:
        self._name, self._pattern, self._host, self._dataset = name, pattern, host, dataset
        self._lengths: dict[tuple[int, int, int, int], int] = {}
        self._contained: dict[tuple[int, int, int, int], dict[Mark, bool]] = {}
        self._verified: dict[tuple[str, int], tuple[int, int, int, int]] = {}

    def follows(self, row: Row) -> bool:
        """Whether this row is one of this input (as it is configured now)."""
        return (row.input, row.dataset) == (self._name, self._dataset)

    def scan(self, offsets: Offsets, now: Instant, forget_after: Instant = 7 * DAY) -> Scan:
        """Match rows to files, add rows for new files, forget rows whose file is long gone."""
        rows = [row for row in offsets.rows if self.follows(row)]
        folders = {str(PurePath(row.path).parent) for row in rows}
        found, warnings = files.look(self._pattern, folders)
        work = _Work(Scan(warnings=warnings), rows, now)
        free = self._match_inodes(work, found)
        self._match_contents(work, free, offsets)
        self._settle(work, offsets, forget_after)
        self._forget_caches(found)
        if not any(seen.names for seen in found):
            work.scan.warnings.append(f"{self._name}: no file matches {self._pattern}")
        return work.scan

    def _match_inodes(self, work: "_Work", found: list[Seen]) -> list[Seen]:
        """Rows found at their inode with their bytes; the files that are left."""
        by_place: dict[tuple[int, int], list[Row]] = {}
        for one in sorted(work.rows, key=lambda row: -row.generation):
            by_place.setdefault((one.device, one.inode), []).append(one)
        free: list[Seen] = []
        for seen in found:
            rows = by_place.get((seen.device, seen.inode), ())
            try:
                row = next((one for one in rows if self._is_same(one, seen)), None)
            except (OSError, *BROKEN) as error:
                work.keep_unreadable(rows, seen, error)
                continue
            for other in rows:
                if other is not row:
                    other.inode = 0  # it has other bytes now: only contents can find this row
            if row is None:
                free.append(seen)
                work.note_blank(rows, seen)
            else:
                work.match(row, seen)
        return free

    def _is_same(self, row: Row, seen: Seen) -> bool:
        key = seen.key
        same_state = (row.size, row.changed) == (seen.size, seen.changed)
        if row.done and same_state:
            return True
        if not row.known.offset:
            return not seen.size and _has_name_of(row, seen)
        if self._verified.get(row.key) == key:
            return True
        if _may_be_reused_inode(row, seen, same_state=same_state):
            return False
        same = self._holds(seen, row.known)
        if same:
            self._verified[row.key] = key
        return same

    def _holds(self, seen: Seen, mark: Mark) -> bool:
        """Whether the file still starts and continues up to the offset as it was read."""
        if seen.packed:
            return self._contains(seen, mark)
        if seen.size < mark.offset:
            return False
        content = files.open_content(seen)
        try:
            return mark.ends_match(content.read)
        finally:
            content.close()

    def _contains(self, seen: Seen, mark: Mark) -> bool:
        """Whether everything that was read is what the file starts with; reads all of it."""
        if not seen.packed and seen.size < mark.offset:
            return False
        known = self._contained.setdefault(seen.key, {})
        if mark not in known:
            content = files.open_content(seen)
            try:
                length, sums = files.checksums(content, [mark.offset])
                ends = length >= mark.offset and mark.ends_match(content.read)
            finally:
                content.close()
            self._lengths[seen.key] = length
            known[mark] = ends and sums[mark.offset] == mark.checksum
        return known[mark]

    def _length(self, seen: Seen) -> int:
        """The unpacked length. Raises BROKEN for a packed file that is not complete."""
        if not seen.packed:
            return seen.size
        if seen.key not in self._lengths:
            content = files.open_content(seen)
            try:
                self._lengths[seen.key] = files.checksums(content, ())[0]
            finally:
                content.close()
        return self._lengths[seen.key]

    def _match_contents(self, work: "_Work", free: list[Seen], offsets: Offsets) -> None:
        for seen in sorted(free, key=_originals_first):
            related = work.related(seen)
            if not (seen.names or seen.key in work.blank or work.may_continue(seen, related)):
                continue
            try:
                self._place(work, seen, related, offsets)
            except (OSError, *BROKEN) as error:
                work.warn(seen, error)

    def _place(self, work: "_Work", seen: Seen, related: Sequence[Row], offsets: Offsets) -> None:
        """Continue a row in this file, let it wait as a copy, or make a new row for it."""
        for row in related:
            if row.known.offset and not work.is_live(row) and self._contains(seen, row.known):
                work.match(row, seen)
                return
        if is_rotated_name(seen.path):
            originals = [work.placed[row.key] for row in related if work.is_live(row)]
            if any(self._is_copy(seen, *original) for original in originals):
                return
        known = work.blank.get(seen.key)
        if known is None:
            if not (seen.names or work.is_unseen_rotation(seen, related)):
                return
            self._length(seen)
            origin = seen.names[0] if seen.names else work.origin_of(related)
            known = offsets.new_row(self._name, self._host, self._dataset, seen, origin)
            work.add(known)
        work.match(known, seen)
        self._note_start(known, seen)

    def _note_start(self, row: Row, seen: Seen) -> bool:
        """Note how an unread file starts; True if that is news. Raises OSError, BROKEN."""
        if row.mark.offset or row.start.offset >= min(WINDOW, self._length(seen)):
            return False
        content = files.open_content(seen)
        try:
            row.start = Mark().advance(b"", content.read(0, WINDOW))
        finally:
            content.close()
        return True

    def _is_copy(self, seen: Seen, row: Row, original: Seen) -> bool:
        """Whether the file holds what was read of a live one, or only a part of that."""
        if seen.packed or seen.size >= row.known.offset > 0:
            return row.known.offset > 0 and self._contains(seen, row.known)
        return not original.packed and _is_prefix(seen, original)

    def _settle(self, work: "_Work", offsets: Offsets, forget_after: Instant) -> None:
        """Lengths of what is live; rows without a file wait and are forgotten in the end."""
        forgotten = []
        for row in work.rows:
            if row.gone == 0 and not work.is_live(row):
                row.gone = work.now or 1
                work.scan.changed = True
            if row.gone and (not row.known.offset or work.now - row.gone > forget_after):
                forgotten.append(row)
        offsets.forget(forgotten)
        work.scan.changed = work.scan.changed or bool(forgotten)
        for row, seen in work.placed.values():
            if row.key in work.unreadable or row.done:
                continue
            finished = row.moved or is_finished_name(seen.path)
            try:
                work.scan.changed = self._note_start(row, seen) or work.scan.changed
                work.scan.live.append(Live(row, seen, self._length(seen), finished))
            except (OSError, *BROKEN) as error:
                work.warn(seen, error)

    def _forget_caches(self, found: Iterable[Seen]) -> None:
        keys = {seen.key for seen in found}
        self._lengths = {key: value for key, value in self._lengths.items() if key in keys}
        self._contained = {key: value for key, value in self._contained.items() if key in keys}
        self._verified = {row: key for row, key in self._verified.items() if key in keys}


class _Work:
    """The state of one scan of one input."""

    def __init__(self, scan: Scan, rows: list[Row], now: Instant) -> None:
        self.scan, self.rows, self.now = scan, rows, now
        self.placed: dict[tuple[str, int], tuple[Row, Seen]] = {}
        self.unreadable: set[tuple[str, int]] = set()
        self.blank: dict[tuple[int, int, int, int], Row] = {}
        self._families: dict[str, list[Row]] = {}
        for row in rows:
            self.add(row)
        # As they were before this look: what changed later was not seen yet.
        self._newest = {
            name: max(row.changed for row in members) for name, members in self._families.items()
        }

    def add(self, row: Row) -> None:
        """Make the row known to its family; copies of a new file may be found in the same look."""
        for name in {family(row.path), family(row.origin)}:
            self._families.setdefault(name, []).append(row)

    def is_live(self, row: Row) -> bool:
        """Whether the row's file was found in this look."""
        return row.key in self.placed

    def match(self, row: Row, seen: Seen) -> None:
        """The file is this row's."""
        self.scan.changed = row.place(seen, self.now) or self.scan.changed
        self.placed[row.key] = (row, seen)

    def note_blank(self, rows: Sequence[Row], seen: Seen) -> None:
        """A file was empty, and there is content at its inode now: perhaps another file's.

        It is this row's only if it continues no other row and copies none.
        """
        for row in rows:
            if not (row.known.offset or seen.packed) and _has_name_of(row, seen):
                self.blank[seen.key] = row

    def keep_unreadable(self, rows: Sequence[Row], seen: Seen, error: Exception) -> None:
        """Leave rows as they are whose file cannot be read now."""
        self.warn(seen, error)
        for row in rows:
            self.placed[row.key] = (row, seen)
            self.unreadable.add(row.key)

    def warn(self, seen: Seen, error: Exception) -> None:
        """Say what cannot be read; it is tried again at each look."""
        if isinstance(error, FileNotFoundError):
            return
        if isinstance(error, Unreadable):
            what = f"{error}; waiting until it changes"
        elif isinstance(error, BROKEN):
            what = "is not a complete gzip file; waiting until it is"
        else:
            what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        self.scan.warnings.append(f"{seen.path}: {what}")

    def related(self, seen: Seen) -> list[Row]:
        """Rows this file may continue: the same family, or replaced under the same path.

        Newest first: what was rotated last is found first.
        """
        rows = self._families.get(family(seen.path), ())
        if not is_rotated_name(seen.path):
            rows = [row for row in rows if row.path == seen.path and _may_be_replaced(row, seen)]
        return sorted(rows, key=lambda row: (-row.known.offset, -row.generation))

    def may_continue(self, seen: Seen, related: Sequence[Row]) -> bool:
        """Whether a neighbour that the pattern does not match deserves a closer look."""
        if not related or not is_rotated_name(seen.path):
            return False
        lost = any(row.known.offset and not self.is_live(row) for row in related)
        return lost or self.is_unseen_rotation(seen, related)

    def is_unseen_rotation(self, seen: Seen, related: Sequence[Row]) -> bool:
        """Whether the neighbour was written after its family was last seen changing."""
        if not related or not is_rotated_name(seen.path) or not seen.size:
            return False
        newest = self._newest.get(family(seen.path))
        return newest is not None and seen.changed > newest

    def origin_of(self, related: Sequence[Row]) -> str:
        """The path under which the family is followed: preferably one without rotation marks."""
        return min((row.origin for row in related), key=lambda path: (is_rotated_name(path), path))


def _has_name_of(row: Row, seen: Seen) -> bool:
    """Whether it is the row's path, but for rotation."""
    return seen.path == row.path or family(seen.path) == family(row.path)


def _originals_first(seen: Seen) -> tuple[bool, bool, int, str]:
    """The order of looking: a copy is told by its original, and what is newest comes first."""
    return seen.packed, is_rotated_name(seen.path), -seen.changed, seen.path


def _may_be_reused_inode(row: Row, seen: Seen, *, same_state: bool) -> bool:
    """A changed file of an unrelated name in the pattern with only few bytes read.

    It may be renamed and written to, or a new file on the inode of a deleted one with an equal
    beginning. Nothing tells the two apart, so read it anew: that doubles at most WINDOW bytes and
    loses none.
    """
    moved = not seen.path.startswith(row.path) and family(seen.path) != family(row.path)
    return bool(seen.names) and moved and not same_state and row.known.offset < WINDOW


def _may_be_replaced(row: Row, seen: Seen) -> bool:
    """Replaced by a longer copy (rsync), or the device has another number after a reboot.

    With few bytes read and another inode it is a file created anew with an equal beginning.
    """
    return row.known.offset >= WINDOW or row.inode == seen.inode


def _is_prefix(seen: Seen, original: Seen) -> bool:
    """Whether the whole file is what the original starts with."""
    if seen.size > original.size:
        return False
    one, other = files.open_content(seen), files.open_content(original)
    try:
        return all(
            one.read(start, _BLOCK) == other.read(start, min(_BLOCK, seen.size - start))
            for start in range(0, seen.size, _BLOCK)
        )
    finally:
        one.close()
        other.close()
