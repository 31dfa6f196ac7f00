"""LEEF 1.0 with tabs, 2.0 with the delimiter that it names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.formats import leef
from collectors.formats.options import Options
from collectors.record import Misfit


def _read(text: str) -> dict[str, str | None]:
    return leef.read(Options(), text, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LEEF:1.0|H|P|1|E|src=192.0.2.1\tmsg=bị chặn", {"src": "192.0.2.1", "msg": "bị chặn"}),
        ("LEEF:2.0|H|P|1|E|^|a=1^b=x=y", {"a": "1", "b": "x=y"}),
        ("LEEF:2.0|H|P|1|E|x5E|a=1^b=2", {"a": "1", "b": "2"}),
        ("LEEF:2.0|H|P|1|E|0x09|a=1\tb=2", {"a": "1", "b": "2"}),
        ("LEEF:2.0|H|P|1|E||a=1\tb=2", {"a": "1", "b": "2"}),
        ("LEEF:2.0|H|P|1|E|a=1\tb=|2", {"a": "1", "b": "|2"}),
        ("LEEF:1.0|H|P|1|E|words\ta=1\tmore\tb=2", {"text": "words", "a": "1\tmore", "b": "2"}),
        ("LEEF:1.0|H|P|1|E|", {}),
    ],
)
def test_attributes_are_read(text: str, expected: dict[str, str]) -> None:
    """By their keys, in either version."""
    groups = _read(text)
    assert [groups[name] for name in leef.HEADER] == [text[5:8], "H", "P", "1", "E"]
    assert expected == {key: value for key, value in groups.items() if key not in leef.HEADER}


@pytest.mark.parametrize("text", ["", "LEEF:3.0|a|b|c|d|", "LEEF:1.0|a|b|c", "CEF:0|a|b|c|d|e|f|"])
def test_a_misfit_is_refused(text: str) -> None:
    """Its header is not LEEF's."""
    with pytest.raises(Misfit):
        _read(text)


VALUES = st.text(st.characters(exclude_characters="^"))


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), VALUES))
def test_what_was_written_is_read_back(pairs: dict[str, str]) -> None:
    """Any values without the delimiter."""
    groups = _read("LEEF:2.0|H|P|1|E|^|" + "^".join(f"{k}={v}" for k, v in pairs.items()))
    assert pairs == {key: value for key, value in groups.items() if key not in leef.HEADER}


@given(st.text(alphabet="gb|=\t^x0", max_size=50), st.sampled_from(["", "LEEF:2.0|H|P|1|E|"]))
def test_only_misfit_escapes(text: str, head: str) -> None:
    """Whatever a line holds; every letter of it is kept."""
    try:
        groups = _read(head + text)
    except Misfit:
        return
    kept = "".join(f"{key}{value}" for key, value in groups.items())
    assert text.count("g") <= kept.count("g")
