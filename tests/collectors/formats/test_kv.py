"""Pairs: quotes, values with blanks, delimiters, and keys that come again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.formats import kv
from collectors.formats.options import Options
from collectors.record import Misfit


def _read(text: str, delimiter: str = "") -> dict[str, str | None]:
    return kv.read(Options(delimiter=delimiter), text, {})


@pytest.mark.parametrize(
    ("text", "delimiter", "expected"),
    [
        ('a=1 b="x y" c=', "", {"a": "1", "b": "x y", "c": ""}),
        (r'm="nói \"có\"" p="C:\x\y"', "", {"m": 'nói "có"', "p": r"C:\x\y"}),
        ("msg=bị chặn bởi luật action=deny", "", {"msg": "bị chặn bởi luật", "action": "deny"}),
        ("fw01: a=1", "", {"text": "fw01:", "a": "1"}),
        ("a=1 a=2 a=3", "", {"a": "1", "a_2": "2", "a_3": "3"}),
        ("a=1 a_2=x a=2", "", {"a": "1", "a_2": "x", "a_3": "2"}),
        ("a=1,b=2, c=x y", ",", {"a": "1", "b": "2", "c": "x y"}),
        ('a="unending b=1', "", {"a": '"unending', "b": "1"}),
        ("url=http://h/?x=1&y=2 n=1", "", {"url": "http://h/?x=1&y=2", "n": "1"}),
    ],
)
def test_pairs_are_read(text: str, delimiter: str, expected: dict[str, str]) -> None:
    """As devices write them; nothing of the line is left out."""
    assert expected == _read(text, delimiter)


@pytest.mark.parametrize("text", ["", "no pair here", "= =", "a = 1"])
def test_a_line_without_pairs_is_refused(text: str) -> None:
    """Words alone are another format."""
    with pytest.raises(Misfit):
        _read(text)


KEYS = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(lambda key: key != "text")


@given(st.dictionaries(KEYS, st.text(st.characters(exclude_characters='"\\')), min_size=1))
def test_quoted_pairs_are_read_back(pairs: dict[str, str]) -> None:
    """Any text without quotes and backslashes."""
    line = " ".join(f'{key}="{value}"' for key, value in pairs.items())
    assert pairs == _read(line)


@given(st.text(alphabet='ab=", \\\t[x', max_size=60), st.sampled_from(["", ",", "|"]))
def test_only_misfit_escapes(text: str, delimiter: str) -> None:
    """Whatever a line holds; each of its letters is in a key or a value."""
    try:
        groups = _read(text, delimiter)
    except Misfit:
        return
    kept = "".join(f"{key}{value}" for key, value in groups.items())
    assert text.count("a") <= kept.count("a")
