"""Syslog against 96 cases of RFC 5424 and RFC 3164; docs/conformance/syslog.md is their table."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collectors.formats import syslog
from collectors.formats.options import Options
from collectors.record import Misfit

ROOT = Path(__file__).parents[3]
CASES = ROOT / "../shared/data/syslog-conformance/cases.jsonl"
PAGE = ROOT / "docs/conformance/syslog.md"
NAMES = {
    "version": "version",
    "timestamp": "timestamp",
    "hostname": "host",
    "app_name": "app",
    "procid": "pid",
    "msgid": "msgid",
    "message": "message",
    "priority": "priority",
    "facility": "facility",
    "severity": "severity",
}
NO_HEADER = "a priority and then text, without a time"
# Where we differ on purpose, and why.
RULINGS = {
    NO_HEADER: "RFC 3164, 4.3.3 lets the whole rest be the message; FortiGate sends just that",
    "a byte-order mark before the message": "RFC 5424, 6.4: it tells the encoding and is not text",
    "an escape within structured data": "RFC 5424, 6.3.3: the value is what the escape stands for",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case: as expected, as expected but for rulings, or wrong."""

    grammar: str
    valid: bool
    rulings: tuple[str, ...]
    wrong: str


def _outcome(case: dict[str, Any]) -> Outcome:
    raw = bytes.fromhex(case["input_hex"]) if "input_hex" in case else case["input"].encode()
    text = raw.decode("utf-8", "replace")
    rulings, wrong = [], ""
    try:
        groups = syslog.read(Options(), text, {})
    except Misfit:
        wrong = text if case["valid"] else ""
    else:
        if case["valid"]:
            rulings, same = _compare(case.get("expected", {}), groups)
            wrong = "" if same else text
        elif groups["syslog.timestamp"] is None and groups["syslog.version"] is None:
            rulings = [NO_HEADER]
        else:
            wrong = text
    return Outcome(case["grammar"], case["valid"], tuple(rulings), wrong)


def _compare(expected: dict[str, Any], groups: dict[str, str | None]) -> tuple[list[str], bool]:
    """The rulings that a case needs, and whether every part is then as expected."""
    rulings = []
    message = expected.get("message", "")
    if message.startswith("\ufeff"):
        rulings.append("a byte-order mark before the message")
    wanted = {**expected, "message": message.removeprefix("\ufeff")}
    data = wanted.pop("structured_data", {})
    found = syslog.structured(groups["syslog.structured_data"] or "")
    if any("\\" in value for element in data.values() for value in element.values()):
        rulings.append("an escape within structured data")
    parts = [
        str(wanted.get(theirs, "")) == (groups[f"syslog.{ours}"] or "")
        for theirs, ours in NAMES.items()
        if theirs in wanted or theirs not in ("facility", "severity")
    ]
    plain = {
        name: {key: _undone(value) for key, value in element.items()}
        for name, element in data.items()
    }
    return rulings, plain == found and (not expected or all(parts))


def _undone(value: str) -> str:
    return value.replace("\\\\", "\0").replace('\\"', '"').replace("\\]", "]").replace("\0", "\\")


@pytest.fixture(name="outcomes", scope="module")
def _outcomes() -> list[Outcome]:
    if not CASES.exists():
        pytest.skip(f"no test data at {CASES}")
    return [_outcome(json.loads(line)) for line in CASES.read_text("utf-8").splitlines()]


def _page(outcomes: list[Outcome]) -> Iterator[str]:
    yield "# Syslog against 96 cases\n"
    yield "Made by `HAIDANG_WRITE=1 pytest tests/collectors/formats/test_syslog_conformance.py`,"
    yield "from `shared/data/syslog-conformance` (go-syslog's tests as data); a test compares it.\n"
    yield "| grammar | cases | as expected | by a ruling below | wrong |"
    yield "|---|---|---|---|---|"
    for grammar, valid in sorted({(one.grammar, one.valid) for one in outcomes}):
        some = [one for one in outcomes if (one.grammar, one.valid) == (grammar, valid)]
        wrong = sum(bool(one.wrong) for one in some)
        ruled = sum(bool(one.rulings) and not one.wrong for one in some)
        what = "valid, all parts equal" if valid else "invalid, refused"
        counted = (len(some), len(some) - ruled - wrong, ruled, wrong)
        yield f"| {grammar}: {what} | {' | '.join(map(str, counted))} |"
    yield "\n| where we differ | cases | why |\n|---|---|---|"
    counts = Counter(ruling for one in outcomes for ruling in one.rulings)
    for ruling, why in RULINGS.items():
        yield f"| {ruling} | {counts[ruling]} | {why} |"


def test_no_case_is_wrong(outcomes: list[Outcome]) -> None:
    """Valid lines equal what is expected, invalid ones are refused, but for the rulings."""
    assert [(True, 44), (False, 52)] == [
        (valid, sum(one.valid == valid for one in outcomes)) for valid in (True, False)
    ]
    assert [] == [one.wrong for one in outcomes if one.wrong]


def test_the_table_is_current(outcomes: list[Outcome]) -> None:
    """What docs/conformance/syslog.md says was counted."""
    text = "\n".join(_page(outcomes)) + "\n"
    if os.environ.get("HAIDANG_WRITE"):
        PAGE.write_text(text, "utf-8")
    assert text == PAGE.read_text("utf-8")
