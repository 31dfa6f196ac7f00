"""When parts start, start again, end: on a simulated clock, for any course of events."""

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import supervisor
from app.supervisor import Part, Plan

NAMES = ("collect", "correlate", "console")
NEW = Plan(tuple(map(Part, NAMES)))


def running(at=0.0):
    """Everything started at this time."""
    plan = NEW
    for name in NAMES:
        plan = supervisor.begun(plan, name, at)
    return plan


def part(plan, name="collect"):
    """One part."""
    return next(one for one in plan.parts if one.name == name)


def restarts(lasted, times):
    """The waits of a part that is killed again and again after so many seconds."""
    plan, now, waits = NEW, 0.0, []
    for _ in range(times):
        plan = supervisor.begun(plan, "collect", now)
        plan = supervisor.ended(plan, "collect", -9, now + lasted)
        waits.append(part(plan).due - now - lasted)
        now = part(plan).due
    return waits


def test_all_parts_start_in_their_order():
    """The collector first, the console last; what runs is not started again."""
    assert list(NAMES) == list(supervisor.to_start(NEW, 0.0))
    assert [] == list(supervisor.to_start(running(), 99.0))


def test_a_part_that_keeps_dying_is_waited_for_longer_and_longer():
    """Doubled from a second to a minute, and not further."""
    assert [1, 2, 4, 8, 16, 32, 60, 60] == restarts(59.0, 8)


def test_a_minute_of_health_forgets_the_past():
    """Who ran a minute is started again after a second."""
    assert [1, 1, 1] == restarts(60.0, 3)


def test_only_the_part_that_died_is_started_again_and_not_too_early():
    """Its neighbours go on; before its time nothing happens."""
    plan = supervisor.ended(running(), "correlate", -9, 100.0)

    assert [] == list(supervisor.to_start(plan, 100.9))
    assert ["correlate"] == list(supervisor.to_start(plan, 101.0))
    assert 1.0 == supervisor.patience(plan, 100.0)
    assert not plan.stopping


@pytest.mark.parametrize("code", [1, 2])
def test_a_part_that_explains_itself_before_it_worked_ends_everything(code):
    """A mistake of a person is not tried for ever."""
    plan = supervisor.ended(running(), "console", code, 59.9)

    assert (True, 1) == (plan.stopping, plan.code)
    assert [] == list(supervisor.to_start(plan, 99.0))


@pytest.mark.parametrize(
    ("code", "lasted"),
    [
        pytest.param(-9, 0.1, id="killed at once"),
        pytest.param(0, 0.1, id="asked to end by somebody else"),
        pytest.param(141, 0.1, id="broken pipe"),
        pytest.param(1, 60.0, id="an error after it worked"),
    ],
)
def test_any_other_end_is_followed_by_a_start(code, lasted):
    """What a configuration cannot be blamed for is tried again."""
    plan = supervisor.ended(running(), "collect", code, lasted)

    assert ["collect"] == list(supervisor.to_start(plan, lasted + 1.0))


def test_who_worked_once_may_fail_at_once_later():
    """A full disk at night ends nobody's neighbours."""
    plan = supervisor.ended(running(), "collect", -9, 3_600.0)
    plan = supervisor.begun(plan, "collect", 3_601.0)
    plan = supervisor.ended(plan, "collect", 1, 3_601.1)

    assert not plan.stopping


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)], ids=["Ctrl-C", "service"]
)
def test_first_signal_asks_second_kills(number, code):
    """The exit code is that of the first; the grace is 30 s, or until the second signal."""
    plan = supervisor.signalled(running(), number, 100.0)
    again = supervisor.signalled(plan, signal.SIGINT, 101.0)

    assert [] == list(supervisor.to_kill(plan, 129.9))
    assert list(NAMES) == list(supervisor.to_kill(plan, 130.0))
    assert list(NAMES) == list(supervisor.to_kill(again, 101.0))
    assert (code, code) == (plan.code, again.code)


def test_it_is_over_when_the_last_part_ended():
    """Parts that end while everything ends are not started again, whatever their code."""
    plan = supervisor.signalled(running(), signal.SIGTERM, 100.0)
    for name in NAMES:
        assert not plan.over
        plan = supervisor.ended(plan, name, 1, 100.5)

    assert plan.over
    assert 0 == plan.code
    assert [] == list(supervisor.to_start(plan, 999.0))


EVENTS = st.lists(
    st.tuples(
        st.floats(0, 100),
        st.sampled_from(["start", *NAMES]),
        st.sampled_from([-9, 0, 1, 2, 141]),
    )
)


@given(EVENTS, st.booleans())
def test_for_any_course_of_events_nothing_is_started_twice_or_after_the_end(events, interrupted):
    """Whatever ends whenever: due parts start, waits are within bounds, stopping is final."""
    plan, now = NEW, 0.0
    for secs, act, code in events:
        now += secs
        before = plan
        if act == "start":
            for name in supervisor.to_start(plan, now):
                assert not part(plan, name).running
                plan = supervisor.begun(plan, name, now)
        elif part(plan, act).running:
            plan = supervisor.ended(plan, act, code, now)
            assert 1.0 <= part(plan, act).delay <= 60.0
        waits = [one.due - now for one in plan.parts if not one.running]
        patience = supervisor.patience(plan, now)
        assert plan.stopping or patience == (max(0.0, min(waits)) if waits else None)
        assert plan.stopping >= before.stopping
    if interrupted:
        plan = supervisor.signalled(plan, signal.SIGTERM, now)
        assert set(supervisor.to_kill(plan, now + 30.0)) == {
            one.name for one in plan.parts if one.running
        }
        assert not list(supervisor.to_start(plan, now + 999.0))
