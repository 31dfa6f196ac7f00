"""Exactly once with the store, sums that agree, and going on after every kind of trouble."""

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.collect import CollectSettings
from collectors.intake import Input
from haidang import durable
from haidang.errors import HaidangError, InputError

# Three rounds of every outcome; the key of a derived event is unique within its file.
LINES = "ok 1\nrefuse 2\n\ndrop 3\npoison 4\nopen x\nunmaskable\nclose x\nnothing\nok secret\n"
ROUNDS = "".join(LINES.replace(" x", f" x{n}") for n in range(3))


def test_every_record_ends_in_exactly_one_place(rig: Any) -> None:
    """Records read = indexed + quarantined + dropped; derived events count apart."""
    rig.write("access.log", LINES)
    counts = rig.run().run
    assert counts.balanced
    assert (10, 4, 4) == (counts.read, counts.indexed, counts.quarantined)
    assert {"blank-line": 1, "noise": 1} == dict(counts.dropped)
    assert 1 == counts.derived
    assert {"host": 4} == dict(counts.unresolved)
    assert ["ok 1", "open x", "close x", "joined x", "ok <key>"] == rig.messages()


def test_report_names_each_source_with_its_counts(rig: Any) -> None:
    """Sums by source agree with the totals; a second pass without news counts nothing."""
    rig.write("access.log", "a\nb\n")
    rig.write("access.log.other", "c\n")
    rig.run()
    report = rig.run()
    assert 0 == report.run.read
    assert {"access.log": 2, "access.log.other": 1} == {
        Path(one.path).name: one.counts.indexed for one in report.sources
    }
    assert 3 == report.totals.indexed


def test_a_crash_at_any_point_changes_nothing_in_the_end(
    tmp_path: Path, make_rig: Callable[..., Any]
) -> None:
    """Die at each durable point, and once more while recovering: same events, same quarantine."""
    whole = make_rig(tmp_path / "whole")
    outcomes = []
    for first in range(1, 60):
        rig = make_rig(tmp_path / str(first))
        rig.options = {"batch_events": 1}
        rig.write("access.log", ROUNDS)
        crashed = rig.crash(first)
        rig.crash(first % 7 + 1)
        rig.run()
        outcomes.append((rig.messages(), [json.loads(one)["offset"] for one in rig.quarantine()]))
        assert rig.report.totals.balanced
        assert 30 == rig.report.totals.read
        rig.close()
        if not crashed:
            break
    assert not crashed
    whole.write("access.log", ROUNDS)
    whole.run()
    expected = (whole.messages(), [json.loads(one)["offset"] for one in whole.quarantine()])
    assert [expected] * len(outcomes) == outcomes
    whole.close()


def test_ids_do_not_change_when_a_crash_makes_lines_be_read_again(
    tmp_path: Path, make_rig: Callable[..., Any]
) -> None:
    """The id is a function of source, generation and offset alone."""
    rig = make_rig(tmp_path)
    rig.write("access.log", "a\n")
    rig.run()
    rig.write("access.log", "b\nc\n")
    before = [event.id for event in rig.store.events]
    assert rig.crash(3)
    accepted = [event.id for event in rig.store.events]
    rig.run()
    assert [event.id for event in rig.store.events][: len(accepted)] == accepted
    assert before == accepted[:1]
    assert ["a", "b", "c"] == rig.messages()
    rig.close()


def test_settled_moves_on_after_a_crash(rig: Any) -> None:
    """Also if an accepted event never comes again because its file is gone."""
    rig.write("access.log", "a\n")
    rig.run()
    rig.write("access.log", "b\n")
    points: list[str] = []
    token = durable.HOOK.set(points.append)
    rig.run()
    durable.HOOK.reset(token)
    rig.write("access.log", "c\n")
    assert rig.crash(points.index("store.after_append") + 1)
    rig.file("access.log").unlink()
    rig.run()
    rig.run(3600)
    assert "3" == json.loads((rig.data / "offsets.json").read_text())["settled"]


def test_a_second_crash_in_the_middle_of_recovering_doubles_nothing(rig: Any) -> None:
    """Part of what the store had is accounted for and committed, then the process dies again."""
    rig.write("access.log", "".join(f"line {n}\n" for n in range(2500)))
    rig.die_at("store.after_append")
    assert 2500 == len(rig.store.events)
    rig.options = {"batch_bytes": 1}
    rig.die_at("offsets.after_rename")
    saved = json.loads((rig.data / "offsets.json").read_text())
    assert 1000 == saved["rows"][0]["counts"]["read"]
    assert rig.run().totals.balanced
    assert (2500, 2500) == (len(rig.messages()), rig.report.totals.indexed)


def test_what_was_quarantined_but_not_committed_is_cut_off(rig: Any) -> None:
    """The process dies after the quarantine was written, then the lines are gone for good."""
    rig.write("access.log", "a\n")
    rig.run()
    rig.write("access.log", "refuse b\n")
    rig.die_at("quarantine.after_sync")
    assert 1 == len(rig.quarantine())
    rig.file("access.log").unlink()
    rig.run()
    assert ([], 0) == (rig.quarantine(), rig.report.totals.quarantined)


def test_an_unavailable_store_stops_the_pass_and_the_next_one_goes_on(
    rig: Any, unavailable: Exception
) -> None:
    """Nothing moves while the store is away; no restart is needed."""
    rig.write("access.log", "a\nrefuse b\n")
    rig.run()
    rig.write("access.log", "c\nrefuse d\n")
    rig.store.fault = unavailable
    for _ in range(3):
        report = rig.run()
        assert "the event store is unavailable: it is being repaired" in report.stopped
        assert (0, 2) == (report.run.read, report.totals.read)
    rig.store.fault = None
    assert "" == rig.run().stopped
    assert ["a", "c"] == rig.messages()
    assert 2 == len(rig.quarantine())


def test_unfinished_joins_are_released_once_when_the_file_is_quiet(rig: Any) -> None:
    """Derived events keep their id over restarts, and a crash does not double them."""
    rig.write("access.log", "open x\nopen y\n")
    rig.run()
    rig.open()
    rig.now += 120_000_000
    assert rig.crash(4)
    rig.run_until_quiet()
    assert ["open x", "open y", "joined x", "joined y"] == rig.messages()
    assert 2 == rig.report.totals.derived


def test_a_flood_does_not_starve_the_others(rig: Any) -> None:
    """Turns are short: a quiet file's line comes before the flood's end."""
    rig.write("access.log", "flood\n" * 5000)
    rig.write("access.log.quiet", "quiet\n")
    rig.run()
    assert 5001 == len(rig.messages())
    assert 1000 >= rig.messages().index("quiet")


def test_an_overlong_line_is_cut_flagged_and_its_rest_skipped(rig: Any) -> None:
    """Nothing is dropped for its length; the next line is whole."""
    rig.options = {"max_line_bytes": 1000}
    rig.write("access.log", "x" * 300_000)
    rig.run()
    rig.write("access.log", "y" * 300_000 + "\nshort\n")
    rig.run()
    assert ["x" * 1000, "short"] == rig.messages()
    assert ["truncated"] == rig.store.events[0].document()["log"]["flags"]


def test_bytes_that_are_not_text_reach_the_dataset(rig: Any) -> None:
    """NUL and broken UTF-8 are the dataset's to judge; refused, they are kept as base64."""
    rig.write("access.log", b"a\x00\xff\r\nrefuse \xff\n")
    rig.run()
    assert ["a\x00\ufffd"] == rig.messages()
    assert "cmVmdXNlIP8=" == json.loads(rig.quarantine()[0])["record_base64"]


def test_a_second_collector_is_refused(rig: Any) -> None:
    """One data folder, one writer."""
    rig.open()
    other = type(rig)(rig.logs.parent / "other")
    other.data = rig.data
    with pytest.raises(HaidangError, match="another collector"):
        other.open()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param('{"version": 1, "rows"', id="half"),
        pytest.param('{"version": 99}', id="unknown version"),
        pytest.param("[]", id="another shape"),
    ],
)
def test_damaged_offsets_are_an_error_and_not_a_new_start(rig: Any, content: str) -> None:
    """Reading everything again would double every event."""
    rig.write("access.log", "a\n")
    rig.run()
    rig.close()
    (rig.data / "offsets.json").write_text(content)
    with pytest.raises(InputError, match=r"offsets.json: is damaged"):
        rig.open()
    (rig.data / "offsets.json").unlink()
    with pytest.raises(InputError, match="is missing although"):
        rig.open()


def test_contradicting_settings_are_all_named(rig: Any) -> None:
    """Names twice and unknown datasets, at once."""
    rig.inputs = (Input("a", "x", "toy"), Input("a", "y", "none"))
    with pytest.raises(InputError) as caught:
        rig.open()
    assert 2 == len(caught.value.problems)


def test_a_pattern_without_files_is_a_warning(rig: Any) -> None:
    """A misspelt path must not be silent."""
    assert any("no file matches" in text for text in rig.run().warnings)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs root and mount: a full disk was not tried")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_stops_the_pass_and_loses_nothing(small_disk: Path, rig: Any) -> None:
    """Quarantine and offsets cannot be written; with space again the same collector goes on."""
    rig.data = small_disk
    rig.write("access.log", "a\nrefuse b\n")
    rig.run()
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 512)
    rig.write("access.log", "c\n" + "refuse d\n" * 100)
    for _ in range(2):
        assert "No space left on device; nothing is lost" in rig.run().stopped
        assert 2 == rig.report.totals.read
    filler.unlink()
    assert "" == rig.run().stopped
    assert ["a", "c"] == rig.messages()
    assert 101 == len(rig.quarantine())
    assert rig.report.totals.balanced


def test_settings_have_the_documented_defaults(tmp_path: Path) -> None:
    """1 MiB a line, batches of 5,000 events or 4 MiB."""
    made = CollectSettings(tmp_path, (), b"")
    assert (1 << 20, 5000, 4 << 20) == (
        made.max_line_bytes,
        made.batch_events,
        made.batch_bytes,
    )
