"""Our datasets against CrowdSec's expected fields: docs/conformance/crowdsec.md."""

import pytest

from tests.support import crowdsec_set
from tests.support.beats import Agreement, check_page, table

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not crowdsec_set.CASES.exists(), reason=f"no test data at {crowdsec_set.CASES}"
    ),
]


@pytest.fixture(name="measured", scope="module")
def _measured() -> list[Agreement]:
    return crowdsec_set.agreement()


def test_every_parser_that_a_dataset_covers_is_compared(measured: list[Agreement]) -> None:
    """Each dataset takes lines, and fields agree that a detection of attacks stands on."""
    assert {name for names in crowdsec_set.PARSERS.values() for name in names} == {
        one.dataset for one in measured
    }
    expected, agreeing = (
        sum(getattr(one, name) for one in measured) for name in ("expected", "agreeing")
    )
    assert agreeing >= 0.9 * expected


def test_the_page_says_what_is_measured(measured: list[Agreement]) -> None:
    """A figure that nobody measures is a promise without a witness."""
    check_page("crowdsec.md", [*INTRODUCTION.splitlines(), "", *table(measured)])


INTRODUCTION = """\
# Agreement with CrowdSec

The logs that CrowdSec tests its hub with (MIT), through our datasets: fields of its `parser.assert`
files that have the same value with us. Values that are empty or `-` there are left out; letter case
does not count. Measured by `tests/collectors/test_crowdsec_set.py`.

Covered are CrowdSec's parsers of Apache, HAProxy, nginx, PAM, PostgreSQL, sshd and Suricata's EVE.
Not covered are products without a dataset of their own here (mail servers, Nginx Proxy Manager,
MS SQL, Suricata's fast.log …), and IIS as Windows event XML.

What differs:

* `http_path` of a request line that is no HTTP (bytes of TLS, worms): CrowdSec calls the whole line
  a path; with us it has no URL and stays in `event.original`.
* `http_path` of error lines: of nginx's, CrowdSec cuts `https:` off; of Apache's, ours has none.
* One device writes its name twice before `sshd[…]:`, so that its line is read as another message.
"""
