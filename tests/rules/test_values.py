"""Values of Sigma conditions as they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.values import Regex, Wildcard, join, parse_text

ANY, ONE = Wildcard.ANY, Wildcard.ONE


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        pytest.param((), "", id="empty"),
        pytest.param(("\\",), "\\", id="single-backslash"),
        pytest.param(("\\",), "\\\\", id="double-backslash-is-one"),
        pytest.param(("\\\\",), "\\\\\\", id="three-backslashes-are-two"),
        pytest.param(("\\\\",), "\\\\\\\\", id="four-backslashes-are-two"),
        pytest.param(("*",), "\\*", id="literal-star"),
        pytest.param(("?",), "\\?", id="literal-question-mark"),
        pytest.param(("\\", ANY), "\\\\*", id="backslash-and-wildcard"),
        pytest.param(("\\*",), "\\\\\\*", id="backslash-and-literal-star"),
        pytest.param(("C:\\Windows\\", ANY), "C:\\Windows\\\\*", id="folder"),
        pytest.param(("a", ONE, "b"), "a?b", id="one-character"),
        pytest.param((ANY, "a"), "***a", id="repeated-stars-are-one"),
        pytest.param((ONE, ONE), "??", id="question-marks-add-up"),
        pytest.param(("%name%",), "%name%", id="placeholder-without-expand-is-text"),
        pytest.param(("điện",), "đie\u0302\u0323n", id="decomposed-becomes-composed"),
    ],
)
def test_text_is_cut_at_wildcards_and_escapes_are_resolved(expected, written):
    """The table of the specification's section on the escape character."""
    assert expected == parse_text(written)


@given(st.text(alphabet="ab\\*?", max_size=12))
def test_joining_again_changes_nothing(written):
    """Parsed text is in its shortest form."""
    parts = parse_text(written)
    assert parts == join(parts)


@given(st.text(max_size=20))
def test_escaped_text_is_literal(text):
    """A text whose special characters are all escaped holds no wildcard."""
    escaped = "".join(f"\\{one}" if one in "*?\\" else one for one in text)
    assert not any(isinstance(part, Wildcard) for part in parse_text(escaped))


def test_regex_carries_its_flags_inside():
    """RE2 takes flags as a prefix of the pattern."""
    assert Regex("a", "im").source == "(?im)a"
    assert Regex("a").source == "a"
