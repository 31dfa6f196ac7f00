"""Records of several lines through the collector: each one once, whole, and none lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

TRACE = "a\n\tb\n\tc\nd\n\te\n"


def _tabbed(rig: Any) -> Any:
    rig.continued = rb"\t"
    return rig


def test_a_record_is_taken_when_the_next_one_starts_or_the_file_is_quiet(rig: Any) -> None:
    """Each counts once, whatever its number of lines."""
    _tabbed(rig).write("access.log", TRACE)
    rig.run()
    assert ["a\n\tb\n\tc"] == rig.messages()
    rig.run(4)
    assert 1 == len(rig.messages())
    rig.run(2)
    assert ["a\n\tb\n\tc", "d\n\te"] == rig.messages()
    assert (2, 2) == (rig.report.totals.read, rig.report.totals.indexed)
    rig.write("access.log", "\tf\ng\n")
    rig.run()
    rig.run(6)
    assert ["\tf", "g"] == rig.messages()[2:]


def test_an_unfinished_last_line_waits_beside_a_closed_record(rig: Any) -> None:
    """Quiet ends a record, never a line."""
    _tabbed(rig).write("access.log", "a\n\tb\n\tun")
    rig.run()
    rig.run(60)
    rig.write("access.log", "finished\nc\n")
    rig.run()
    rig.run(6)
    assert ["a\n\tb", "\tunfinished", "c"] == rig.messages()


def test_rotation_in_the_middle_of_a_record_keeps_it_whole(rig: Any) -> None:
    """By rename and by copytruncate; the rest is written to the old file."""
    _tabbed(rig).write("access.log", TRACE)
    rig.run()
    rig.rename("access.log", "access.log.1")
    rig.write("access.log.1", "\tf\n")
    rig.write("access.log", "g\n\th\n")
    rig.run()
    rig.copytruncate("access.log", "access.log.2")
    rig.run_until_quiet()
    assert ["a\n\tb\n\tc", "d\n\te\n\tf", "g\n\th"] == sorted(rig.messages())


def test_a_crash_at_any_point_gives_the_same_records(
    tmp_path: Path, make_rig: Callable[..., Any]
) -> None:
    """Also when lines arrive after the crash that would have continued a record sent before it."""
    outcomes = []
    for first in range(1, 40):
        rig = _tabbed(make_rig(tmp_path / str(first)))
        rig.write("access.log", TRACE)
        rig.run()
        rig.now += 6_000_000
        crashed = rig.crash(first)
        before = rig.messages()
        rig.write("access.log", "\tlate\nz\n")
        rig.run()
        rig.run(6)
        rig.run(6)
        assert rig.report.totals.balanced
        assert rig.report.totals.indexed == len(rig.messages()) == len(set(rig.messages()))
        assert before == rig.messages()[: len(before)]
        assert f"{TRACE}\tlate\nz" == "\n".join(rig.messages())
        outcomes.append(len(rig.messages()))
        rig.close()
        if not crashed:
            break
    assert not crashed
    assert {3, 4} == set(outcomes)  # the late line belongs to the record, or came too late for it
