"""Offsets come back as saved; generations are never given twice."""

from pathlib import Path

import pytest

from collectors.identity import Mark, Seen
from collectors.offsets import Offsets, Row, load, save
from haidang import durable

SEEN = Seen("/logs/a\udcff", 1, 2, 3, 4)


def _offsets() -> Offsets:
    offsets = Offsets(settled="7:1", quarantine=9, floor=2)
    row = offsets.new_row("web", "web01", "toy", SEEN, "/logs/a\udcff")
    row.place(SEEN, 5)
    row.mark, row.state = Mark().advance(b"", b"read"), {"open": ["x"]}
    row.counts.read = row.counts.dropped["noise"] = 1
    return offsets


def test_offsets_come_back_as_saved(tmp_path: Path) -> None:
    """Also file names that are not UTF-8."""
    save(tmp_path / "offsets.json", _offsets())
    assert _offsets() == load(tmp_path / "offsets.json")


def test_a_crash_while_saving_leaves_the_old_offsets(tmp_path: Path) -> None:
    """Replaced whole or not at all."""
    path = tmp_path / "offsets.json"
    save(path, Offsets(quarantine=1))

    def stop(name: str) -> None:
        if name == "offsets.before_rename":
            raise KeyboardInterrupt

    token = durable.HOOK.set(stop)
    with pytest.raises(KeyboardInterrupt):
        save(path, Offsets(quarantine=2))
    durable.HOOK.reset(token)
    assert 1 == load(path).quarantine


def test_generations_are_never_given_twice() -> None:
    """Not even after every row of a source was forgotten; the counts stay."""
    offsets = Offsets()
    given: list[Row] = []
    for _ in range(3):
        given += [offsets.new_row("web", "", "toy", SEEN, path) for path in ("/a", "/a", "/b")]
        given[-1].counts.read = 1
        offsets.forget(list(offsets.rows))
    assert 9 == len({row.key for row in given})
    assert 3 == offsets.totals().read
    assert {} == offsets.generations


def test_counts_of_a_dataset_hold_its_forgotten_files() -> None:
    """A file that is gone takes nothing away from its dataset."""
    offsets = Offsets()
    for dataset, path in (("toy", "/a"), ("toy", "/b"), ("other", "/c")):
        offsets.new_row("web", "", dataset, SEEN, path).counts.read = 1
    offsets.forget([offsets.rows[0]])

    found = {dataset: counts.read for dataset, counts in offsets.by_dataset().items()}
    assert {"toy": 2, "other": 1} == found
