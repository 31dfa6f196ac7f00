"""SigmaHQ's rules for web servers on 10,000 ordinary lines of a real web server."""

import re
from collections import Counter
from pathlib import Path

import pytest

from collectors.dataset import load_dataset
from collectors.record import Context
from correlator.evaluate import compile_rules
from haidang.model.fields import first_text
from rules.fields import load_fields
from rules.load import load

DATA = Path(__file__).parents[3] / "shared/data"
LOGS = DATA / "elastic-examples/apache_logs/apache_logs"
RULES = DATA / "sigma-rules"
SOURCE = re.compile(rb"^    (?:category: webserver|service: apache)$", re.MULTILINE)
# Each with the reason why it is not quiet, and how many lines it finds.
EXPLAINED: dict[str, int] = {}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not LOGS.exists(), reason=f"no third-party logs in {DATA}"),
]


def test_no_rule_of_level_high_fires():
    """Every line is an event; what fires at all is looked at by a person once."""
    dataset = load_dataset("apache.access")
    files = [file for file in RULES.glob("rules*/**/*.yml") if SOURCE.search(file.read_bytes())]
    rules = load(files).rules
    matcher = compile_rules(rules, load_fields())
    found = Counter()
    lines = LOGS.read_bytes().splitlines()
    for line in lines:
        document = dataset.parse(line, Context(), {})[0].document
        assert first_text(document, "source.ip")
        found.update(
            rule.card.title
            for rule in matcher.match(document)
            if rule.card.level in ("high", "critical")
        )

    assert 10_000 == len(lines)
    assert len(rules) > 80
    assert EXPLAINED == found
