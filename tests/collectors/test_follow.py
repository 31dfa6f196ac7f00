"""Rotation of every style, with crashes: each line exactly once."""

import gzip
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

BANNER = "".join(f"# banner {n:04}\n" for n in range(100))


def test_a_growing_file_gives_each_line_once(rig: Any) -> None:
    """A file that grows is read on from where it was left."""
    rig.write("access.log", "a\nb")
    rig.run()
    rig.write("access.log", "c\nd\n")
    rig.run()
    assert ["a", "bc", "d"] == rig.messages()


@pytest.mark.parametrize("pattern", ["access.log", "access.log*"])
@pytest.mark.parametrize("style", ["rename", "copytruncate"])
@pytest.mark.parametrize("stopped", [False, True])
def test_rotation_between_looks_loses_and_doubles_nothing(
    tmp_path: Path, make_rig: Callable[..., Any], pattern: str, style: str, *, stopped: bool
) -> None:
    """Both styles, also if the rotated name is outside the pattern, also while stopped."""
    rig = make_rig(tmp_path, pattern)
    rig.write("access.log", "a\nb\n")
    rig.run()
    rig.write("access.log", "c\n")
    if stopped:
        rig.close()
    getattr(rig, style)("access.log", "access.log.1")
    rig.write("access.log", "d\n")
    rig.run_until_quiet()
    assert ["a", "b", "c", "d"] == sorted(rig.messages())
    rig.close()


def test_two_rotations_between_looks_find_the_generation_never_seen(
    tmp_path: Path, make_rig: Callable[..., Any]
) -> None:
    """A generation born and rotated out of the pattern between two looks is read too."""
    rig = make_rig(tmp_path, "access.log")
    rig.write("access.log.1", "old, not asked for\n")
    rig.write("access.log", "a\n")
    rig.run()
    rig.rename("access.log.1", "access.log.3")
    rig.rename("access.log", "access.log.2")
    rig.write("access.log.1", "b\n")
    rig.write("access.log", "c\n")
    rig.run_until_quiet()
    assert ["a", "b", "c"] == sorted(rig.messages())
    rig.close()


def test_a_copy_being_made_is_not_read_as_a_new_file(rig: Any) -> None:
    """Between copy and truncate both files are there; the copy waits."""
    rig.write("access.log", "a\nb\n")
    rig.run()
    for part in ("", "a\n", "b\n"):
        rig.write("access.log.1", part)
        rig.run_until_quiet()
    os.truncate(rig.file("access.log"), 0)
    rig.write("access.log.1", "c\n")
    rig.write("access.log", "d\n")
    rig.run_until_quiet()
    assert ["a", "b", "c", "d"] == sorted(rig.messages())


def test_a_file_truncated_and_grown_past_the_old_offset_is_a_new_generation(rig: Any) -> None:
    """Its size alone would not show it; the hashes do."""
    rig.write("access.log", "a\nb\n")
    rig.run()
    os.truncate(rig.file("access.log"), 0)
    rig.write("access.log", "x1\nx2\nx3\n")
    rig.run()
    assert ["a", "b", "x1", "x2", "x3"] == rig.messages()


def test_an_equal_head_does_not_hide_a_truncated_file(rig: Any) -> None:
    """The first kilobyte is the same banner; the bytes before the offset are not."""
    rig.write("access.log", BANNER + "a\n")
    rig.run()
    os.truncate(rig.file("access.log"), 0)
    rig.write("access.log", BANNER + "bcd\n")
    rig.run()
    assert ["a", "bcd"] == [m for m in rig.messages() if not m.startswith("#")]
    assert 202 == len(rig.messages())


def test_a_compressed_rotated_file_is_known_and_its_rest_is_read(rig: Any) -> None:
    """Reading resumes by the uncompressed offset."""
    rig.write("access.log", "a\nb\n")
    rig.run()
    rig.write("access.log", "c\nd")
    rig.rename("access.log", "access.log.1")
    rig.compress("access.log.1")
    rig.write("access.log", "e\n")
    rig.run_until_quiet()
    assert ["a", "b", "c", "d", "e"] == sorted(rig.messages())
    rig.rename("access.log.1.gz", "access.log.2.gz")
    rig.open()
    rig.run_until_quiet()
    assert 5 == len(rig.messages())


def test_an_unknown_gz_is_read_from_its_start(rig: Any) -> None:
    """A compressed file that continues nothing known is an ordinary file."""
    rig.file("access.log.7.gz").write_bytes(gzip.compress(b"old\nolder"))
    rig.run_until_quiet()
    assert ["old", "older"] == rig.messages()


def test_a_broken_gz_waits_with_a_warning_until_it_is_whole(rig: Any) -> None:
    """Half a gzip file gives no event; the whole one gives each line once."""
    packed = gzip.compress(b"".join(b"%d\n" % n for n in range(5000)))
    rig.file("access.log.1.gz").write_bytes(packed[:-900])
    assert any("not a complete gzip file" in text for text in rig.run().warnings)
    assert [] == rig.messages()
    rig.file("access.log.1.gz").write_bytes(packed)
    rig.run()
    assert [str(n) for n in range(5000)] == rig.messages()


@pytest.mark.slow
def test_a_thousand_files_with_one_banner_are_a_thousand_files(
    tmp_path: Path, make_rig: Callable[..., Any]
) -> None:
    """Equal heads do not make files equal, whatever is renamed or re-created."""
    rig = make_rig(tmp_path, "host-*.log")
    for n in range(1000):
        rig.write(f"host-{n}.log", f"same banner\nline {n}\n")
    rig.run()
    rig.file("host-5.log").unlink()
    rig.write("host-5.log", "same banner\nnew 5\n")
    rig.rename("host-6.log", "host-2000.log")
    rig.run()
    rig.write("host-2000.log", "more of 6\n")
    rig.run()
    messages = rig.messages()
    assert 1001 == messages.count("same banner")
    assert {*(f"line {n}" for n in range(1000)), "new 5", "more of 6"} == set(messages) - {
        "same banner"
    }
    rig.close()


def test_a_reused_inode_is_not_the_old_file(rig: Any) -> None:
    """Deleted and created anew, perhaps on the same inode: a new generation."""
    rig.write("access.log", "a\n")
    rig.run()
    rig.file("access.log").unlink()
    rig.write("access.log", "b\n")
    rig.run()
    assert ["a", "b"] == rig.messages()
    assert 2 == len({event.id for event in rig.store.events})


def test_a_file_replaced_by_its_longer_copy_is_read_on(rig: Any) -> None:
    """As rsync does it: another inode, the same beginning, more at the end."""
    rig.write("access.log", BANNER)
    rig.run()
    rig.write("access.log.tmp", BANNER + "a\n")
    rig.rename("access.log.tmp", "access.log")
    rig.run()
    assert [*BANNER.splitlines(), "a"] == rig.messages()


def test_a_file_renamed_out_of_the_pattern_is_read_on(
    tmp_path: Path, make_rig: Callable[..., Any]
) -> None:
    """Whatever its new name: inode and content say which file it is."""
    rig = make_rig(tmp_path, "access.log")
    rig.write("access.log", "a\n")
    rig.run()
    rig.rename("access.log", "access.log.old")
    rig.write("access.log.old", "b\n")
    rig.write("access.log", "c\n")
    rig.run()
    assert ["a", "b", "c"] == sorted(rig.messages())
    rig.close()


def test_a_symbolic_link_and_its_target_are_one_file(rig: Any) -> None:
    """Both names match the pattern; the lines are read once, also after the link moved on."""
    rig.write("access.log-20261120", "a\n")
    rig.file("access.log").symlink_to("access.log-20261120")
    rig.run()
    rig.write("access.log-20261120", "b\n")
    rig.write("access.log-20261121", "c\n")
    rig.file("access.log").unlink()
    rig.file("access.log").symlink_to("access.log-20261121")
    rig.run()
    assert ["a", "b", "c"] == sorted(rig.messages())


def test_an_unreadable_file_warns_and_the_others_go_on(
    rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lines come once it can be read."""
    real = os.open

    def refuse(path: Any, *args: Any, **kwargs: Any) -> int:
        if str(path).endswith("access.log.bad"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *args, **kwargs)

    rig.write("access.log", "a\n")
    rig.write("access.log.bad", "b\n")
    monkeypatch.setattr(os, "open", refuse)
    assert any("access.log.bad: cannot be read" in text for text in rig.run().warnings)
    assert ["a"] == rig.messages()
    monkeypatch.undo()
    rig.run()
    assert ["a", "b"] == rig.messages()


def test_a_file_name_that_is_not_utf8_is_read(rig: Any) -> None:
    """A bad byte in a name loses nothing, also over a restart."""
    path = os.fsencode(rig.logs) + b"/access.log\xff"
    Path(os.fsdecode(path)).write_bytes(b"a\n")
    rig.run()
    rig.open()
    rig.run()
    assert ["a"] == rig.messages()
    assert "\ufffd" in rig.store.events[0].document()["log"]["file"]["path"]


def test_rows_of_files_gone_for_long_are_forgotten_but_counted(rig: Any) -> None:
    """State does not grow for ever; a file created anew under the name gets fresh ids."""
    rig.write("access.log", "a\n")
    rig.run()
    rig.file("access.log").unlink()
    rig.run()
    assert 1 == rig.run(8 * 86_400).totals.indexed
    assert () == rig.report.sources
    rig.write("access.log", "a\n")
    assert 2 == rig.run().totals.indexed
    assert 2 == len({event.id for event in rig.store.events})


class Rotations(RuleBasedStateMachine):
    """Any interleaving of writing, rotating, compressing, reading and crashing."""

    make: Callable[..., Any]

    @initialize(pattern=st.sampled_from(["access.log", "access.log*"]))
    def start(self, pattern: str) -> None:
        """An empty folder and a file."""
        self.folder = Path(tempfile.mkdtemp())
        self.rig = type(self).make(self.folder, pattern)
        self.expected: list[str] = []
        self.partial = ""
        self.count = 0
        self.write(1)
        self.rig.run()

    @rule(lines=st.integers(1, 5))
    def write(self, lines: int) -> None:
        """Whole lines; the first one ends what was partial."""
        for _ in range(lines):
            self.count += 1
            text = f"line {self.count} {'x' * (self.count % 7 * 100)}"
            self.rig.write("access.log", text + "\n")
            self.expected.append(self.partial + text)
            self.partial = ""

    @rule()
    def write_part(self) -> None:
        """The beginning of a line."""
        self.count += 1
        text = f"part {self.count}, "
        self.rig.write("access.log", text)
        self.partial += text

    @rule()
    def read(self) -> None:
        """An ordinary pass."""
        self.rig.run()

    @rule()
    def read_later(self) -> None:
        """A pass after a quiet time."""
        self.rig.run(120)

    @rule(at=st.integers(1, 16))
    def crash(self, at: int) -> None:
        """A pass that dies somewhere."""
        self.rig.crash(at)

    @rule(at=st.integers(1, 16))
    def crash_later(self, at: int) -> None:
        """A pass after a quiet time that dies somewhere."""
        self.rig.now += 120_000_000
        self.rig.crash(at)

    @rule()
    def restart(self) -> None:
        """An orderly restart."""
        self.rig.open()

    @rule(style=st.sampled_from(["rename", "copytruncate"]))
    def rotate(self, style: str) -> None:
        """Shift the chain, then rotate; a partial line ends there."""
        self._shift()
        getattr(self.rig, style)("access.log", "access.log.1")
        if style == "rename":
            self.rig.write("access.log", "")
        if self.partial:
            self.expected.append(self.partial)
            self.partial = ""

    @rule(number=st.integers(1, 3))
    def compress(self, number: int) -> None:
        """Compress one of the rotated files."""
        name = f"access.log.{number}"
        if self.rig.file(name).exists():
            self.rig.compress(name)

    @precondition(lambda self: not self.partial)
    @rule(grow=st.booleans())
    def truncate(self, *, grow: bool) -> None:
        """Truncate what was read, and perhaps grow past the old offset at once."""
        self.rig.run()
        os.truncate(self.rig.file("access.log"), 0)
        self.rig.touch("access.log")
        if grow:
            self.write(20)

    @rule()
    def delete_oldest(self) -> None:
        """Delete a rotated file that was read."""
        self.rig.run_until_quiet()
        names = sorted(path.name for path in self.rig.logs.glob("access.log.*"))
        if names:
            self.rig.file(names[-1]).unlink()

    def _shift(self) -> None:
        for number in range(30, 0, -1):
            for end in ("", ".gz"):
                if self.rig.file(f"access.log.{number}{end}").exists():
                    self.rig.rename(f"access.log.{number}{end}", f"access.log.{number + 1}{end}")

    @invariant()
    def nothing_is_doubled(self) -> None:
        """No event is accepted twice, and the sums agree after each pass."""
        rig = getattr(self, "rig", None)
        if rig is None:
            return
        ids = [event.id for event in rig.store.events]
        assert len(ids) == len(set(ids))
        assert rig.report.totals.balanced

    def teardown(self) -> None:
        """At the end every line was framed exactly once."""
        if not hasattr(self, "rig"):
            return
        try:
            self.rig.run_until_quiet()
            self.rig.run_until_quiet()
            expected = [*self.expected]
            assert sorted(expected) == sorted(self.rig.messages())
            assert len(expected) == self.rig.report.totals.read
        finally:
            self.rig.close()
            shutil.rmtree(self.folder)


@pytest.mark.slow
def test_any_interleaving_frames_each_line_exactly_once(make_rig: Callable[..., Any]) -> None:
    """Hypothesis looks for an order of rotations, reads and crashes that loses or doubles."""
    machine = type("Machine", (Rotations,), {"make": staticmethod(make_rig)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get("HAIDANG_ROTATIONS", "60")),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
