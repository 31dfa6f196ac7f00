"""What the shipped rules find in the simulated day: the four stories, and nothing in daily life.

The windows are those of the correlator; stores, cursors and ticks are left to the scenarios.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from app.demo.attack_beat import beat
from app.demo.clock import STEPS
from app.demo.day import files_until
from app.demo.logs import KINDS
from app.demo.trap_scan import licensed_scan
from app.demo.trap_support import remote_support
from app.demo.world import World, make_world
from collectors.dataset import Dataset, load_dataset
from collectors.record import Context, ParserState
from correlator.evaluate import Matcher, compile_rules
from correlator.points import Owner, Point
from correlator.windows import anchors
from haidang.model.event import Document
from haidang.model.fields import first_text, put
from haidang.model.instant import VIETNAM, Instant
from rules.fields import load_fields
from rules.load import load
from rules.rule import Correlation, Rule, RuleSet

_RULES = Path(__file__).parents[3] / "rules"
_DATASETS = {kind.file: kind.dataset for kind in KINDS.values()}
_NOBODY = Owner("", (), "", 0)

Group = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """One event that matched one rule."""

    rule: Rule
    time: Instant
    document: Document


@cache
def _rule_set() -> RuleSet:
    return load([_RULES / "sigma", _RULES / "correlation"])


@cache
def _matcher() -> Matcher:
    return compile_rules(_rule_set().rules, load_fields())


@cache
def _dataset(name: str) -> Dataset:
    return load_dataset(name)


@cache
def _hits(world: World) -> list[Hit]:
    found: list[Hit] = []
    for path, content in files_until(world, STEPS[-1]).items():
        _, host, name = path.split("/")
        dataset, context = _dataset(_DATASETS[name]), Context(host, VIETNAM)
        state: ParserState = {}
        for line in content.removesuffix(b"\n").split(b"\n"):
            masked = dataset.mask(line, b"a key of these tests")
            for parsed in dataset.parse(masked, context, state):
                put(parsed.document, "host.name", host)
                assert parsed.time is not None
                found += [
                    Hit(rule, parsed.time, parsed.document)
                    for rule in _matcher().match(parsed.document)
                ]
        assert not dataset.flush(context, state)
    return found


def _windows(one: Correlation, hits: list[Hit]) -> dict[Group, list[Instant]]:
    """The ends of a correlation's qualifying windows by group."""
    points: dict[Group, list[Point]] = defaultdict(list)
    for step, rule in enumerate(one.rules):
        for number, (group, time, counted) in enumerate(_inputs(rule, one, hits)):
            points[group].append(Point(time, f"{rule} {number}", 1 << step, _NOBODY, counted))
    ends = {group: list(anchors(sorted(some), one)) for group, some in points.items()}
    return {group: found for group, found in ends.items() if found}


def _inputs(
    rule: str, outer: Correlation, hits: list[Hit]
) -> Iterable[tuple[Group, Instant, tuple[str, ...]]]:
    """The group, time and counted value of each input of a correlation by this rule."""
    inner = next((one for one in _rule_set().correlations if one.card.id == rule), None)
    if inner is not None:
        for group, times in _windows(inner, hits).items():
            values = dict(group)
            for time in times:
                yield tuple((name, values[name]) for name in outer.group_by), time, ()
        return
    for hit in hits:
        if hit.rule.card.id == rule:
            group = tuple((name, first_text(hit.document, name)) for name in outer.group_by)
            if all(value for _, value in group):
                yield (
                    group,
                    hit.time,
                    tuple(first_text(hit.document, one) for one in outer.value_fields),
                )


def _found(hits: list[Hit]) -> dict[str, list[Group]]:
    """Groups by name of the correlations that raise alerts and have a qualifying window."""
    return {
        one.card.name: list(groups)
        for one in _rule_set().correlations
        if one.card.id not in _rule_set().silent and (groups := _windows(one, hits))
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_four_stories_and_nothing_else_are_found(seed: int) -> None:
    """One group of each story's correlation; no rule alone matches but what the calendar announced.

    No calendar is asked here: the scan and the remote support are silent by it (test_traps.py).
    """
    world = make_world(seed)
    hits = _hits(world)
    wanted = {
        "web_backdoor": [(("host.name", world.web.name),)],
        "win_ransomware_preparation": [
            (("host.name", world.files.name), ("user.name", world.ransom.account))
        ],
        "web_gambling_pages": [(("host.name", world.web.name),)],
        "net_dns_beat": [
            (
                ("source.ip", world.village.desks[world.infected].address),
                ("dns.question.name", beat(world).name),
            )
        ],
    }
    assert wanted == _found(hits)
    scan, support = licensed_scan(world), remote_support(world)
    alone = [hit for hit in hits if hit.rule.card.id not in _rule_set().silent]
    scanned = [one for one in alone if first_text(one.document, "source.ip") == scan.address]
    others = [one for one in alone if one not in scanned]
    assert {"win_remote_support_tool"} == {one.rule.card.name for one in others}
    assert all(support.start < one.time < support.end for one in others)
    assert all(scan.start < one.time < scan.end for one in scanned)
    assert len({one.rule.card.name for one in scanned}) >= 3


@pytest.mark.slow
def test_daily_life_does_touch_the_steps_of_the_stories() -> None:
    """Citizens send forms, the backup lists shadow copies, an administrator uses remote desktop."""
    world = make_world()
    by_name: dict[str, set[str]] = defaultdict(set)
    for hit in _hits(world):
        who = first_text(hit.document, "source.ip") or first_text(hit.document, "user.name")
        by_name[hit.rule.card.name].add(who)
    assert len(by_name["web_form_post"] - {world.backdoor.attacker}) > 3
    assert world.jump in by_name["win_rdp_logon"]
    assert len(by_name["win_failed_logon"] - {world.ransom.address}) >= 2


@pytest.mark.slow
def test_without_the_shell_the_web_story_raises_nothing() -> None:
    """The twin of the story: everything but its last step is ordinary enough to be silent."""
    hits = [hit for hit in _hits(make_world()) if hit.rule.card.name != "web_user_shell"]
    assert "web_backdoor" not in _found(hits)


@pytest.mark.slow
def test_with_nineteen_failures_the_file_server_story_raises_nothing() -> None:
    """The twin of the story: one failed logon short of the threshold."""
    hits = _hits(make_world())
    failures = [hit for hit in hits if hit.rule.card.name == "win_failed_logon"]
    user = make_world().ransom.account
    guesses = [hit for hit in failures if first_text(hit.document, "user.name") == user]
    fewer = [hit for hit in hits if hit not in guesses[19:]]
    assert len(guesses) == 46
    assert "win_ransomware_preparation" not in _found(fewer)
