"""The lines of A2 and C1: seed 1 as the demo tells it, others inside what the rules catch."""

import re
from urllib.parse import unquote

import pytest

from app.demo.attack_beat import beat
from app.demo.attack_gambling import acts, planting
from app.demo.names import CRAWLER
from app.demo.world import make_world
from haidang.model.instant import MINUTE, SECOND, to_local


def _clock(moment: int) -> str:
    return to_local(moment).strftime("%H:%M")


def test_seed_1_has_the_pages_of_the_demo() -> None:
    """212 paths, from 04:30 to 05:10, in the folder that the backdoor lies in."""
    world = make_world()
    one = planting(world)
    assert (212, "04:30", "05:10") == (len(set(one.targets)), _clock(one.start), _clock(one.end))
    folder = world.backdoor.section.folder
    assert all(target.startswith(f"{folder}/") for target in one.targets)
    assert world.backdoor.host == one.host


def test_seed_1_has_the_beat_of_the_demo() -> None:
    """Every five minutes from 07:42, the thirteenth call at 08:42, 36 before 10:40."""
    world = make_world()
    one = beat(world)
    desk = world.village.desks[world.infected]
    assert ("BM-VP-03", "10.44.7.23", "cdn-capnhat.example") == (desk.name, desk.address, one.name)
    assert ["07:42", "08:42", "10:37"] == [_clock(one.calls[n]) for n in (0, 12, -1)]
    assert 36 == len(one.calls)
    assert "07:42" == _clock(desk.on)


@pytest.mark.parametrize("seed", range(2, 40))
def test_other_seeds_stay_inside_what_the_rules_catch(seed: int) -> None:
    """At least twenty paths in six hours; thirteen calls in 65 minutes, at once after the start."""
    world = make_world(seed)
    pages, calls = planting(world), beat(world).calls
    assert len(set(pages.targets)) >= 20
    assert pages.end - pages.start < 60 * MINUTE
    assert calls[12] - calls[0] < 65 * MINUTE
    assert 0 < calls[0] - world.village.desks[world.infected].on < MINUTE
    assert list(calls) == sorted(calls)


def test_crawlers_get_the_page_and_visitors_are_sent_on() -> None:
    """Each target once to the crawler; visitors follow, never with the crawler's agent."""
    world = make_world()
    requests = [act.what for act in acts(world)]
    crawled = [one.target for one in requests if one.status == 200]
    visited = [one for one in requests if one.status == 302]
    assert list(planting(world).targets) == crawled
    assert {CRAWLER} == {one.agent for one in requests if one.status == 200}
    assert len(visited) > 20
    assert all(one.agent != CRAWLER and one.target in crawled for one in visited)


def test_the_words_come_plain_composed_and_decomposed() -> None:
    """As planted by tools that write Vietnamese each in its own way."""
    text = "".join(planting(make_world()).targets)
    assert all(form in text for form in ("tai-xiu", "t%C3%A0i", "ta%CC%80i", "nha-cai", "nh%C3%A0"))
    assert re.search("[^!-~]", text) is None
    assert "tài xỉu" in unquote(text)


def test_the_beat_does_not_drift() -> None:
    """Each call is within two seconds of its place."""
    calls = beat(make_world()).calls
    assert all(abs(call - calls[0] - 5 * n * MINUTE) <= 2 * SECOND for n, call in enumerate(calls))
