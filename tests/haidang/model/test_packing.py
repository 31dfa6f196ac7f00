"""Packed rows give back what was packed."""

from hypothesis import given
from hypothesis import strategies as st

from haidang.model.detection import LEVELS, Card, Detection, Episode, Match, Member
from haidang.model.packing import (
    by_language,
    pack_detection,
    pack_matches,
    unpack_detection,
    unpack_matches,
)

TEXT = st.text(max_size=8)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
INSTANTS = st.integers(-(2**62), 2**62)
COUNTS = st.integers(0, 2**40)

MATCHES = st.builds(
    Match,
    rule=TEXT,
    rule_hash=TEXT,
    event=TEXT,
    time=INSTANTS,
    received=INSTANTS,
    source=TEXT,
    operator=TEXT,
    affected=TEXTS,
    zone=TEXT,
    level=st.integers(0, 5),
    values=st.dictionaries(TEXT, TEXT, max_size=3),
)
CARDS = st.builds(
    Card,
    id=TEXT,
    name=TEXT,
    hash=TEXT,
    title=TEXT,
    level=st.sampled_from(LEVELS),
    status=TEXT,
    author=TEXT,
    tags=TEXTS,
    sentences=st.dictionaries(st.sampled_from(["vi", "en"]), TEXT),
    falsepositives=st.dictionaries(st.sampled_from(["vi", "en"]), TEXTS.filter(len)),
)
DETECTIONS = st.builds(
    Detection,
    alert=TEXT,
    card=CARDS,
    group=st.dictionaries(TEXT, TEXT, max_size=3),
    zone=TEXT,
    episode=st.builds(Episode, INSTANTS, INSTANTS, COUNTS),
    fired=INSTANTS,
    members=st.lists(st.builds(Member, TEXT, INSTANTS, TEXT, st.booleans()), max_size=3).map(tuple),
    counts=st.dictionaries(TEXT, COUNTS, max_size=3),
    operators=TEXTS,
    affected=TEXTS,
    system_level=st.integers(0, 5),
    absorbed=TEXTS,
)


@given(st.lists(MATCHES, max_size=5))
def test_matches_go_through_their_row_unchanged(matches):
    """One batch is one row, in its order."""
    assert matches == unpack_matches(pack_matches(matches))


@given(DETECTIONS)
def test_detection_goes_through_its_row_unchanged(detection):
    """Every field keeps its value and its type."""
    assert detection == unpack_detection(pack_detection(detection))


def test_older_cards_have_false_positives_in_english_alone():
    """A list is from before there was another language; what is empty is left out."""
    assert {"en": ("Scans",)} == by_language(["Scans"]) == by_language({"en": ["Scans"], "vi": []})
    assert {} == by_language([])


def test_many_like_matches_pack_small():
    """A batch of 5,000 is one row of few bytes, not 5,000 rows."""
    matches = [
        Match("rule", "hash", f"{n:032x}", n, n, "s", "o", ("u",), "z", 3, {"host.name": "web"})
        for n in range(5000)
    ]
    assert len(pack_matches(matches)) < 40 * len(matches)
