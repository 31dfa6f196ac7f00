"""SigmaHQ's rules for services of Linux, web servers and databases fire on lines of our data sets.

The lines are ours; the rules are read where they lie.
"""

import re
from pathlib import Path

import pytest

from collectors.dataset import load_dataset
from collectors.record import Context
from correlator.evaluate import compile_rules
from rules.fields import load_fields
from rules.load import load

RULES = Path(__file__).parents[3] / "shared/data/sigma-rules"
TIME = "Nov 18 08:15:30 web01 "
WEB = '203.0.113.7 - - [18/Nov/2026:08:15:30 +0700] "POST /a.php?cmd=read HTTP/1.1" 200 5'
PKEXEC = "The value for environment variable XAUTHORITY contains suspicious content"
# Data set, line, the rule's identifier.
FIRING = [
    ("system.auth", f"{TIME}sshd[9]: error: Corrupted MAC on input.", "e76b413a"),
    ("system.syslog", f"{TIME}sshd[9]: Failed to generate curve25519 keys", "8b244735"),
    (
        "system.auth",
        f"{TIME}sudo: lan : TTY=pts/0 ; PWD=/ ; USER=#-1 ; COMMAND=/usr/bin/id",
        "7fcc54cb",
    ),
    (
        "system.auth",
        f"{TIME}pkexec[9]: lan: {PKEXEC} [USER=root] [TTY=/dev/pts/0] [CWD=/] [COMMAND=x]",
        "0506a799",
    ),
    ("system.syslog", f"{TIME}crontab[9]: (lan) REPLACE (lan)", "af202fd3"),
    ("system.auth", f"{TIME}crontab[9]: (lan) REPLACE (lan)", "af202fd3"),
    ("system.syslog", f"{TIME}named[9]: exiting (due to fatal error)", "c8e35e96"),
    ("system.syslog", f"{TIME}root: stopping firewalld", "49f5dfc1"),
    ("system.syslog", f"{TIME}clamd[9]: /tmp/x: Win.Trojan.Agent-1 FOUND", "36aa86ca"),
    ("system.syslog", f"{TIME}vsftpd[9]: Input line too long.", "377f33a1"),
    ("vsftpd.log", "Wed Nov 18 08:15:30 2026 [pid 9] Input line too long.", "377f33a1"),
    ("system.syslog", f"{TIME}guacd[9]: User joined (2 users now present)", "1edd77db"),
    (
        "apache.error",
        "[Wed Nov 18 08:15:30 2026] [notice] child pid 9 exit signal Segmentation Fault (11)",
        "1da8ce0b",
    ),
    (
        "nginx.error",
        "2026/11/18 08:15:30 [alert] 1#1: worker process 9 exited on signal 6 (core dumped)",
        "59ec40bb",
    ),
    ("postgresql.log", "2026-11-18 08:15:30 +07 [9] LOG:  statement: DROP TABLE a", "d84c0ded"),
    (
        "mysql.error",
        "2026-11-18  8:15:30 9 [Warning] You have an error in your SQL syntax near x",
        "8a670c6d",
    ),
    (
        "auditd.log",
        'type=PATH msg=audit(1763424930.500:91): item=1 name="/etc/cron.d/x" nametype=CREATE',
        "6c4e2f43",
    ),
    ("apache.access", f'{WEB} "-" "-"', "2ea44a60"),
    ("nginx.access", f'{WEB} "-" "-"', "2ea44a60"),
]
QUIET = [
    ("system.auth", f"{TIME}sshd[9]: Accepted password for lan from 192.0.2.1 port 5 ssh2"),
    ("system.auth", f"{TIME}sudo: lan : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id"),
    ("system.syslog", f"{TIME}CRON[9]: (root) CMD (/usr/local/bin/sao-luu)"),
    ("apache.access", f'{WEB} "https://dichvucong.example.vn/" "Mozilla/5.0"'),
    ("postgresql.log", "2026-11-18 08:15:30 +07 [9] LOG:  checkpoint starting: time"),
]
_SERVICES = rb"sshd|sudo|auth|cron|syslog|clamav|vsftpd|guacamole|apache|nginx"
_OURS = re.compile(
    rb"^    (?:service: (?:%s)|category: (?:webserver|database|file_event)|product: sql)$"
    % _SERVICES,
    re.MULTILINE,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not RULES.exists(), reason=f"no SigmaHQ rules in {RULES}"),
]


@pytest.fixture(name="matcher", scope="module")
def _matcher():
    files = [file for file in RULES.glob("rules*/**/*.yml") if _OURS.search(file.read_bytes())]
    return compile_rules(load(files).rules, load_fields())


def identifiers(matcher, dataset, line):
    """The first eight digits of the rules that match a line."""
    parsed = load_dataset(dataset).parse(line.encode(), Context(), {})
    return {rule.card.id[:8] for one in parsed for rule in matcher.match(one.document)}


@pytest.mark.parametrize(("dataset", "line", "rule"), FIRING)
def test_a_rule_finds_its_line(matcher, dataset, line, rule):
    """Log source, field names and keywords all fit."""
    assert rule in identifiers(matcher, dataset, line)


@pytest.mark.parametrize(("dataset", "line"), QUIET)
def test_ordinary_lines_are_quiet(matcher, dataset, line):
    """A rule that fires on everything would pass the test above."""
    assert set() == identifiers(matcher, dataset, line)
