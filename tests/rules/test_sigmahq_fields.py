"""The fields of SigmaHQ's rules for Linux, web servers, and databases: each has a path."""

from pathlib import Path

import pytest

from rules.fields import load_fields
from rules.load import load
from rules.rule import LogSource

RULES = Path(__file__).parents[3] / "shared/data/sigma-rules"
FOLDERS = ("rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance")
# Nothing here yet: a field that no source of ours can fill would stand here with its reason.
REASONS = {}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not RULES.exists(), reason=f"no SigmaHQ rules in {RULES}"),
]


def is_ours(source):
    """Whether the rules of a log source read Linux, web, or database logs."""
    return (
        source.product == "linux"
        or source.category in ("webserver", "database")
        or source.service in ("apache", "nginx")
        or source == LogSource("application", "sql")
    )


def test_every_field_of_these_log_sources_is_mapped():
    """Otherwise a rule would read it as absent, and never fire."""
    fields = load_fields()
    loaded = load([RULES / folder for folder in FOLDERS]).rules
    ours = [rule for rule in loaded if is_ours(rule.logsource)]
    found = {(rule.logsource, name) for rule in ours for name in fields.unmapped(rule)}

    assert len(ours) > 300
    assert set(REASONS) == found
