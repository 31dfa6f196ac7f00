"""What `haidang coverage` prints of ranges, gaps and delays."""

import pytest

from app.commands.collect import counts_line
from app.commands.coverage import coverage_lines, duration
from collectors.ledger import Counts
from correlator.coverage import Range
from haidang.model.instant import DAY, HOUR, MINUTE, SECOND


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        pytest.param(0, "0.0 s", id="nothing"),
        pytest.param(12_340_000, "12.3 s", id="seconds"),
        pytest.param(HOUR - 1, "59 min 59 s", id="never sixty seconds"),
        pytest.param(2 * HOUR + 2 * MINUTE, "2 h 2 min", id="hours"),
        pytest.param(4206 * DAY + 12 * HOUR, "4206 d 12 h", id="an old log"),
    ],
)
def test_a_delay_is_told_in_its_two_largest_units(span, expected):
    """Eleven years of seconds tell nobody anything."""
    assert expected == duration(span)


def test_time_that_nobody_evaluated_is_a_line_of_its_own():
    """A gap between two ranges of one source is said, and between two sources is none."""
    found = [
        Range("r" * 32, "s", 0, MINUTE, 1, SECOND),
        Range("r" * 32, "s", 3 * MINUTE, 4 * MINUTE, 1, SECOND),
        Range("r" * 32, "t", 9 * MINUTE, 10 * MINUTE, 1, SECOND),
    ]

    lines = list(coverage_lines(found, {}))

    assert 5 == len(lines)
    assert "01/01/1970 07:01:00  01/01/1970 07:03:00  NOT EVALUATED" in lines[2]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param(Counts(read=2, indexed=1, quarantined=1), False, id="balanced"),
        pytest.param(Counts(read=2, indexed=1), True, id="a record is nowhere"),
    ],
)
def test_a_ledger_that_does_not_add_up_says_so(counts, expected):
    """The law is checked where people read the figures, not only in tests."""
    assert expected == ("DOES NOT ADD UP" in counts_line(counts))
