"""Exactly once beside a store that refuses events, accepts a part of a batch, or is away."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from haidang import durable
from haidang.errors import Unavailable
from haidang.model.event import Event
from haidang.model.scope import Scope
from haidang.store.events.parquet.store import ParquetStore
from haidang.store.events.protocol import START, Position, Receipt

LINES = "a\nrefuse b\nbad secret\n\nopen bad\nclose bad\nc\n"


class DifficultStore:
    """A real embedded store behind an unreliable line; it never keeps an event with `bad`.

    `parts` says of each append how many of its events arrive before the line breaks, `faults` of
    each question whether the line is broken; with nothing left to say, the line holds.
    """

    def __init__(self, store: ParquetStore) -> None:
        self.kept = store
        self.parts: list[int] = []
        self.faults: list[bool] = []

    def append(self, batch: Sequence[Event]) -> Receipt:
        """Refuse by name, accept the rest, or a part of it."""
        durable.point("store.before_append")
        refused = {one.id: "it is bad" for one in batch if b"bad" in one.ecs}
        accepted = [one for one in batch if one.id not in refused]
        if self.parts:
            self.kept.append(accepted[: self.parts.pop(0)])
            raise Unavailable("the line broke")
        receipt = self.kept.append(accepted)
        durable.point("store.after_append")
        return Receipt(receipt.position, refused)

    def head(self) -> Position:
        """A question."""
        self._ask()
        return self.kept.head()

    def ids_after(self, position: Position) -> frozenset[str]:
        """A question."""
        self._ask()
        return self.kept.ids_after(position)

    def _ask(self) -> None:
        if self.faults and self.faults.pop(0):
            raise Unavailable("the line is broken")

    @property
    def events(self) -> Sequence[Event]:
        """What was accepted, in order."""
        return self.kept.read(Scope.system(), START, 100_000).events


@pytest.fixture
def difficult(make_rig: Callable[..., Any], tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """Rigs with such a store, by name."""
    made = []

    def make(name: str) -> Any:
        rig = make_rig(tmp_path / name)
        rig.store = DifficultStore(ParquetStore.open(tmp_path / name / "events"))
        made.append(rig)
        return rig

    yield make
    for rig in made:
        rig.close()
        rig.store.kept.close()


def refusals(rig: Any) -> list[tuple[str, str, int]]:
    """Reason, masked record and offset of what is in the quarantine, sorted."""
    lines = map(json.loads, rig.quarantine())
    return sorted((one["reason"], one["record"], one["offset"]) for one in lines)


REFUSED = [
    ("derived event: event store: it is bad", "", 0),
    ("event store: it is bad", "bad <key>", 11),
    ("event store: it is bad", "close bad", 32),
    ("event store: it is bad", "open bad", 23),
    ("not wanted", "refuse b", 2),
]


def test_events_that_the_store_refuses_are_quarantined_masked(difficult: Any) -> None:
    """With place and reason; the ledger counts them there and not as indexed."""
    rig = difficult("one")
    rig.write("access.log", LINES)
    report = rig.run()
    assert ["a", "c"] == rig.messages()
    assert REFUSED == refusals(rig)
    assert (2, 4, 0, 1) == (
        report.totals.indexed,
        report.totals.quarantined,
        report.totals.derived,
        report.totals.derived_quarantined,
    )
    assert report.totals.balanced
    assert Counter(host=2) == report.totals.unresolved
    assert 0 == rig.run().run.read


def test_a_crash_anywhere_neither_loses_nor_doubles_a_refused_event(difficult: Any) -> None:
    """At each durable point, and once more while recovering: refused again, quarantined once."""
    for number in range(1, 60):
        rig = difficult(str(number))
        rig.write("access.log", LINES)
        crashed = rig.crash(number)
        rig.crash(number % 7 + 1)
        rig.run()
        assert (["a", "c"], REFUSED) == (rig.messages(), refusals(rig))
        assert (7, True) == (rig.report.totals.read, rig.report.totals.balanced)
        if not crashed:
            break
    assert not crashed
    assert number > 10


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("parts", [[0], [1], [700], [2500], [700, 0, 900], [0, 1, 0, 1, 2000]])
def test_a_part_of_a_batch_is_not_sent_again(
    difficult: Any, parts: list[int], restart: bool
) -> None:
    """The append raised, and some, none or all of it had arrived: each event is there once."""
    rig = difficult("one")
    rig.write("access.log", "".join(f"line {n}\n" for n in range(2500)))
    rig.store.parts = list(parts)
    for _ in parts:
        assert "the event store is unavailable: the line broke" in rig.run().stopped
        assert (0, 0) == (rig.report.run.read, rig.report.totals.read)
        if restart:
            rig.close()
    assert "" == rig.run().stopped
    assert Counter(f"line {n}" for n in range(2500)) == Counter(rig.messages())
    assert (2500, True) == (rig.report.totals.indexed, rig.report.totals.balanced)
    rig.run()
    rig.write("access.log", "last\n")
    rig.run()
    saved = json.loads((rig.data / "offsets.json").read_text())
    assert (rig.store.head(), 2501) == (saved["settled"], len(rig.messages()))


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([True], id="head"),
        pytest.param([False, True], id="ids"),
        pytest.param([True, False, True, False, True], id="again and again"),
    ],
)
def test_a_recovery_that_fails_halfway_begins_anew(difficult: Any, faults: list[bool]) -> None:
    """What arrived before the line broke is still not sent again."""
    rig = difficult("one")
    rig.write("access.log", LINES)
    rig.run()
    rig.write("access.log", "d\nbad e\nf\n")
    rig.store.parts, rig.store.faults = [1], list(faults)
    rig.run()
    while rig.store.faults:
        assert "the line is broken" in rig.run().stopped
        assert 7 == rig.report.totals.read
    rig.run()
    assert ["a", "c", "d", "f"] == rig.messages()
    assert sorted([*REFUSED, ("event store: it is bad", "bad e", 46)]) == refusals(rig)


def test_a_collector_opens_and_waits_while_the_store_is_away(difficult: Any) -> None:
    """From the very first start: passes say why they stopped, and no line is read twice."""
    rig = difficult("one")
    rig.write("access.log", "a\nb\n")
    rig.store.faults = [True, True, False, True]
    rig.open()
    for _ in range(3):
        assert "the event store is unavailable" in rig.run().stopped
    assert [] == rig.store.faults
    rig.run()
    assert (["a", "b"], 2) == (rig.messages(), rig.report.totals.read)


def test_positions_of_a_store_may_be_long_and_opaque(
    difficult: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are kept and given back unchanged, whatever is in them."""
    rig = difficult("one")
    long = json.dumps({"uuid-é\n\"'" + str(n): n for n in range(300)})
    asked = []

    def ids_after(position: Position) -> frozenset[str]:
        asked.append(position)
        return frozenset()

    monkeypatch.setattr(rig.store, "head", lambda: long)
    monkeypatch.setattr(rig.store, "ids_after", ids_after)
    rig.run()
    rig.open()
    rig.run()
    assert [long, long] == asked
