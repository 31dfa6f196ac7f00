"""W3C extended logs: columns by directive, which may change and outlive a restart."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.formats import w3c
from collectors.formats.options import Options
from collectors.record import Dropped, Misfit, ParserState

LAYOUTS = Options(columns=("date time c-ip", "date time c-ip cs(User-Agent)"))


def _read(lines: list[str], state: ParserState | None = None) -> list[dict[str, str | None] | str]:
    """What becomes of each line; the state passes through JSON, as in a restart."""
    found: list[dict[str, str | None] | str] = []
    state = {} if state is None else state
    for line in lines:
        try:
            found.append(w3c.read(LAYOUTS, line, state))
        except Dropped as dropped:
            found.append(dropped.rule)
        except Misfit as misfit:
            found.append(misfit.reason)
        state = json.loads(json.dumps(state))
    return found


def test_fields_may_change_within_a_file() -> None:
    """Every line is read by the directive before it, also after a restart."""
    lines = ["#Fields: c-ip sc-status", "192.0.2.1 200", "#Fields: sc-status c-ip ", "404 ::1"]
    assert _read(lines) == [
        "header",
        {"c-ip": "192.0.2.1", "sc-status": "200"},
        "header",
        {"sc-status": "404", "c-ip": "::1"},
    ]


def test_the_directive_date_stands_for_a_missing_one() -> None:
    """Old servers write the time of day only; a date of the line's own wins."""
    lines = ["#Date: 2026-11-18 00:00:00", "#Fields: time", "08:15:30", "#Fields: date", "x"]
    found = _read(lines)
    assert found[2] == {"time": "08:15:30", "date": "2026-11-18"}
    assert found[4] == {"date": "x"}


def test_a_plus_is_a_blank_in_some_header_fields_only() -> None:
    """A query's plus stays: a rule compares what was sent."""
    lines = ["#Fields: cs-uri-query cs(User-Agent)", "a+b Mozilla/5.0+(X11)"]
    assert _read(lines)[1] == {"cs-uri-query": "a+b", "cs(user-agent)": "Mozilla/5.0 (X11)"}


def test_without_a_directive_the_layout_with_as_many_names_is_taken() -> None:
    """A part of a file is read still, or refused for a reason that says what is missing."""
    found = _read(["2026-11-18 08:15:30 ::1 curl/8", "1 2"])
    assert found[0] == {
        "date": "2026-11-18",
        "time": "08:15:30",
        "c-ip": "::1",
        "cs(user-agent)": "curl/8",
    }
    assert found[1] == "no #Fields line came before"


@pytest.mark.parametrize("line", ["1", "1 2 3", ""])
def test_a_line_of_other_length_is_refused(line: str) -> None:
    """A value would otherwise pass for another one."""
    assert _read(["#Fields: a b", line])[1] == "the line does not fit #Fields"


@given(st.lists(st.text(alphabet="#Fields: ab+-\t", max_size=20), max_size=8))
def test_every_line_is_accounted_for(lines: list[str]) -> None:
    """Values, a named drop or a reason, whatever the directives say."""
    assert len(lines) == len(_read(lines))
