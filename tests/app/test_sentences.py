"""docs/sentences.md is generated and current, and the figures in it are what they say."""

from pathlib import Path

import pytest

from app.sentences import RULES, build, pattern_of
from haidang.model.detection import Card
from rules.rule import And, LogSource, Rule

WRITTEN = Path(__file__).parents[2] / "docs" / "sentences.md"


@pytest.mark.slow
def test_sentences_are_current():
    """The file is what `python -m app.sentences` writes now."""
    if not RULES.exists():
        pytest.skip(f"{RULES} is absent: the coverage of public rules was not checked")
    assert build(RULES) == WRITTEN.read_text("utf-8")


def test_pattern_of_a_rule_is_as_far_as_it_tells():
    """Its log source and its tags; no event is at hand."""
    card = Card("i", "n", "h", "T", "high", tags=("attack.t1505.003",))
    rule = Rule(card, LogSource("webserver"), And(()), (), "r.yml")
    found = pattern_of(rule)
    assert ("web", "server backdoors", "parent technique") == (found.kind, found.meaning, found.by)
