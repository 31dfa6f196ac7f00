"""Matching lines of a file."""

import orjson
import pytest

from correlator.offline import match_lines, prepare
from haidang.model.ids import make_id
from rules.fields import load_fields
from rules.load import load

RULE = """
title: Upload
id: upload
logsource: {category: webserver}
detection: {s: {cs-method: post, cs-uri-stem|startswith: /uploads/}, condition: s}
---
title: Keyword
id: keyword
logsource: {category: webserver}
detection: {s: [webserver], condition: s}
"""
ECS = {
    "http": {"request": {"method": "POST"}},
    "url": {"path": "/uploads/a"},
    "haidang": {"logsource": [{"category": "webserver"}]},
}
FLAT = {"cs-method": "POST", "cs-uri-stem": "/uploads/a", "logcategory": "webserver"}


@pytest.fixture
def run(tmp_path):
    """Matches and problems of lines under two web rules."""
    (tmp_path / "r.yml").write_text(RULE, encoding="utf-8")
    rules = load([tmp_path]).rules

    def match(lines, names):
        problems = []
        matcher = prepare(rules, load_fields(), names)
        found = match_lines(matcher, lines, names, lambda index, what: problems.append(index))
        return [orjson.loads(line) for line in found], problems

    return match


@pytest.mark.parametrize(("names", "event"), [("ecs", ECS), ("sigma", FLAT)])
def test_match_names_rule_line_and_event(run, names, event):
    """Without an id the event's is made from its line."""
    line = orjson.dumps(event)
    assert ([{"rule": "upload", "index": 0, "event": make_id(line.decode())}], []) == run(
        [line + b"\n"], names
    )


@pytest.mark.parametrize(
    "extra", [{"id": "e1"}, {"event.id": "e1"}, {"event": {"id": "e1"}, "id": "no"}]
)
def test_event_keeps_its_own_id(run, extra):
    """`event.id` comes before `id`."""
    ((found,), _) = run([orjson.dumps(FLAT | extra)], "sigma")
    assert "e1" == found["event"]


def test_bad_lines_are_reported_and_counted(run):
    """Lines count from 0, blank and bad ones included; nothing stops the rest."""
    lines = [b"{", b"", b"[1]", orjson.dumps(FLAT), b'"\xff"']
    found, problems = run(lines, "sigma")
    assert ([3], [0, 2, 4]) == ([one["index"] for one in found], problems)


def test_other_log_source_matches_nothing(run):
    """Sigma events without a log source are in none; its keys are not searched by keywords."""
    other = {key: value for key, value in FLAT.items() if key != "logcategory"}
    assert ([], []) == run([orjson.dumps(other), orjson.dumps(ECS)], "sigma")


def test_nested_sigma_names_are_reached_by_dots(run, tmp_path):
    """`a.b` is a flat key or a nested one."""
    (tmp_path / "n.yml").write_text(
        "title: N\nid: n\nlogsource: {product: p}\ndetection: {s: {a.b: x}, condition: s}\n",
        encoding="utf-8",
    )
    matcher = prepare(load([tmp_path / "n.yml"]).rules, load_fields(), "sigma")
    lines = [b'{"logproduct":"P","a":{"b":"X"}}', b'{"logproduct":"p","a.b":"x"}']
    found = match_lines(matcher, lines, "sigma", lambda index, what: None)
    assert [0, 1] == [orjson.loads(line)["index"] for line in found]


@pytest.mark.parametrize(
    ("expected", "search"),
    [
        pytest.param([0, 1], "{a: 123456789012345678901234567890}", id="equal"),
        pytest.param([0, 1], "{a|gt: 123456789012345678901234567889}", id="greater"),
        pytest.param([], "{a|gt: 123456789012345678901234567890}", id="not-greater"),
    ],
)
def test_integers_beyond_64_bits_keep_every_digit(expected, search, tmp_path):
    """As a number or as text, in the rule and in the event."""
    text = f"title: N\nid: n\nlogsource: {{product: p}}\ndetection: {{s: {search}, condition: s}}\n"
    (tmp_path / "n.yml").write_text(text, encoding="utf-8")
    matcher = prepare(load([tmp_path / "n.yml"]).rules, load_fields(), "sigma")
    number = b"123456789012345678901234567890"
    lines = [b'{"logproduct":"p","a":' + one + b"}" for one in (number, b'"' + number + b'"')]
    found = match_lines(matcher, lines, "sigma", lambda index, what: None)
    assert expected == [orjson.loads(line)["index"] for line in found]


@pytest.mark.parametrize("depth", [950, 990, 1020])
def test_a_line_nested_too_deeply_stops_nothing(run, depth):
    """What Python cannot walk is reported; the next line is matched."""
    deep = b'{"logcategory":"webserver","cs-method":' + b"[" * depth + b"]" * depth + b"}"
    found, problems = run([deep, orjson.dumps(FLAT)], "sigma")
    assert [1] == [one["index"] for one in found]
    assert problems in ([], [0])
