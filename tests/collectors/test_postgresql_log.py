"""postgresql.log: csvlog's columns and queries."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.dataset import load_dataset
from collectors.record import Context
from haidang.errors import Refused
from haidang.model.event import Document
from haidang.model.fields import first_text
from haidang.model.fold import nfc

POSTGRESQL = load_dataset("postgresql.log")
TIME = "2026-11-18 08:15:30.742 +07"


def parse(line: str) -> Document:
    """The event of a record."""
    return POSTGRESQL.parse(line.encode(), Context(), {})[0].document


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1))
def test_a_message_is_read_as_csv_writes_it(message: str) -> None:
    """Quotes, commas and line ends belong to the value."""
    row = ["lan", "hoso", 54, "192.0.2.7:5", "5f.3", 6, "SELECT", TIME, "3/0", 0, "LOG", "00000"]
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="").writerow([*row, message, "x"])
    event = parse(f"{TIME},{out.getvalue()}")
    assert nfc(message) == event["message"]
    assert "x" == event["postgresql"]["log"]["detail"]


def test_a_row_that_is_too_short_is_refused() -> None:
    """It is not csvlog."""
    with pytest.raises(Refused, match="too few columns"):
        parse(f'{TIME},"a,b,c,d,e,f,g,h,i,j,k"')


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("statement: SELECT 1", ("", "SELECT 1", "")),
        ("duration: 0.001 ms", ("1000", "", "")),
        ("duration: 12.437 ms  execute <unnamed>: SELECT 1", ("12437000", "SELECT 1", "")),
        ("duration: 1.000 ms  bind py:0x7f: SELECT 1", ("1000000", "SELECT 1", "py:0x7f")),
        ("checkpoint starting: time", ("", "", "")),
    ],
)
def test_queries_and_durations(message: str, expected: tuple[str, str, str]) -> None:
    """Nanoseconds, as ECS has them."""
    event = parse(f"{TIME} [9] lan@hoso LOG:  {message}")
    paths = ("event.duration", "postgresql.log.query", "postgresql.log.query_name")
    assert expected == tuple(first_text(event, path) for path in paths)
