"""The acts and meanings of alerts/patterns.yml, as they are told."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from alerts.evidence import copy_event
from alerts.sentence import tell
from alerts.why import _patterns, choose
from haidang.model.fields import put

ACTS = yaml.safe_load(Path(__file__).with_name("acts.yml").read_text("utf-8"))


def tell_one(make, names, document, tags=()):
    """The sentences of a rule with these tags about one event."""
    event = make.event("e", make.at("01:52:00"), document)
    detection = make.detection([(event, "r")], {}, {})
    card = replace(detection.card, tags=tuple(tags))
    return tell(replace(detection, card=card), {"e": copy_event(event, "r")}, names)


@pytest.mark.parametrize("case", [pytest.param(one, id=one["vi"][:40]) for one in ACTS])
def test_act_is_told_from_the_event(make, world, case):
    """Who, what, where: in both languages, by the kind of log."""
    document = {"haidang": {"logsource": [case["source"]]}}
    for path, value in case["event"].items():
        put(document, path, value)
    assert case["kind"] == choose((), document).kind
    told = tell_one(make, world.names, document)
    for language in ("vi", "en"):
        assert f"01:52: {case[language]}; " in told[language]


def test_every_kind_has_a_case():
    """A kind that was never told is not finished."""
    assert {kind["name"] for kind in _patterns()["kinds"]} == {case["kind"] for case in ACTS}


@pytest.mark.parametrize(
    "meaning", [pytest.param(one, id=one["name"]) for one in _patterns()["meanings"]]
)
def test_meaning_ends_the_sentence(make, world, meaning):
    """By any of its tags, in both languages."""
    for tag in meaning["tags"]:
        told = tell_one(make, world.names, {"message": "x"}, [f"attack.{tag.lower()}"])
        assert told["vi"].endswith(f"; {meaning['vi']}.")
        assert told["en"].endswith(f"; {meaning['en']}.")
