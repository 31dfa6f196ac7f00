"""auditd.log: what is refused, and the join of a process's records."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.dataset import load_dataset
from collectors.datasets.auditd_pairs import read_pairs
from collectors.record import Context, Parsed, ParserState
from haidang.errors import Refused

DATA = Path(__file__).parents[2] / "../shared/data"
FOLDER = DATA / "beats-oss/filebeat/module/auditd/log/test"
ENRICHED = DATA / "plaso-logs/audit_enriched.log"
AUDITD = load_dataset("auditd.log")

SYSCALL = (
    "type=SYSCALL msg=audit(1763424930.{ms}:{n}): arch=c000003e syscall=59 success={ok} exit=0 "
    'a0=1 ppid=7 pid={n} auid=1000 uid=33 comm="sh" exe="/usr/bin/dash" key=(null)'
)
EXECVE = 'type=EXECVE msg=audit(1763424930.{ms}:{n}): argc=2 a0="sh" a1="-{n}"'
CWD = 'type=CWD msg=audit(1763424930.{ms}:{n}): cwd="/srv"'
PROCTITLE = "type=PROCTITLE msg=audit(1763424930.{ms}:{n}): proctitle=7368002D78"


def _line(template: str, n: int, ok: str = "yes", node: str = "") -> bytes:
    return (node + template.format(n=n, ms=f"{n % 1000:03}", ok=ok)).encode()


def _derived(lines: list[bytes], state: ParserState) -> list[Parsed]:
    return [p for line in lines for p in AUDITD.parse(line, Context(), state)[1:]]


@pytest.mark.skipif(not FOLDER.exists(), reason=f"no test data at {FOLDER}")
def test_few_records_of_real_logs_are_refused() -> None:
    """Of 2,571: records of type UNKNOWN[1329] whose stamp is garbage."""
    refused = 0
    for log in sorted(FOLDER.glob("*.log")):
        for line in filter(bytes.strip, log.read_bytes().split(b"\n")):
            try:
                AUDITD.parse(line, Context(), {})
            except Refused:
                refused += 1
    assert refused == 119


@pytest.mark.skipif(not ENRICHED.exists(), reason=f"no test data at {ENRICHED}")
def test_enriched_records_join_to_processes() -> None:
    """Every successful execve of the file is one process with its arguments decoded."""
    state: ParserState = {}
    lines = [line for line in ENRICHED.read_bytes().splitlines() if line.strip()]
    derived = _derived(lines, state) + AUDITD.flush(Context(), state)
    commands = [parsed.document["process"]["command_line"] for parsed in derived]
    expected = sum(b" SYSCALL=execve" in line and b"success=yes" in line for line in lines)
    assert len(commands) == expected > 1
    assert commands[0] == "id"
    assert all(parsed.document["user"]["name"] == "root" for parsed in derived)
    assert state == {}


def test_a_process_is_complete_at_its_proctitle() -> None:
    """One derived event with a key of its serial, and nothing left waiting."""
    state: ParserState = {}
    lines = [_line(template, 5) for template in (SYSCALL, EXECVE, CWD, PROCTITLE)]
    assert _derived(lines[:3], state) == []
    (process,) = _derived(lines[3:], state)
    assert process.key == "process:1763424930005000:5"
    assert process.document["process"]["command_line"] == "sh -5"
    assert process.document["process"]["working_directory"] == "/srv"
    assert process.document["process"]["parent"]["pid"] == 7
    assert state == {}


def test_mixed_serials_do_not_mix() -> None:
    """Two processes whose records alternate keep their own arguments."""
    pairs = [(t, n) for t in (SYSCALL, EXECVE, CWD, PROCTITLE) for n in (1, 2)]
    derived = _derived([_line(template, n) for template, n in pairs], {})
    assert [p.document["process"]["args"] for p in derived] == [["sh", "-1"], ["sh", "-2"]]
    assert [p.document["process"]["pid"] for p in derived] == [1, 2]


def test_proctitle_stands_in_for_a_missing_execve() -> None:
    """The command line is what the kernel says it is."""
    (process,) = _derived([_line(SYSCALL, 1), _line(PROCTITLE, 1)], {})
    assert process.document["process"]["command_line"] == "sh -x"


def test_a_failed_execve_starts_no_process() -> None:
    """Only success=yes counts."""
    lines = [_line(template, 1, ok="no") for template in (SYSCALL, EXECVE, PROCTITLE)]
    assert _derived(lines, {}) == []


def test_without_proctitle_later_serials_release_a_process() -> None:
    """Old kernels send neither PROCTITLE nor EOE."""
    state: ParserState = {}
    assert _derived([_line(SYSCALL, 1), _line(EXECVE, 1)], state) == []
    derived = _derived([_line(CWD, n) for n in range(2, 8)], state)
    assert [p.document["process"]["args"] for p in derived] == [["sh", "-1"]]


def test_serials_of_another_node_release_nothing() -> None:
    """A forwarder mixes the logs of several hosts."""
    state: ParserState = {}
    _derived([_line(SYSCALL, 1, node="node=a "), _line(EXECVE, 1, node="node=a ")], state)
    assert _derived([_line(CWD, n, node="node=b ") for n in range(2, 20)], state) == []
    (process,) = AUDITD.flush(Context(), state)
    assert process.document["host"]["name"] == "a"


def test_the_state_is_json_and_bounded() -> None:
    """It is committed with the offset, however hostile the file is."""
    state: ParserState = {}
    for n in range(300):
        node = f"node=n{n} "
        huge = b'exe="/' + b"y" * 50_000
        _derived([_line(SYSCALL, n, node=node).replace(b'exe="', huge)], state)
        long = f'{node}type=EXECVE msg=audit(1763424930.{n:03}:{n}): a0="{"x" * 50_000}"'
        _derived([long.encode()], state)
    assert len(orjson.dumps(state)) < 33 * 24_000


def test_a_restart_between_two_records_changes_nothing() -> None:
    """State that went through JSON joins as if it had not."""
    lines = [_line(template, 5) for template in (SYSCALL, EXECVE, CWD, PROCTITLE)]
    whole = _derived(lines, {})
    state: ParserState = {}
    pieces = []
    for line in lines:
        state = orjson.loads(orjson.dumps(state))
        pieces += _derived([line], state)
    assert whole == pieces


TAIL = ' name="/a b"\x1dOUID="root"'
MESSAGE = " uid=0 msg='op=add user id=4'"


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        pytest.param("EXECVE", ' a0=6C73 a1="6C73"', {"a0": "ls", "a1": "6C73"}, id="hex"),
        pytest.param("SYSCALL", " a0=6C73", {"a0": "6C73"}, id="a number, not text"),
        pytest.param("PATH", TAIL, {"name": "/a b", "OUID": "root"}, id="enriched"),
        pytest.param("X", MESSAGE, {"uid": "0", "op": "add user", "id": "4"}, id="op"),
        pytest.param("X", " msg='op= id=4'", {"op": "", "id": "4"}, id="empty op"),
        pytest.param(
            "LOGIN", " old auid=1 new auid=2", {"old_auid": "1", "new_auid": "2"}, id="old"
        ),
        pytest.param("X", " uid=0 msg='uid=4 '", {"uid": ["0", "4"]}, id="twice"),
    ],
)
def test_pairs(kind: str, body: str, expected: dict[str, Any]) -> None:
    """Quotes, hexadecimal values, inner messages and the enriched tail."""
    assert expected == read_pairs(kind, body)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["SYSCALL", "EXECVE", "LOGIN", "AVC", "USER_CMD", "PROCTITLE"]), st.text())
def test_any_body_parses(kind: str, body: str) -> None:
    """A record with a good head is never refused for its body."""
    line = f"type={kind} msg=audit(1763424930.001:1):{body}".encode("utf-8", "surrogatepass")
    parsed = AUDITD.parse(line, Context(), {})[0]
    assert kind == parsed.document["auditd"]["log"]["record_type"]


def test_hex_of_a_broken_line_is_masked_without_its_key() -> None:
    """A line that was cut before the value goes to quarantine, masked all the same."""
    plain = b"tra-cuu?cccd=079203012345&password=hunter2\x00"
    dataset = load_dataset("auditd.log")

    masked = dataset.mask(b"type=EXECVE msg=audit(1.2 " + plain.hex().upper().encode(), b"k")

    decoded = bytes.fromhex(masked.split()[-1].decode())
    assert decoded.startswith(b"tra-cuu?cccd=<citizen:")
    assert b"hunter2" not in decoded
