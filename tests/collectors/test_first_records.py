"""A file's first records: accepted by the store, while the offsets still say that none was read."""

import gzip
import os
import shutil
from typing import Any

import pytest

from collectors.intake import Input

LINES = [f"line {number}" for number in range(150)]


def _write(rig: Any, name: str, start: int, stop: int) -> None:
    rig.write(name, "".join(f"{line}\n" for line in LINES[start:stop]))


@pytest.mark.parametrize("seen_empty", [False, True])
def test_copytruncate_after_a_crash_loses_and_doubles_nothing(rig: Any, seen_empty: bool) -> None:
    """What is in the file now must not pass for what the store accepted of it."""
    if seen_empty:
        rig.write("access.log", "")
        rig.run()
    _write(rig, "access.log", 0, 100)
    rig.die_at("store.after_append")
    rig.copytruncate("access.log", "access.log.1")
    _write(rig, "access.log", 100, 150)
    rig.run()
    assert sorted(LINES) == sorted(rig.messages())
    assert 150 == rig.run().totals.indexed


def test_compression_after_a_crash_doubles_nothing(rig: Any) -> None:
    """The compressed file is recognised by how the file began."""
    _write(rig, "access.log", 0, 100)
    rig.die_at("store.after_append")
    rig.compress("access.log")
    rig.rename("access.log.gz", "access.log.1.gz")
    _write(rig, "access.log", 100, 150)
    rig.run()
    assert sorted(LINES) == sorted(rig.messages())


@pytest.mark.parametrize("read", [0, 50])
def test_a_folder_mounted_after_the_start_doubles_nothing(rig: Any, read: int) -> None:
    """Crash, a pass without the folder, and it is back: the accepted ids are still known."""
    away = rig.logs.with_name("away")
    if read:
        _write(rig, "access.log", 0, read)
        rig.run()
    _write(rig, "access.log", read, 150)
    rig.die_at("store.after_append")
    rig.logs.rename(away)
    rig.run()
    rig.run(120)
    away.rename(rig.logs)
    rig.run()
    assert LINES == rig.messages()
    assert 150 == rig.report.totals.indexed


def test_a_rotated_file_beside_its_compressed_copy_is_read_once(rig: Any) -> None:
    """Also where both are there at the first look, and when one of them goes (gzip -k)."""
    _write(rig, "access.log.1", 0, 150)
    plain, packed = rig.file("access.log.1"), rig.file("access.log.1.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    rig.run()
    plain.unlink()
    rig.run()
    assert LINES == rig.messages()


def test_a_copy_that_is_there_at_the_first_look_is_read_once(rig: Any) -> None:
    """The collector starts between the copying and the truncating of copytruncate."""
    _write(rig, "access.log", 0, 100)
    shutil.copyfile(rig.file("access.log"), rig.file("access.log.1"))
    rig.touch("access.log.1")
    rig.run()
    os.truncate(rig.file("access.log"), 0)
    _write(rig, "access.log", 100, 150)
    rig.run()
    assert LINES == rig.messages()


def test_a_clock_that_was_set_back_keeps_no_record_waiting(rig: Any) -> None:
    """The last line without a newline comes after the quiet time, not when the clock is back."""
    rig.write("access.log", "a\nlast")
    rig.run(10_000_000)
    rig.rename("access.log", "access.log.1")
    rig.run(-10_000_000)
    rig.run(120)
    assert ["a", "last"] == rig.messages()


def test_a_file_that_two_inputs_read_is_a_warning(rig: Any) -> None:
    """Each record is two events then, which nobody wants unknowingly."""
    rig.inputs = (*rig.inputs, Input("all", str(rig.logs / "*"), "toy", "unit-a", "dmz"))
    rig.write("access.log", "a\n")
    path = rig.file("access.log")
    what = "is read by the inputs all, web; each of its records is stored once for each"
    assert (f"{path}: {what}",) == rig.run().warnings


def test_a_compressed_file_at_the_inode_of_an_empty_one_is_known(rig: Any) -> None:
    """The inode of an empty file is given to the compressed form of one that was read."""
    _write(rig, "access.log", 0, 150)
    rig.run()
    rig.rename("access.log", "access.log.1")
    rig.write("access.log", "")
    rig.run()
    packed = gzip.compress(rig.file("access.log.1").read_bytes())
    rig.file("access.log.1").unlink()
    rig.rename("access.log", "access.log.1.gz")
    rig.write("access.log.1.gz", packed)
    rig.run()
    assert LINES == rig.messages()


def test_files_read_to_the_same_offset_are_told_apart(rig: Any) -> None:
    """What a file does not continue says nothing of another file that was read as far."""
    rig.write("access.log.2", "first\n")
    rig.run()
    rig.write("access.log", "other\n")
    rig.run()
    shutil.copyfile(rig.file("access.log"), rig.file("access.log.1"))
    rig.touch("access.log.1")
    rig.run()
    os.truncate(rig.file("access.log"), 0)
    rig.touch("access.log")
    rig.run()
    assert ["first", "other"] == rig.messages()
