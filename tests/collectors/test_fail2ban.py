"""Authentication failures by fail2ban's labels; the table stands in docs/conformance."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from collectors.dataset import Dataset, load_dataset
from collectors.record import Context
from haidang.errors import Refused
from tests.support import beats

LOGS = beats.DATA / "fail2ban-logs/logs"
# What a service writes; of several data sets the first that reads a line counts.
DATASETS = {
    "dropbear": ("system.auth",),
    "haproxy-http-auth": ("haproxy.log",),
    "mysqld-auth": ("mysql.error",),
    "nginx-http-auth": ("nginx.error",),
    "sshd": ("system.auth",),
    "vsftpd": ("system.auth", "vsftpd.log"),
}
# Its other modes also count scans of a port or of TLS, which are no authentication failures.
_NORMAL = (b"{}", b'"normal"')
_LABEL = re.compile(rb"#\s*failJSON:\s*(\{.*\})")
_OPTIONS = re.compile(rb"#\s*filterOptions?:\s*(.*)")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not LOGS.exists(), reason=f"no test data at {LOGS}"),
]


@dataclass(slots=True)
class Score:
    """What became of the labelled lines of one service."""

    service: str
    found: int = 0
    missed: list[bytes] = field(default_factory=list)
    wrong: list[bytes] = field(default_factory=list)
    silent: int = 0

    @property
    def precision(self) -> float:
        """Of what we call a failure, how much is one, from that source; in percent."""
        return 100 * self.found / max(self.found + len(self.wrong), 1)

    @property
    def recall(self) -> float:
        """Of the failures, how many we call so; in percent."""
        return 100 * self.found / max(self.found + len(self.missed), 1)

    @property
    def row(self) -> str:
        """One line of the table."""
        failures = self.found + len(self.missed)
        parts = (
            f"`{self.service}`",
            ", ".join(f"`{name}`" for name in DATASETS[self.service]),
            f"{self.found} / {failures}",
            f"{len(self.wrong)} / {self.silent + len(self.wrong)}",
            f"{self.precision:.1f} %",
            f"{self.recall:.1f} %",
        )
        return f"| {' | '.join(parts)} |"


def labelled(log: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each line with its label in fail2ban's normal mode; lines of other modes are left out."""
    probes, label = False, {}
    for line in log.read_bytes().splitlines():
        if found := _OPTIONS.match(line):
            probes = b'"mode"' in found[1] and not any(one in found[1] for one in _NORMAL)
        elif found := _LABEL.match(line):
            read = json.loads(found[1])
            if "== 'aggressive'" not in read.get("constraint", ""):
                label = read
        elif line.strip() and not line.startswith(b"#") and label:
            if not probes:
                yield label, line
            label = {}


def read(datasets: list[Dataset], line: bytes) -> dict[str, Any]:
    """The event of the first data set that reads the line, flat."""
    for dataset in datasets:
        try:
            return beats.flat(dataset.parse(line, Context(), {})[0].document)
        except Refused:
            continue
    return {}


def failure(datasets: list[Dataset], line: bytes) -> tuple[str, ...]:
    """The sources of an authentication failure; () where the line is none to us."""
    event = read(datasets, line)
    if event.get("event.outcome") != "failure" or "authentication" not in event["event.category"]:
        return ()
    return tuple(event.get(f"source.{leaf}", "") for leaf in ("ip", "domain", "address"))


def score(service: str) -> Score:
    """One service's log."""
    result = Score(service)
    datasets = [load_dataset(name) for name in DATASETS[service]]
    for label, line in labelled(LOGS / service):
        sources = failure(datasets, line)
        wanted = bool(label["match"])
        if wanted and "host" in label and label["host"] in sources:
            result.found += 1
            continue
        if wanted:
            result.missed.append(line)
        if sources:
            result.wrong.append(line)
        elif not wanted:
            result.silent += 1
    return result


@pytest.fixture(name="scores", scope="module")
def _scores() -> list[Score]:
    return [score(service) for service in DATASETS]


def test_failures_are_found_and_little_else(scores: list[Score]) -> None:
    """Over all services together."""
    found = sum(one.found for one in scores)
    missed = sum(len(one.missed) for one in scores)
    wrong = sum(len(one.wrong) for one in scores)

    assert found >= 100
    assert found / (found + missed) >= 0.85
    assert found / (found + wrong) >= 0.98


def test_the_page_says_what_is_measured(scores: list[Score]) -> None:
    """With the weak spots, as far as a line alone could tell."""
    head = "| service | data set | failures found | wrongly found | precision | recall |"
    rows = [head, "|---|---|---:|---:|---:|---:|", *(one.row for one in scores)]
    beats.check_page("fail2ban.md", [*INTRODUCTION.splitlines(), "", *rows, "", *WEAK.splitlines()])


INTRODUCTION = """\
# Authentication failures, by fail2ban's labels

The log lines that fail2ban tests its filters with (GPL-2.0, read in place), labelled by hand: an
authentication failure from a named source, or none. Found: `event.category` has `authentication`,
`event.outcome` is `failure`, and the source is the labelled one. Lines of fail2ban's modes for port
scans and broken TLS (`ddos`, `extra`, `aggressive`, `fallback`) are left out. Measured by
`tests/collectors/test_fail2ban.py`."""
WEAK = """\
## Weak spots

- sshd: "Too many authentication failures" and a good-bye before the logon name no source, or no
  failure; fail2ban joins them with earlier lines of the same process, we read each line alone.
- sshd: an `Accepted` after failures for other names of the same connection is a failure to
  fail2ban, and a success to us; the failures before it are failures to both.
- sshd: PAM's failure is no failure of its own to us: sshd tells the same one in its next line.
- sshd: an unknown user's name may hold anything, so its last `from` is the source; one line of
  SSH 1, which put the client's words behind the address, is read wrongly.
- sshd: one line that breaks RFC 5424 (a bracket in a value, not escaped) goes to quarantine."""
