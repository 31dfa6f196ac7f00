"""CSV by RFC 4180: quotes, delimiters, missing and surplus values."""

import csv as standard
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.formats import csv
from collectors.formats.options import Options
from collectors.record import Misfit

COLUMNS = ("time", "user", "")


def _read(text: str, delimiter: str = "") -> dict[str, str | None]:
    return csv.read(Options(columns=COLUMNS, delimiter=delimiter), text, {})


@pytest.mark.parametrize(
    ("text", "delimiter", "expected"),
    [
        ('1,"Lê, Lan",', "", {"time": "1", "user": "Lê, Lan", "column_3": ""}),
        ('1,"a ""b""",x', "", {"time": "1", "user": 'a "b"', "column_3": "x"}),
        (
            "1|a|b|c|d",
            "|",
            {"time": "1", "user": "a", "column_3": "b", "column_4": "c", "column_5": "d"},
        ),
        ("1\ta\tb", "\t", {"time": "1", "user": "a", "column_3": "b"}),
    ],
)
def test_values_are_read_by_column(text: str, delimiter: str, expected: dict[str, str]) -> None:
    """Also those that no column names."""
    assert expected == _read(text, delimiter)


@pytest.mark.parametrize(
    ("text", "column"), [("1,a", 3), ("", 0), ('1,"a', 2), ('1,"a"b,c', 2), ('1,"a""', 2)]
)
def test_a_misfit_says_where(text: str, column: int) -> None:
    """Too few values, or quotes that are none."""
    with pytest.raises(Misfit) as raised:
        _read(text)
    assert column == raised.value.column


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=3, max_size=6))
def test_what_the_standard_library_writes_is_read_back(values: list[str]) -> None:
    """Any values, quoted where they must be."""
    line = io.StringIO()
    standard.writer(line, quoting=standard.QUOTE_ALL, lineterminator="").writerow(values)
    assert values == list(_read(line.getvalue()).values())


@given(st.text(alphabet='a",|\n', max_size=40))
def test_only_misfit_escapes(text: str) -> None:
    """Whatever a line holds."""
    try:
        groups = _read(text)
    except Misfit:
        return
    assert text.count("a") == sum((value or "").count("a") for value in groups.values())
