"""The correlations that the documents show can be written as they are shown."""

import re
from pathlib import Path

import pytest
import yaml

from rules.load import load

TEXT = (Path(__file__).parents[2] / "docs" / "correlation.md").read_text(encoding="utf-8")
KINDS = re.findall(
    r"^\| (`value_\w+`(?:, `value_\w+`)?|`event_count`) \|.*\|(.*)\|$", TEXT, re.MULTILINE
)
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
LEAF = {"logsource": {"category": "webserver"}, "detection": {"s": {"a": "x"}, "condition": "s"}}


def problems(folder, body):
    """What is wrong with a correlation over its rules, each of which is there."""
    leaves = [{"title": name, "name": name, **LEAF} for name in body["rules"]]
    documents = [*leaves, {"title": "T", "correlation": body}]
    (folder / "r.yml").write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    return load([folder]).problems


@pytest.mark.parametrize(("kinds", "conditions"), KINDS)
def test_every_condition_of_the_table_is_accepted(tmp_path, kinds, conditions):
    """For each kind of its row."""
    for kind in re.findall(r"`(\w+)`", kinds):
        for written in re.findall(r"`([^`]+)`", conditions):
            condition = yaml.safe_load(written if written.startswith("{") else f"{{{written}}}")
            body = {"type": kind, "rules": ["a"], "timespan": "5m", "condition": condition}

            assert () == problems(tmp_path, body)


def test_the_table_has_every_kind_that_aggregates():
    """The two that ask which rules matched are shown below it."""
    assert 6 == sum(len(re.findall("`", kinds)) // 2 for kinds, _conditions in KINDS)


def test_words_and_aliases_are_accepted_as_shown(tmp_path):
    """The blocks of the page, whole or completed with two rules."""
    words, aliases = (yaml.safe_load(block) for block in BLOCKS)
    named = list(aliases["aliases"]["peer"])
    rest = {"type": "temporal", "rules": named, "timespan": "5m"}

    assert () == problems(tmp_path, words["correlation"])
    assert () == problems(tmp_path, {**aliases, **rest})
