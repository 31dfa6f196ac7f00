"""What stayed silent in a world of its own: the counts are those of the lines in its logs."""

from contextlib import ExitStack

import pytest

from app.demo import trap_news, trap_passwords, trap_scan, trap_signature, trap_support
from app.demo.clock import clock, instant
from app.demo.silences import silences
from app.demo.story import Stage
from app.demo.windows import WindowsEvent
from app.demo.world import make_world
from haidang.model.instant import to_local

HOURS = ((3.5, 5.5), (6.5, 11.5), (13.5, 13.9), (15, 16), (20, 23))
SPANS = tuple((instant(3600 * start), instant(3600 * end)) for start, end in HOURS)


def within(acts):
    """The acts that the played hours hold."""
    return [act for act in acts if any(start < act.moment <= end for start, end in SPANS)]


def wall(moment):
    """HH:MM in Vietnam."""
    return f"{to_local(moment):%H:%M}"


@pytest.mark.slow
def test_each_trap_of_another_world_is_counted_and_explained(tmp_path):
    """Six kinds of silence; hours that are not played are lines down too, so there are more."""
    world = make_world(2)
    with ExitStack() as stack:
        stage = Stage.open(tmp_path, world, stack)
        for _step in stage.play(pytest.fail, SPANS):
            pass
        found = list(silences(stage, instant(clock(23, 0))))
    scan, *cuts, signature, news, support, passwords = found
    agreed = trap_support.remote_support(world)
    starts = [one.what for one in trap_support.acts(world) if isinstance(one.what, WindowsEvent)]
    tools = [one for one in starts if "UltraViewer" in one.data.get("NewProcessName", "")]

    assert scan.count >= len(within(trap_scan.acts(world)))
    assert cuts
    assert all(f"{world.dark.unit.name}: mất kết nối" in cut.words["vi"] for cut in cuts)
    assert len(within(trap_signature.acts(world))) == signature.count
    assert len(within(trap_news.acts(world))) == news.count
    assert len(tools) == support.count
    assert wall(agreed.end) in support.words["vi"]
    assert len(list(trap_passwords.acts(world))) - 1 == passwords.count
    assert "dưới ngưỡng 10 lần trong 10 phút" in passwords.words["vi"]
    assert all(set(one.words) == {"vi", "en"} for one in found)
