"""Our datasets against Filebeat's expected documents; the table stands in docs/conformance."""

import pytest

from tests.support import beats

FOLDERS = {
    "apache.access": "apache/access",
    "apache.error": "apache/error",
    "auditd.log": "auditd/log",
    "haproxy.log": "haproxy/log",
    "iis.access": "iis/access",
    "mysql.error": "mysql/error",
    "nginx.access": "nginx/access",
    "postgresql.log": "postgresql/log",
    "system.auth": "system/auth",
    "system.syslog": "system/syslog",
}
LEAST = 92

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not beats.MODULES.exists(), reason=f"no test data at {beats.MODULES}"),
]


@pytest.fixture(name="measured", scope="module")
def _measured() -> list[beats.Agreement]:
    return [beats.agreement(name, folder) for name, folder in sorted(FOLDERS.items())]


def test_each_dataset_agrees_with_filebeat(measured: list[beats.Agreement]) -> None:
    """In at least 92 % of the fields that the line itself can tell, and no document is missing."""
    assert {} == {one.dataset: one.share for one in measured if one.share < LEAST}
    assert {} == {one.dataset: one.without for one in measured if one.without}


def test_the_page_says_what_is_measured(measured: list[beats.Agreement]) -> None:
    """A figure that nobody measures is a promise without a witness."""
    beats.check_page("beats.md", [*INTRODUCTION.splitlines(), "", *beats.table(measured)])


INTRODUCTION = """\
# Agreement with Filebeat

The logs that Filebeat tests its modules with (elastic/beats, Apache-2.0), through our datasets:
fields of its expected documents that have the same value with us.

Left out: what the line does not say (`event.dataset`, `event.module`, `fileset.*`, `service.type`,
`input.type`, `log.offset`) and what needs a database (`*.geo.*`, `*.as.*`, `user_agent.*` except
`user_agent.original`). Measured by `tests/collectors/test_beats.py`."""
