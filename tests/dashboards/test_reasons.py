"""Reasons of modes in Vietnamese: none stays in English, a person's own words stay as they are."""

import re
from itertools import product

import pytest

from dashboards.reasons import reason
from haidang.model.detection import Card
from rules.modes import Choice, Facts, Proof, Tried, decide
from rules.reach import NO_FIELD, NO_INPUT, NO_SOURCE, Reach

ENGLISH = re.compile(
    r"\b(the|its|is|are|of|in|but|by|days|rule|source|level|chosen|alerts|can|fire|never|read)\b"
)
NAMES = re.compile(r"`[^`]*`|HIGH_NAME|PACK|stable|test|experimental|deprecated|unsupported")


def every_reason():
    """What the facts of any rule may lead to."""
    reaches = [Reach(("nginx.access",)), *(Reach((), why, "") for why in (NO_SOURCE, NO_FIELD))]
    tries = [None, Tried(9, 1, 1), Tried(9, 99, 99), Tried(1, 1, 1)]
    for status, level, reach, packs, origin, tried in product(
        ("", "test", "experimental", "deprecated"),
        ("high", "low"),
        reaches,
        ((), ("PACK",)),
        ("haidang", "site", "sigmahq"),
        tries,
    ):
        card = Card("id", "HIGH_NAME", "h", "T", level, status)
        own = origin != "sigmahq"
        yield decide(Facts(card, origin, own, reach, packs, None, tried), Proof(7, 5)).reason
    yield "it stands on HIGH_NAME, which is off"
    yield "its status is deprecated, but read by HIGH_NAME"
    yield str(Reach((), NO_INPUT, NO_SOURCE))
    yield str(Reach(("nginx.access",)))


@pytest.mark.parametrize("text", sorted(set(every_reason())))
def test_no_reason_stays_english(text):
    """Names, statuses and commands aside."""
    told = reason(text, "vi")

    assert not ENGLISH.search(NAMES.sub("", told)), told
    assert text == reason(text, "en")


def test_what_a_person_wrote_stays():
    """Also where it sounds like a reason of ours."""
    card = Card("id", "n", "h", "T", "high")
    choice = Choice("rule", "id", "off", "in the pack of rubbish, but read by nobody")
    text = decide(Facts(card, "site", own=True, reach=Reach(()), choice=choice), Proof(7, 5)).reason

    assert "do người chọn: in the pack of rubbish, but read by nobody" == reason(text, "vi")
