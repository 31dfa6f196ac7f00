"""Detections: whose evidence they may read."""

from haidang.model.detection import Card, Detection, Episode


def test_units_of_a_detection_are_operators_and_affected():
    """Evidence is read in exactly this scope."""
    detection = Detection(
        alert="a",
        card=Card("r", "r", "h", "t", "high"),
        group={},
        zone="z",
        episode=Episode(1, 2, 3),
        fired=2,
        members=(),
        counts={},
        operators=("ttdl",),
        affected=("so-a", "ttdl"),
        system_level=3,
    )
    assert frozenset({"ttdl", "so-a"}) == detection.units
