"""A collector on real files with a store in memory, a toy dataset and crashes at will."""

import gzip
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from collectors.collect import Collector, CollectSettings
from collectors.intake import Input
from collectors.ledger import Report
from collectors.quarantine import Quarantined
from collectors.record import Context, Dropped, Parsed, ParserState
from collectors.retry import Report as RetryReport
from collectors.retry import Retry
from haidang import durable
from haidang.errors import Refused, Unavailable
from haidang.model.event import Document, Event
from haidang.model.instant import SECOND, Instant
from haidang.model.scope import Scope
from haidang.store.events.protocol import Filter, Page, Position, Range, Receipt

NOON = 1_795_000_000 * SECOND


class Crash(BaseException):
    """The process dies here."""


class MemoryStore:
    """Keeps the promises that collectors rely on; survives the collector's crashes."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.fault: Exception | None = None

    def append(self, batch: Sequence[Event]) -> Receipt:
        """All or nothing."""
        self._check()
        durable.point("store.before_append")
        self.events.extend(batch)
        durable.point("store.after_append")
        return Receipt(str(len(self.events)))

    def ids_after(self, position: Position) -> frozenset[str]:
        """Ids accepted after a position."""
        self._check()
        return frozenset(event.id for event in self.events[int(position or 0) :])

    def head(self) -> Position:
        """The end."""
        self._check()
        return str(len(self.events))

    def read(
        self, scope: Scope, after: Position, limit: int, until: Position | None = None
    ) -> Page:
        """Collectors do not read."""
        raise NotImplementedError

    def search(
        self, scope: Scope, wanted: Filter, between: Range, limit: int = 1000
    ) -> Iterable[Event]:
        """Collectors do not search."""
        raise NotImplementedError

    def drop(self, before: Instant, level: int, passed: Position) -> int:
        """Collectors do not drop."""
        raise NotImplementedError

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault


class ToyDataset:
    """One word says what happens to a line; `open X` and `close X` join to a derived event."""

    name = "toy"

    def __init__(self, continued: bytes = b"") -> None:
        self.continued = re.compile(continued) if continued else None

    def mask(self, line: bytes, key: bytes) -> bytes:
        """Hide one word; fail on another."""
        if line == b"unmaskable":
            raise RuntimeError("secret 123")
        return line.replace(b"secret", b"<" + key + b">")

    def parse(self, line: bytes, context: Context, state: ParserState) -> list[Parsed]:
        """The line as message."""
        text = line.decode("utf-8", "replace")
        word, _, rest = text.partition(" ")
        if word == "refuse":
            raise Refused("not wanted")
        if word == "drop":
            raise Dropped("noise")
        if word == "poison":
            raise ZeroDivisionError(text)
        if word == "nothing":
            return []
        own = Parsed(int(rest) if word == "time" else None, {"message": text})
        if word == "open":
            state.setdefault("open", []).append(rest)
        if word == "close" and rest in state.get("open", []):
            state["open"].remove(rest)
            return [own, _joined(rest)]
        return [own]

    def flush(self, context: Context, state: ParserState) -> list[Parsed]:
        """Release what is open."""
        return [_joined(name) for name in state.pop("open", [])]


class BetterToyDataset(ToyDataset):
    """Takes what ToyDataset refuses; `refuse drop` is dropped."""

    def parse(self, line: bytes, context: Context, state: ParserState) -> list[Parsed]:
        """The line as message."""
        return super().parse(line.removeprefix(b"refuse "), context, state)


def _joined(name: str) -> Parsed:
    return Parsed(None, {"message": f"joined {name}"}, key=f"join:{name}")


@dataclass(frozen=True, slots=True)
class ToyOwnership:
    """Everything is the operator's."""

    operator: str
    affected: tuple[str, ...]
    zone: str
    level: int = 3
    unresolved: tuple[str, ...] = ("host",)


def own(document: Document, operator: str, zone: str, at: Instant) -> ToyOwnership:
    """The operator is affected."""
    return ToyOwnership(operator, (operator,), zone)


class Rig:
    """Log files, a data folder, a store, and a collector that may crash and start again."""

    def __init__(self, folder: Path, pattern: str = "access.log*") -> None:
        self.logs, self.data = folder / "logs", folder / "data"
        self.logs.mkdir(parents=True)
        self.store, self.now, self.ticks = MemoryStore(), NOON, 0
        self.inputs = (Input("web", str(self.logs / pattern), "toy", "unit-a", "dmz", "web01"),)
        self.options: dict[str, int] = {}
        self.continued = b""
        self.collector: Collector | None = None
        self.report: Report

    def open(self) -> Collector:
        """Start a collector, as after a crash of the one before."""
        self.close()
        settings = CollectSettings(self.data, self.inputs, b"key", **self.options)
        self.collector = Collector.open(
            settings, {"toy": ToyDataset(self.continued)}, self.store, own
        )
        return self.collector

    def close(self) -> None:
        """Let the collector go; what is only in its memory is lost."""
        if self.collector is not None:
            self.collector.close()
            self.collector = None

    def run(self, seconds: int = 1) -> Report:
        """A pass some seconds later."""
        self.now += seconds * SECOND
        self.report = (self.collector or self.open()).run_once(self.now)
        return self.report

    def run_until_quiet(self) -> Report:
        """Passes until rotated files count as finished."""
        self.run()
        return self.run(120)

    def crash(self, at: int) -> bool:
        """A pass that dies at the n-th durable point; False if it has fewer."""
        passed = 0

        def hook(name: str) -> None:
            nonlocal passed
            passed += 1
            if passed == at:
                raise Crash(name)

        return self._crashes(hook)

    def die_at(self, name: str) -> None:
        """A pass that dies at the first durable point of this name."""

        def hook(passed: str) -> None:
            if passed == name:
                raise Crash(name)

        assert self._crashes(hook)

    def retry(
        self, chosen: Callable[[Quarantined], bool] = lambda _: True, *, better: bool = True
    ) -> RetryReport:
        """A retry some seconds later; with `better`, by a dataset that refuses nothing more."""
        self.close()
        self.now += SECOND
        settings = CollectSettings(self.data, self.inputs, b"key", **self.options)
        dataset = BetterToyDataset() if better else ToyDataset()
        return Retry(settings, lambda _: dataset, self.store, own).run(chosen, self.now)

    def _crashes(self, hook: Callable[[str], None]) -> bool:
        token = durable.HOOK.set(hook)
        try:
            self.run()
        except Crash:
            self.close()
            return True
        finally:
            durable.HOOK.reset(token)
        return False

    def file(self, name: str) -> Path:
        """A log file."""
        return self.logs / name

    def write(self, name: str, content: str | bytes) -> None:
        """Append to a log file."""
        raw = content if isinstance(content, bytes) else content.encode()
        with self.file(name).open("ab") as file:
            file.write(raw)
        self.touch(name)

    def touch(self, name: str) -> None:
        """Give it its own modification time: tests are faster than the kernel's clock ticks."""
        self.ticks += 1
        time = NOON * 1000 + self.ticks * 1_000_000
        os.utime(self.file(name), ns=(time, time))

    def rename(self, old: str, new: str) -> None:
        """Rotate by renaming."""
        self.file(old).rename(self.file(new))

    def copytruncate(self, name: str, copy: str) -> None:
        """Rotate by copying and truncating."""
        shutil.copyfile(self.file(name), self.file(copy))
        self.touch(copy)
        os.truncate(self.file(name), 0)
        self.touch(name)

    def compress(self, name: str) -> None:
        """What gzip does, keeping the modification time."""
        info = self.file(name).stat()
        packed = self.file(f"{name}.gz")
        packed.write_bytes(gzip.compress(self.file(name).read_bytes(), 1))
        os.utime(packed, ns=(info.st_atime_ns, info.st_mtime_ns))
        self.file(name).unlink()

    def messages(self) -> list[str]:
        """What the store accepted, in order."""
        return [str(event.document()["message"]) for event in self.store.events]

    def quarantine(self) -> list[str]:
        """The lines of the quarantine file."""
        return (self.data / "quarantine.ndjson").read_text().splitlines()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A rig whose input matches `access.log*`."""
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.fixture
def make_rig() -> Callable[..., Rig]:
    """Rigs in folders and with patterns of the test's choice."""
    return Rig


@pytest.fixture
def unavailable() -> Exception:
    """What a store raises that cannot be used now."""
    return Unavailable("it is being repaired")


@pytest.fixture(name="own", scope="session")
def _own() -> Callable[[Document, str, str, Instant], ToyOwnership]:
    """Finds that everything is the operator's."""
    return own
