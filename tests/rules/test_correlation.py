"""Correlation documents: their type, timespan and keys."""

import pytest

from haidang.model.instant import DAY, MINUTE, SECOND
from tests.support.written import COUNT, correlation, read


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        pytest.param(30 * SECOND, "30s", id="seconds"),
        pytest.param(90 * MINUTE, "90m", id="minutes"),
        pytest.param(120 * MINUTE, "2h", id="hours"),
        pytest.param(DAY, "1d", id="days"),
        pytest.param(7 * DAY, "1w", id="weeks"),
    ],
)
def test_timespan_is_microseconds(tmp_path, expected, written):
    """Units of the specification, and the week."""
    more = f"timespan: {written}, condition: {{gte: 3}}"
    found = read(tmp_path, correlation(more=more))
    assert [expected] == [one.timespan for one in found.correlations]


@pytest.mark.parametrize("written", ["5M", "1y", "m", "-5m", "1.5h", "0s", "400d", "5", "٥m"])
def test_timespan_that_is_no_length_is_a_problem(tmp_path, written):
    """Months and years have no fixed length; nothing and more than a year are refused."""
    found = read(tmp_path, correlation(more=f"timespan: '{written}', condition: {{gte: 3}}"))
    assert ["correlation.timespan"] == [problem.field for problem in found.problems]
    assert found.correlations == ()


@pytest.mark.parametrize(
    ("expected", "document"),
    [
        pytest.param(
            "temporal_ordered",
            correlation(body="type: ordered_temporal", more=COUNT),
            id="old-name-of-ordered",
        ),
        pytest.param("one of", correlation(body="type: foo", more=COUNT), id="unknown-type"),
        pytest.param("at least two", correlation(body="type: temporal_ordered"), id="one-step"),
        pytest.param("at least two", correlation(body="type: temporal"), id="one-rule"),
        pytest.param(
            "twice", correlation(body="type: temporal_ordered", rules="[a, a]"), id="same-step"
        ),
        pytest.param("empty list", correlation(rules="[]", more=COUNT), id="no-rules"),
        pytest.param("unknown key", correlation(more=f"{COUNT}, groupby: [a]"), id="misspelt"),
        pytest.param("mapping", correlation(more=f"{COUNT}, aliases: [a]"), id="aliases-in-a-list"),
    ],
)
def test_correlation_that_cannot_run_is_a_problem(tmp_path, expected, document):
    """It is refused with a reason, and the rules beside it stay."""
    found = read(tmp_path, document)
    assert any(expected in problem.what for problem in found.problems)
    assert ((), 3) == (found.correlations, len(found.rules))


def test_rules_of_a_correlation_are_silent_unless_it_generates(tmp_path):
    """Only a correlation with `generate: true` leaves its rules their own alerts."""
    loud = correlation("l", rules="[b]", more=f"{COUNT}, generate: true")
    found = read(tmp_path, correlation(more=COUNT), loud)
    assert frozenset({"id-a"}) == found.silent
