"""A retry makes events of quarantined records exactly once, and the ledger stays true."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from collectors import offsets
from haidang import durable
from haidang.errors import HaidangError

LINES = "a\nrefuse b\nrefuse drop c\nrefuse refuse d\nrefuse time 1000\nrefuse e\n"


class Crash(BaseException):
    """The process dies here."""


def _ledger(rig: Any) -> dict[str, Any]:
    totals = offsets.load(rig.data / "offsets.json").totals()
    assert totals.balanced
    return {"indexed": totals.indexed, "quarantined": totals.quarantined, **totals.dropped}


def _collected(rig: Any, text: str = LINES) -> Any:
    rig.write("access.log", text)
    rig.run()
    return rig


def test_what_parses_now_is_stored_once_under_the_id_it_would_have_had(rig: Any) -> None:
    """The same id, source, host and owner as its neighbours; a second retry does nothing."""
    _collected(rig)
    ids = {json.loads(line)["id"] for line in rig.quarantine()}
    before = rig.quarantine()
    report = rig.retry()

    assert (3, 1, 1) == (report.indexed, report.dropped, report.refused.total())
    assert ["a", "b", "time 1000", "e"] == rig.messages()
    events = rig.store.events
    assert {one.id for one in events[1:]} < ids
    assert 1 == len({(one.source, one.operator, one.affected, one.zone) for one in events})
    assert {"indexed": 4, "quarantined": 1, "noise": 1} == _ledger(rig)
    assert 4 == offsets.load(rig.data / "offsets.json").totals().retried
    assert before == rig.quarantine()[: len(before)]
    assert (0, 0, 1) == ((again := rig.retry()).indexed, again.dropped, again.refused.total())
    assert 4 == len(rig.messages())


def test_the_receive_time_of_the_record_is_the_clock(rig: Any) -> None:
    """A record without a time happened when it came; its event is received now."""
    _collected(rig, "refuse b\n")
    came = rig.now
    rig.retry()

    (event,) = rig.store.events
    assert (came, rig.now) == (event.time, event.received)


def test_only_the_chosen_are_tried(rig: Any) -> None:
    """By whatever is known of a record."""
    _collected(rig)
    report = rig.retry(lambda one: one.record.endswith(b" e"))
    assert (1, 0, 0) == (report.indexed, report.dropped, report.refused.total())
    assert ["a", "e"] == rig.messages()


def test_what_is_still_refused_stays(rig: Any) -> None:
    """With today's reason in the report, and nothing written."""
    _collected(rig)
    before = rig.quarantine()
    report = rig.retry(better=False)
    assert Counter({"not wanted": 5}) == report.refused
    assert before == rig.quarantine()


def test_derived_events_and_lost_inputs_are_said_to_be_impossible(rig: Any) -> None:
    """Nothing is guessed."""
    _collected(rig)
    line = json.loads(rig.quarantine()[0])
    line |= {"id": "0" * 32, "reason": "derived event: nested deeper than 200 levels"}
    path = rig.data / "quarantine.ndjson"
    path.write_bytes(path.read_bytes() + json.dumps(line, separators=(",", ":")).encode() + b"\n")
    stored = offsets.load(rig.data / "offsets.json")
    stored.quarantine = path.stat().st_size
    offsets.save(rig.data / "offsets.json", stored)

    assert 1 == rig.retry().impossible.total()
    rig.inputs = ()
    report = rig.retry()
    assert (0, 2) == (report.indexed, report.impossible.total())


def test_a_collector_and_a_retry_exclude_each_other(rig: Any) -> None:
    """What to do is said."""
    _collected(rig)
    rig.close = lambda: None
    with pytest.raises(HaidangError, match="another collector is using this folder; stop it"):
        rig.retry()


def _dies(act: Callable[[], object], at: int) -> bool:
    passed = 0

    def hook(name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == at:
            raise Crash(name)

    token = durable.HOOK.set(hook)
    try:
        act()
    except Crash:
        return True
    finally:
        durable.HOOK.reset(token)
    return False


@pytest.mark.parametrize("meanwhile", [False, True], ids=["retried again", "collected meanwhile"])
def test_a_crash_at_any_durable_act_doubles_and_loses_nothing(
    make_rig: Any, tmp_path: Any, meanwhile: bool
) -> None:
    """Also where a collector runs, rotates and settles between the two retries."""
    points = 0
    for at in range(1, 100):
        rig = make_rig(tmp_path / str(at))
        rig.options = {"batch_events": 2}
        _collected(rig)
        died = _dies(rig.retry, at)
        if meanwhile:
            rig.write("access.log", "f\n")
            rig.run()
            rig.run_until_quiet()
        rig.retry()
        rig.run()
        rig.close()

        expected = Counter(["a", "b", "e", "time 1000", *(["f"] if meanwhile else [])])
        assert expected == Counter(rig.messages()), at
        total = 5 if meanwhile else 4
        assert {"indexed": total, "quarantined": 1, "noise": 1} == _ledger(rig), at
        if not died:
            break
        points += 1
    assert points > 15


def test_a_store_that_refuses_the_event_leaves_the_record(rig: Any) -> None:
    """The reason is the store's."""
    _collected(rig, "refuse b\n")
    append = rig.store.append

    def refusing(batch: Any) -> Any:
        receipt = append([])
        receipt.refused.update({one.id: "too many fields" for one in batch})
        return receipt

    rig.store.append = refusing
    assert Counter({"event store: too many fields": 1}) == rig.retry().refused
    assert {"indexed": 0, "quarantined": 1} == _ledger(rig)
    rig.store.append = append
    assert 1 == rig.retry().indexed
