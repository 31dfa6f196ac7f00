"""The engine of `haidang parse`."""

from typing import Any

import orjson

from collectors.dataset import load_dataset
from collectors.parse import parse_lines
from collectors.record import Context

GOOD = b'203.0.113.7 - - [18/Nov/2026:08:15:30 +0700] "GET /a?password=s3cr3t HTTP/1.1" 200 1\r\n'
BAD = b'203.0.113.7 - - [18/Nov/2026] "GET / HTTP/1.1" 200 1\n'
AUDIT = [
    b"type=SYSCALL msg=audit(1763424930.1:1): arch=c000003e syscall=59 success=yes pid=3",
    b'type=EXECVE msg=audit(1763424930.1:1): argc=1 a0="id"',
]


def _parse(name: str, lines: list[bytes], *, explain: bool = False) -> list[dict[str, Any]]:
    found = parse_lines(load_dataset(name), lines, Context(), b"k", explain=explain)
    return [orjson.loads(line) for line in found]


def test_one_line_a_record_in_the_order_of_the_input() -> None:
    """Documents, errors and blank lines alike."""
    first, second, third, fourth = _parse("nginx.access", [GOOD, BAD, b"\n", GOOD])
    assert first == fourth
    assert first["@timestamp"] == "2026-11-18T01:15:30.000Z"
    assert first["event"]["dataset"] == "nginx.access"
    assert second == {"error": "no pattern of the dataset fits the line", "line": 2}
    assert third == {"dropped": "blank-line", "line": 3}


def test_derived_events_are_flagged_and_flushed() -> None:
    """A process that still waits at the end is not lost."""
    events = _parse("auditd.log", AUDIT)
    assert [event["haidang"].get("derived") for event in events] == [None, None, True]
    assert events[2]["process"]["pid"] == 3


def test_a_record_without_time_gets_the_given_one() -> None:
    """`parse` has no clock of its own."""
    (event,) = _parse("windows.winlogbeat", [b'{"a":1}'])
    assert event["@timestamp"] == "1970-01-01T00:00:00.000Z"


def test_explain_shows_why() -> None:
    """Pattern, groups, masks and log sources; how far a failing line fitted; no secret."""
    good, why, _, why_not = _parse("nginx.access", [GOOD, BAD], explain=True)
    facts = why["explain"]
    assert facts["pattern"] == "combined"
    assert facts["groups"]["status"] == "200"
    assert facts["masks"] == {"secret": 1}
    assert facts["logsource"] == good["haidang"]["logsource"]
    assert "s3cr3t" not in orjson.dumps([good, why]).decode()
    failure = why_not["explain"]["patterns"][0]
    assert failure["fits_to_column"] == len("203.0.113.7 - - ")
    assert "time" in failure["expected"]
    assert why_not["explain"]["refused"]
