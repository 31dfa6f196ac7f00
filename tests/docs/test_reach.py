"""docs/reach.md is what the data sets and our rules say now, and none of our rules is blind."""

from pathlib import Path

import pytest

from app import reach
from app.providers import every_provider
from app.rule_modes import reaches
from app.rulesets import own_folders
from rules.fields import load_fields
from rules.load import load

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_page_is_current():
    """Write it with `python -m app.reach > docs/reach.md` after a change to data sets or rules."""
    assert reach.build() == (ROOT / "docs/reach.md").read_text("utf-8")


@pytest.mark.slow
def test_every_rule_of_ours_can_fire_on_some_data_set():
    """A rule for a log source or field that nothing provides guards nobody."""
    found = reaches(load(own_folders()), every_provider(), load_fields())

    assert {} == {id_: str(one) for id_, one in found.items() if not one.providers}
