"""CEF: header pipes, escapes, values with blanks and equals signs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.formats import cef
from collectors.formats.options import Options
from collectors.record import Misfit

HEAD = "CEF:0|Hãng|Tường lửa|1.0|100|chặn|7|"


def _read(text: str) -> dict[str, str | None]:
    return cef.read(Options(), text, {})


def _extensions(text: str) -> dict[str, str | None]:
    return {key: value for key, value in _read(HEAD + text).items() if key not in cef.HEADER}


def test_the_header_has_seven_parts() -> None:
    r"""A pipe of a part is written `\|`, a backslash `\\`."""
    groups = _read(r"CEF:1|A\|B|C\\D|2|x=y|tên|Very-High|")
    assert list(groups.values()) == ["1", "A|B", r"C\D", "2", "x=y", "tên", "Very-High"]
    assert list(groups) == list(cef.HEADER)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("src=::1 msg=bị chặn act=deny", {"src": "::1", "msg": "bị chặn", "act": "deny"}),
        (r"msg=a\=b\\c\nd request=x", {"msg": "a=b\\c\nd", "request": "x"}),
        ("request=http://h/?a=1&b=2 spt=5", {"request": "http://h/?a=1&b=2", "spt": "5"}),
        ("a= b=x", {"a": "", "b": "x"}),
        ("cs1Label=Luật cs1=Chặn hết", {"cs1Label": "Luật", "cs1": "Chặn hết"}),
        ("ad.Field[0]=x a=1 a=2", {"ad.Field[0]": "x", "a": "1", "a_2": "2"}),
        ("just words", {"text": "just words"}),
        ("lost words a=1", {"text": "lost words", "a": "1"}),
        ("", {}),
        ("p=C:\\", {"p": "C:\\"}),
    ],
)  # fmt: skip
def test_extensions_are_read(text: str, expected: dict[str, str]) -> None:
    """Values go up to the next key; escapes are undone."""
    assert expected == _extensions(text)


@pytest.mark.parametrize(
    ("text", "column"), [("CEF", 0), ("CEF:x|", 0), ("CEF:0|a|b", 8), ("CEF:0|a|b|c|d|e", 14)]
)
def test_a_misfit_says_where(text: str, column: int) -> None:
    """Up to the part that has no end."""
    with pytest.raises(Misfit) as raised:
        _read(text)
    assert column == raised.value.column


def _escaped(value: str) -> str:
    for one, written in (("\\", r"\\"), ("=", r"\="), ("\n", r"\n"), ("\r", r"\r")):
        value = value.replace(one, written)
    return value


@given(
    st.dictionaries(st.from_regex(r"[a-z][A-Za-z0-9]{0,6}", fullmatch=True), st.text(max_size=12))
)
def test_what_was_written_is_read_back(pairs: dict[str, str]) -> None:
    """Any keys and values, blanks around a value aside."""
    line = " ".join(f"{key}={_escaped(value)}" for key, value in pairs.items())
    expected = {key: value.strip(" ") for key, value in pairs.items()}
    assert expected == _extensions(line)


@given(st.text(alphabet="ab|=\\ \n", max_size=50), st.sampled_from(["", HEAD, "CEF:0|"]))
def test_only_misfit_escapes(text: str, head: str) -> None:
    """Whatever a line holds; every letter of it is kept."""
    try:
        groups = _read(head + text)
    except Misfit:
        return
    kept = "".join(f"{key}{value}" for key, value in groups.items())
    assert text.count("a") <= kept.count("a")
