"""A site with one web server, what is logged there, and the numbers that commands print."""

import re

NOW = 1_795_000_000_000_000
MINUTE = 60_000_000
ATTACK = (
    b"203.0.113.9 - - [18/Nov/2026:08:01:00 +0700] "
    b'"GET /tai-ve?tep=../../../../etc/passwd HTTP/1.1" 200 1833 "-" "curl/8.5.0"\n'
)
INPUT = {"name": "ha", "path": "logs/a.log", "dataset": "nginx.access", "host": "HA-WEB01"}


def counts(line):
    """The numbers of a line `name=number …` by name."""
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", line)}
