"""The fields of SigmaHQ's rules for Linux, web servers, and databases: each has a path."""

import re
from pathlib import Path

import pytest

from rules.fields import load_fields
from rules.load import load
from rules.rule import LogSource

RULES = Path(__file__).parents[3] / "shared/data/sigma-rules"
MAYBE = re.compile(
    rb"^    (?:product: (?:linux|sql)|category: (?:webserver|database)|service: (?:apache|nginx))",
    re.MULTILINE,
)
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
    files = [file for file in RULES.glob("rules*/**/*.yml") if MAYBE.search(file.read_bytes())]
    loaded = load(files).rules
    ours = [rule for rule in loaded if is_ours(rule.logsource)]
    found = {(rule.logsource, name) for rule in ours for name in fields.unmapped(rule)}

    assert len(ours) > 300
    assert set(REASONS) == found
