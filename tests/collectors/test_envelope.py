"""The envelope says what the configuration and the inventory vouch for."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from collectors.envelope import Origin, Place, make_event
from collectors.record import Parsed
from haidang.errors import Refused
from haidang.model.event import Document
from haidang.model.instant import DAY, HOUR, SECOND, Instant

NOW = 1_795_000_000 * SECOND
ORIGIN = Origin("source", "toy", "/logs/a", "web01", "unit-a", "dmz")


@dataclass(frozen=True, slots=True)
class Owner:
    """What a toy inventory answers."""

    operator: str = "unit-a"
    affected: tuple[str, ...] = ("unit-b",)
    zone: str = "inner"
    level: int = 4
    unresolved: tuple[str, ...] = ("host",)


def _make(
    time: Instant | None, document: Document, origin: Origin = ORIGIN, **place: Any
) -> Document:
    asked: list[tuple[str, str, Instant]] = []

    def find(document: Document, operator: str, zone: str, at: Instant) -> Owner:
        asked.append((operator, zone, at))
        return Owner()

    where = Place("id", **{"offset": 7, **place})
    event, unresolved = make_event(Parsed(time, document), origin, where, NOW, find)
    assert [("unit-a", "dmz", event.time)] == asked
    assert ("host",) == unresolved
    assert ("unit-a", ("unit-b",), "inner", 4) == (
        event.operator,
        event.affected,
        event.zone,
        event.level,
    )
    assert ("id", "source", "toy", NOW) == (event.id, event.source, event.dataset, event.received)
    return event.document()


def test_the_document_is_filled_where_it_is_silent() -> None:
    """Time, dataset, version, host, file and offset."""
    assert {
        "message": "m",
        "@timestamp": "2026-11-18T11:06:40.000Z",
        "event": {"dataset": "toy"},
        "ecs": {"version": "8.17.0"},
        "host": {"name": "web01"},
        "log": {"file": {"path": "/logs/a"}, "offset": 7},
    } == _make(NOW, {"message": "m"})


@pytest.mark.parametrize(("host", "expected"), [("web01", "web01"), ("", "db07")])
def test_a_hosts_own_name_counts_where_the_input_names_none(host: str, expected: str) -> None:
    """A central syslog file holds the lines of many hosts."""
    said = {"host": {"hostname": "db07"}}
    document = _make(NOW, said, replace(ORIGIN, host=host))
    assert {"hostname": "db07", "name": expected} == document["host"]


def test_what_the_record_says_of_host_and_log_stays() -> None:
    """And a scalar that stands in the way of an object is kept."""
    said = {"host": {"name": "fs01"}, "log": {"offset": 1, "file": {"path": "C:"}}, "ecs": "1.0"}
    document = _make(NOW, said)
    assert ("fs01", 1, "C:") == (
        document["host"]["name"],
        document["log"]["offset"],
        document["log"]["file"]["path"],
    )
    assert {"value": "1.0", "version": "8.17.0"} == document["ecs"]


@pytest.mark.parametrize(
    ("time", "flag"),
    [
        pytest.param(NOW + 24 * HOUR, None, id="24 hours ahead"),
        pytest.param(NOW - 400 * DAY, None, id="400 days behind"),
        pytest.param(NOW + 24 * HOUR + 1, {"replaced": "2026-11-19T11:06:40.000001Z"}, id="future"),
        pytest.param(0, {"replaced": "1970-01-01T00:00:00.000Z"}, id="past"),
        pytest.param(10**30, {"replaced": str(10**30)}, id="beyond the calendar"),
        pytest.param(None, {"missing": True}, id="none"),
    ],
)
def test_times_out_of_bounds_are_replaced_and_flagged(
    time: Instant | None, flag: dict[str, Any] | None
) -> None:
    """By the receive time; the original stays readable."""
    document = _make(time, {})
    assert flag == document.get("haidang", {}).get("time")
    assert (flag is not None) is (document["@timestamp"] == "2026-11-18T11:06:40.000Z")


def test_a_cut_record_is_flagged_beside_other_flags() -> None:
    """`log.flags` is a list that several may add to."""
    document = _make(NOW, {"log": {"flags": ["invalid_utf8"]}}, truncated=True)
    assert ["invalid_utf8", "truncated"] == document["log"]["flags"]


def test_a_document_that_stores_would_refuse_is_refused() -> None:
    """Before any store sees it."""
    with pytest.raises(Refused):
        _make(NOW, {"": 1})
