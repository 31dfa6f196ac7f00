"""The demo's events in any order and any batches leave the same final episodes.

A simulated clock: each match arrives late by any delay within the allowance, a tick comes whenever
chance says, and within a tick the matches are shuffled. `HAIDANG_CASES` sets how many cases are
tried (150 by default; `HAIDANG_CASES=3000` takes minutes).
"""

import os
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from app.demo.attack_beat import beat
from app.demo.clock import STEPS, clock, instant
from app.demo.day import files_until
from app.demo.logs import KINDS
from app.demo.world import make_world
from collectors.dataset import load_dataset
from collectors.record import Context
from correlator.correlate import Clock, correlate
from correlator.match import Engine, match_events
from haidang.model.event import Event, encode
from haidang.model.fields import put
from haidang.model.ids import make_id
from haidang.model.instant import MINUTE, SECOND, VIETNAM
from haidang.model.packing import unpack_detection
from haidang.store.state import tables
from rules.fields import load_fields
from rules.load import load
from tests.support.correlation import empty_database

# The half-hours of the stories: the day between them has hardly a match.
SPANS = tuple(
    (instant(clock(*start)), instant(clock(*end)))
    for start, end in (
        ((1, 30), (2, 0)),
        ((4, 30), (4, 36)),
        ((7, 42), (8, 50)),
        ((14, 15), (14, 45)),
    )
)
ROOT = Path(__file__).parents[3]
ALLOWANCE = 15 * MINUTE
CASES = int(os.environ.get("HAIDANG_CASES", "150"))
PARTS = max(10, CASES // 30)  # so many tests for each arrangement, none of them slow
DATASETS = {kind.file: kind.dataset for kind in KINDS.values()}


def events_of(world):
    """Every event of these hours, as collection would store it."""
    for path, content in files_until(world, STEPS[-1], SPANS).items():
        _, host, name = path.split("/")
        dataset, context, state = load_dataset(DATASETS[name]), Context(host, VIETNAM), {}
        for number, line in enumerate(content.split(b"\n")[:-1]):
            masked = dataset.mask(line, b"a key of these tests")
            for part, parsed in enumerate(dataset.parse(masked, context, state)):
                put(parsed.document, "host.name", host)
                id_ = make_id(path, number, part)
                when, ecs = parsed.time, encode(parsed.document)
                yield Event(id_, when, when, path, name, "op", (host,), world.zone, 3, ecs)


@pytest.fixture(scope="module")
def engine():
    """Give the shipped rules."""
    return Engine.of(
        load([ROOT / "rules" / "sigma", ROOT / "rules" / "correlation"]), load_fields()
    )


@pytest.fixture(scope="module")
def matches(engine):
    """Give the matches of these hours, in order of time; of look-ups only those of the story."""
    found, poison = match_events(engine, list(events_of(make_world())))
    assert not poison
    # The others are hundreds of groups of one or two, which no order can make alerts of.
    name = beat(make_world()).name
    found = [one for one in found if one.values.get("dns.question.name", name) == name]
    return sorted(found, key=lambda one: (one.time, one.event, one.rule))


@pytest.fixture(scope="module")
def in_order(engine, matches):
    """Give what the day leaves if everything arrives at once."""
    end = matches[-1].time + 2 * ALLOWANCE
    return left_by(engine.plan, [(end, matches)])


def left_by(plan, ticks):
    """Final episodes of all correlations, and the alerts that stand with their evidence."""
    opened = empty_database()
    for closing, batch in ticks:
        with opened.transaction("test") as connection:
            correlate(connection, plan, batch, Clock(closing, closing - ALLOWANCE))
    table = tables.episode
    with opened.reading() as connection:
        rows = connection.execute(select(table).where(table.c.superseded_by == "")).all()
        payloads = connection.execute(select(tables.detection).order_by(tables.detection.c.id))
        detections = [unpack_detection(row.payload) for row in payloads]
    standing = {row.alert for row in rows}
    last = {one.alert: one for one in detections if one.alert in standing}
    return (
        sorted((row.rule, row.group_id, row.start, row.end, row.events) for row in rows),
        sorted(
            (one.card.name, one.episode.start, one.episode.end, one.members, one.affected)
            for one in last.values()
        ),
    )


def delayed(matches, random):
    """Ticks of matches that each arrived late; (closing time, batch) in order of receipt."""
    worst = random.choice((0, SECOND, MINUTE, ALLOWANCE))
    arrivals = [(one.time + random.randint(0, worst), one) for one in matches]
    arrivals.sort(key=lambda pair: pair[0])
    ticks, size = [], random.choice((1, 4, 16, 64))
    while arrivals:
        cut = random.randint(1, size * 10)
        taken, arrivals = arrivals[:cut], arrivals[cut:]
        batch = [one for _, one in taken]
        random.shuffle(batch)
        ticks.append((taken[-1][0], batch))
    end = ticks[-1][0] + ALLOWANCE + 1
    return [*ticks, (end, [])]


def shuffled(matches, random):
    """Batches without any order, and some matches twice: as after an import or a lost answer."""
    mixed = random.sample(matches, len(matches)) + random.sample(matches, len(matches) // 10)
    end = matches[-1].time + 2 * ALLOWANCE
    cuts = sorted(random.sample(range(1, len(mixed)), random.randint(0, 12)))
    edges = zip([0, *cuts], [*cuts, len(mixed)], strict=True)
    return [(end, mixed[start:stop]) for start, stop in edges]


def test_the_day_leaves_the_four_stories(in_order):
    """What all other cases are compared with is what the demo promises."""
    episodes, alerts = in_order

    stories = {"web_backdoor", "web_gambling_pages", "net_dns_beat", "win_ransomware_preparation"}
    assert stories == {name for name, *_ in alerts}
    assert len(episodes) > len(alerts)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("arranged", [delayed, shuffled])
def test_any_order_and_batching_leaves_the_same(arranged, part, engine, matches, in_order):
    """Same rule, group, start, end, number of events and evidence, whatever arrived first."""
    for case in range(part, CASES // 2, PARTS):
        ticks = arranged(matches, Random(case))  # noqa: S311 - chance, no secret

        assert in_order == left_by(engine.plan, ticks), f"{arranged.__name__}, case {case}"


@pytest.mark.slow
def test_alerts_keep_their_ids_however_the_feed_is_cut(engine, matches):
    """In feed order the window that fires first is the same in small and in large ticks."""

    def ids(size):
        opened = empty_database()
        found = set()
        for start in range(0, len(matches), size):
            batch = matches[start : start + size]
            with opened.transaction("test") as connection:
                clock = Clock(batch[-1].time, batch[-1].time - ALLOWANCE)
                found |= {one.alert for one in correlate(connection, engine.plan, batch, clock)}
        return found

    assert ids(len(matches)) == ids(7) == ids(50)
    assert 4 == len(ids(20))
