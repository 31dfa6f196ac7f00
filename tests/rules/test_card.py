"""The card of a rule and the hash of its document."""

import pytest

from haidang.yamldoc import Checker, parse
from rules import card

FALSE = "title: A\nfalsepositives: [Scan, Test]\nhaidang: {falsepositives: {"
STEPS = "title: A\nhaidang: {first_steps: {"


def read(text):
    """The card and the fields with problems of a document."""
    (document,) = parse(text.encode(), "r.yml")
    checker = Checker(document)
    return card.parse(checker), [problem.field for problem in checker.problems]


def test_absent_metadata_has_defaults():
    """Level in the middle, no status; the name is the id."""
    found, problems = read("title: A\nid: a")
    assert ("a", "medium", "", ()) == (found.name, found.level, found.status, found.tags)
    assert [] == problems


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(["title"], "id: a", id="no-title"),
        pytest.param(["id"], "title: A\nid: 5", id="id-is-a-number"),
        pytest.param(["level"], "title: A\nlevel: none", id="level"),
        pytest.param(["falsepositives"], "title: A\nfalsepositives: [1]", id="falsepositives"),
        pytest.param(["haidang"], "title: A\nhaidang: text", id="own-key"),
        pytest.param(["haidang.first_steps.en"], f"{STEPS}vi: [a]}}}}", id="steps in one language"),
        pytest.param(
            ["haidang.first_steps"], f"{STEPS}vi: [a, b], en: [a]}}}}", id="a step in one language"
        ),
        pytest.param(
            ["haidang.first_steps.vi"], f"{STEPS}vi: [1], en: [a]}}}}", id="step is a number"
        ),
        pytest.param(
            ["haidang.first_steps.fr"], f"{STEPS}vi: [a], en: [a], fr: [a]}}}}", id="language"
        ),
        pytest.param(["haidang.falsepositives.vi"], f"{FALSE}vi: [Rà quét]}}}}", id="one lacks"),
        pytest.param(["haidang.falsepositives.vi"], f"{FALSE}vi: [Rà quét, 1]}}}}", id="no text"),
        pytest.param(
            ["haidang.falsepositives.en"],
            f"{FALSE}vi: [a, b], en: [a, b]}}}}",
            id="twice in English",
        ),
    ],
)
def test_wrong_metadata_is_a_problem(expected, text):
    """Each at its field."""
    assert expected == read(text)[1]


def test_hash_depends_on_values_and_not_on_the_order_of_keys():
    """Also deep inside; lists keep their order."""
    one = card.content_hash({"a": {"b": 1, "c": [1, 2]}})
    assert one == card.content_hash({"a": {"c": [1, 2], "b": 1}})
    assert one != card.content_hash({"a": {"b": 1, "c": [2, 1]}})
    assert one != card.content_hash({"a": {"b": "1", "c": [1, 2]}})


def test_falsepositives_may_come_in_vietnamese_too():
    """Sigma's own are in English."""
    found, problems = read(f"{FALSE}vi: [Rà quét, Kiểm thử]}}}}")
    assert {"en": ("Scan", "Test"), "vi": ("Rà quét", "Kiểm thử")} == found.falsepositives
    assert [] == problems


def test_first_steps_come_in_both_languages():
    """In their order."""
    found, problems = read(f"{STEPS}vi: [Xem, Ngắt], en: [Look, Unplug]}}}}")
    assert {"vi": ("Xem", "Ngắt"), "en": ("Look", "Unplug")} == found.first_steps
    assert [] == problems
