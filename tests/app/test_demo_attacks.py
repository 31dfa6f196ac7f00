"""A2 and C1 played on the real collector, correlator and alerts: their sentences, word for word."""

from contextlib import ExitStack

import pytest

from alerts.evidence import read_copies
from alerts.lease import LEASE
from alerts.listing import list_alerts
from app.demo.attack_beat import beat
from app.demo.attack_gambling import planting
from app.demo.clock import STEP
from app.demo.story import Stage
from app.demo.world import make_world
from haidang.model.instant import MINUTE, to_local

PAGES = "0c0fbc52-9d8b-4f3e-9d4f-6a0e4b9c1b11"
BEAT = "0c0fbc52-9d8b-4f3e-9d4f-6a0e4b9c1b12"


def around(start, end):
    """The steps that hold these events."""
    return (start // STEP * STEP - STEP, end // STEP * STEP + STEP)


def play(folder, seed, span, rule):
    """Some hours of a world: every state in which the rule's one alert was told, and its copies."""
    with ExitStack() as stack:
        stage = Stage.open(folder, make_world(seed), stack)
        told = [one for step in stage.play(pytest.fail, (span,)) for one in step.alerts]
        assert {rule} == {one.rule for one in told}
        (last,) = list_alerts(stage.soc.database, stage.soc.scope)
        with stage.soc.database.reading() as connection:
            copies = read_copies(connection, [last.id])
    assert told[-1] == last
    assert [1 + number for number in range(len(told))] == [one.revision for one in told]
    return told, copies


def pages_sentence(minutes, count):
    """A2, exactly."""
    return (
        f"Trong {minutes} phút có {count} đường dẫn mới chứa từ khóa cờ bạc trong thư mục tải lên; "
        "máy tìm kiếm nhận được trang, còn người xem bị chuyển sang trang ngoài."
    )


def beat_sentence(machine, unit, calls, minutes, step, since):
    """C1, exactly."""
    return (
        f"Máy {machine} của {unit} gọi một tên miền lạ {calls} lần trong {minutes} phút, "
        f"đều {step} phút một lần từ lúc bật máy {since}. Người dùng bình thường không tạo nhịp "
        "như vậy."
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_planted_pages_are_one_alert_that_grows(tmp_path, seed):
    """Raised within a step of the twentieth path; in the end it tells of all of them."""
    one = planting(make_world(seed))
    told, _ = play(tmp_path, seed, around(one.start, one.end), PAGES)
    minutes = round((one.end - one.start) / MINUTE)
    last = told[-1].sentences["vi"]
    assert pages_sentence(minutes, len(one.targets)) == last
    if seed == 1:
        assert pages_sentence(40, 212) == last
    assert 1 < len(told) <= minutes // 5 + 2
    assert ("high", {"host.name": one.host}) == (told[0].level, told[0].group)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 3])
def test_a_beat_is_one_alert_that_names_the_machine_by_its_lease(tmp_path, seed):
    """Raised with the thirteenth call; the lease lies beside the calls as evidence."""
    world, one = make_world(seed), beat(make_world(seed))
    commune, desk = world.village, world.village.desks[world.infected]
    told, copies = play(tmp_path, seed, around(desk.on, one.calls[14]), BEAT)
    step = round((one.calls[12] - one.calls[0]) / 12 / MINUTE)
    since = f"{to_local(desk.on):%H:%M}"

    first = told[0]
    calls = first.episode.events
    said = beat_sentence(desk.name, commune.unit.name, calls, (calls - 1) * step, step, since)
    assert said == first.sentences["vi"]
    if seed == 1:
        expected = beat_sentence("BM-VP-03", "UBND xã Bản Mẫu", 13, 60, 5, "07:42")
        assert expected == first.sentences["vi"]
    assert first.raised - one.calls[12] < STEP
    (lease,) = [copy for copy in copies if copy.rule == LEASE]
    assert (desk.on, desk.name) == (lease.time, lease.document()["client"]["domain"])
    assert (commune.unit.id,) == lease.units
