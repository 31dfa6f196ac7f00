"""One record at a time: what each outcome leaves behind."""

import json
from typing import Any

import pytest


def _quarantined(rig: Any, line: str) -> dict[str, Any]:
    rig.write("access.log", line + "\n")
    assert 1 == rig.run().run.quarantined
    value: dict[str, Any] = json.loads(rig.quarantine()[-1])
    return value


@pytest.mark.parametrize(
    ("line", "reason", "record"),
    [
        pytest.param("refuse secret", "not wanted", "refuse <key>", id="refused"),
        pytest.param(
            "poison secret", "fault while parsing: ZeroDivisionError", "poison <key>", id="poison"
        ),
        pytest.param("nothing", "the dataset gave no event", "nothing", id="no event"),
        pytest.param("unmaskable", "fault while parsing: RuntimeError", "", id="mask fails"),
    ],
)
def test_a_record_without_event_is_quarantined_masked(
    rig: Any, line: str, reason: str, record: str
) -> None:
    """With its place and a reason without data; a record that cannot be masked is not kept."""
    rig.write("access.log", "ok\n")
    value = _quarantined(rig, line)
    assert (reason, record, 3) == (value["reason"], value["record"], value["offset"])
    assert ["ok"] == rig.messages()


def test_the_event_carries_its_place_and_owner(rig: Any) -> None:
    """Source, file, offset, host, operator and zone come from the input."""
    rig.write("access.log", "a\nb\n")
    rig.run()
    event = rig.store.events[1]
    document = event.document()
    assert ("web01", 2) == (document["host"]["name"], document["log"]["offset"])
    assert str(rig.file("access.log")) == document["log"]["file"]["path"]
    assert ("unit-a", "dmz", "toy") == (event.operator, event.zone, event.dataset)


def test_a_dataset_that_fails_to_release_joins_warns_and_goes_on(
    rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The join is lost and said to be; its records are indexed all the same."""
    rig.write("access.log", "open x\n")
    collector = rig.open()

    def fail(*args: Any) -> None:
        raise ValueError("data")

    monkeypatch.setattr(type(collector._intakes["web"]._dataset), "flush", fail)
    rig.run()
    report = rig.run(120)
    assert any("unfinished joins were lost" in text for text in report.warnings)
    assert () == rig.run(120).warnings
    assert ["open x"] == rig.messages()


def test_a_source_keeps_its_id_through_renames(rig: Any) -> None:
    """Generations of one path are one source."""
    rig.write("access.log", "a\n")
    rig.run()
    rig.rename("access.log", "access.log.1")
    rig.write("access.log.1", "b\n")
    rig.write("access.log", "c\n")
    rig.run()
    assert 1 == len({event.source for event in rig.store.events})
    assert 3 == len({event.id for event in rig.store.events})
