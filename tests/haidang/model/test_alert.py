"""Alerts: the words of their levels."""

from haidang.model.alert import LEVEL_WORDS
from haidang.model.detection import LEVELS


def test_every_level_has_a_vietnamese_word():
    """The words are those of the interface's glossary, and none is the legal term."""
    assert set(LEVELS) == set(LEVEL_WORDS)
    assert ["Thấp", "Trung bình", "Cao", "Khẩn cấp"] == [LEVEL_WORDS[level] for level in LEVELS[1:]]
