"""Problems and the errors that carry them."""

import pytest

from haidang.errors import HaidangError, InputError, Problem, Refused, Superseded, Unavailable


@pytest.mark.parametrize(
    ("expected", "problem"),
    [
        pytest.param("a.yml:3: units.0: bad", Problem("a.yml", 3, "units.0", "bad"), id="all"),
        pytest.param("a.yml:3: bad", Problem("a.yml", 3, "", "bad"), id="no-field"),
        pytest.param("a.yml: bad", Problem("a.yml", 0, "", "bad"), id="whole-file"),
        pytest.param("a.yml: level: bad", Problem("a.yml", 0, "level", "bad"), id="no-line"),
    ],
)
def test_problem_shows_the_parts_that_are_known(expected, problem):
    """A problem reads file:line: field: what, without empty parts."""
    assert expected == str(problem)


def test_input_error_lists_problems_by_file_and_line():
    """All problems are shown, in the order in which a person meets them."""
    late, early = Problem("a.yml", 10, "", "late"), Problem("a.yml", 9, "", "early")
    error = InputError([late, early])
    assert (early, late) == error.problems
    assert "a.yml:9: early\na.yml:10: late" == str(error)


@pytest.mark.parametrize("kind", [InputError, Refused, Unavailable, Superseded])
def test_every_error_for_people_is_a_haidang_error(kind):
    """The command line catches one root."""
    assert issubclass(kind, HaidangError)


def test_refused_carries_its_reason():
    """Quarantine counts by the reason."""
    assert Refused("a blank key").reason == "a blank key"
