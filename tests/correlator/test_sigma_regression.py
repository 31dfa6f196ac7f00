"""The public regression events of the Sigma project: each must be found by its own rule."""

import json
from pathlib import Path

import orjson
import pytest
import yaml

from correlator.offline import match_lines, prepare
from rules.fields import load_fields
from rules.load import load

DATA = Path(__file__).parents[2] / "../shared/data"
CASES = DATA / "sigma-regression"
RULES = DATA / "sigma-rules"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CASES.exists(), reason="the shared regression events are not here"),
]


def events(file):
    """Every event of a file of JSON documents that stand one after the other."""
    text, decoder = file.read_text(encoding="utf-8").strip(), json.JSONDecoder()
    while text:
        found, end = decoder.raw_decode(text)
        text = text[end:].lstrip()
        yield from found if isinstance(found, list) else [found]


def flatten(event):
    """Sigma's names for a Windows event: System with attributes joined by `_`, then its data."""
    flat = {}
    for name, value in event["Event"]["System"].items():
        if isinstance(value, dict):
            attributes = value.get("#attributes", {})
            flat |= {f"{name}_{key}": inner for key, inner in attributes.items()}
            if "#text" in value:
                flat[name] = value["#text"]
        else:
            flat[name] = value
    body = event["Event"].get("EventData") or event["Event"].get("UserData") or {}
    inner = next((v for k, v in body.items() if k != "#attributes"), None)
    body = inner if isinstance(inner, dict) and "#text" not in inner else body
    return flat | {key: value for key, value in body.items() if key != "#attributes"}


def sigma_lines(case, rule):
    """The events of a case as lines with the log source of their rule."""
    source = rule.logsource
    keys = {
        "logcategory": source.category,
        "logproduct": source.product,
        "logservice": source.service,
    }
    for file in case.glob("*.json"):
        yield from (orjson.dumps(flatten(event) | keys) for event in events(file))


def test_every_case_is_found_by_its_rule():
    """All 122 cases, but for one that holds a raw Cisco line instead of an event."""
    rules = {rule.card.id: rule for rule in load([RULES]).rules}
    fields = load_fields()
    cases, missed = 0, []
    for info in sorted(CASES.rglob("info.yml")):
        cases += 1
        named = yaml.safe_load(info.read_text(encoding="utf-8"))["rule_metadata"]
        for identity in (one["id"] for one in named):
            matcher = prepare([rules[identity]], fields, "sigma")
            lines = sigma_lines(info.parent, rules[identity])
            if not list(match_lines(matcher, lines, "sigma", pytest.fail)):
                missed.append(info.parent.name)
    assert 122 == cases
    assert ["cisco_cli_dot1x_disabled"] == missed
