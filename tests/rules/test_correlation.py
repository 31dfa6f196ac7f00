"""Correlation documents and their references."""

import textwrap

import pytest

from haidang.model.instant import DAY, MINUTE, SECOND
from rules.load import load

RULE = """
title: {0}
id: id-{0}
name: {0}
logsource: {{category: webserver}}
detection: {{s: {{a: x}}, condition: s}}
"""
RULES = "---".join(RULE.format(name) for name in "abc")


def read(folder, *documents):
    """The rule set of three rules and some correlation documents."""
    texts = [RULES, *(textwrap.dedent(one) for one in documents)]
    (folder / "r.yml").write_text("\n---\n".join(texts), encoding="utf-8")
    return load([folder])


def correlation(name="k", body="type: event_count", rules="[a]", more="timespan: 5m"):
    """A correlation document."""
    return f"title: K\nid: id-{name}\nname: {name}\ncorrelation: {{{body}, rules: {rules}, {more}}}"


COUNT = "timespan: 5m, condition: {gte: 3}"


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
    ("expected", "written"),
    [
        pytest.param((("gt", 3),), "{gt: 3}", id="gt"),
        pytest.param((("gte", 3),), "{gte: 3}", id="gte"),
        pytest.param((("lt", 3),), "{lt: 3}", id="lt"),
        pytest.param((("lte", 3),), "{lte: 3}", id="lte"),
        pytest.param((("eq", 3),), "{eq: 3}", id="eq"),
        pytest.param((("neq", 3),), "{neq: 3}", id="neq"),
        pytest.param((("gt", 100), ("lte", 200)), "{gt: 100, lte: 200}", id="range"),
        pytest.param((("gte", 2), ("lt", 3)), "{lt: 3, gte: 2}", id="range-of-one"),
    ],
)
def test_count_condition_is_a_conjunction(tmp_path, expected, written):
    """One operator, or the two of a range."""
    found = read(tmp_path, correlation(more=f"timespan: 5m, condition: {written}"))
    assert [expected] == [one.condition for one in found.correlations]


@pytest.mark.parametrize(
    ("expected", "document"),
    [
        pytest.param("needs one of", correlation(more="timespan: 5m, condition: {}"), id="empty"),
        pytest.param("is missing", correlation(), id="no-condition"),
        pytest.param(
            "no count", correlation(more="timespan: 5m, condition: {gt: 5, lt: 6}"), id="no-count"
        ),
        pytest.param(
            "a range is",
            correlation(more="timespan: 5m, condition: {gt: 5, gte: 7}"),
            id="two-lows",
        ),
        pytest.param(
            "a range is", correlation(more="timespan: 5m, condition: {eq: 5, neq: 7}"), id="eq-neq"
        ),
        pytest.param(
            "whole number", correlation(more="timespan: 5m, condition: {gte: 1.5}"), id="fraction"
        ),
        pytest.param(
            "negative", correlation(more="timespan: 5m, condition: {lt: -1}"), id="negative"
        ),
        pytest.param(
            "unknown key",
            correlation(more="timespan: 5m, condition: {gte: 5, field: a}"),
            id="field-of-event-count",
        ),
        pytest.param(
            "not supported yet", correlation(body="type: value_count", more=COUNT), id="value-count"
        ),
        pytest.param(
            "not supported yet", correlation(body="type: temporal", more=COUNT), id="temporal"
        ),
        pytest.param(
            "temporal_ordered",
            correlation(body="type: ordered_temporal", more=COUNT),
            id="old-name-of-ordered",
        ),
        pytest.param("one of", correlation(body="type: foo", more=COUNT), id="unknown-type"),
        pytest.param(
            "not supported yet",
            correlation(more=f"{COUNT}, aliases: {{u: {{a: b}}}}"),
            id="aliases",
        ),
        pytest.param("at least two", correlation(body="type: temporal_ordered"), id="one-step"),
        pytest.param(
            "twice", correlation(body="type: temporal_ordered", rules="[a, a]"), id="same-step"
        ),
        pytest.param(
            "all its 2 rules",
            correlation(
                body="type: temporal_ordered",
                rules="[a, b]",
                more="timespan: 5m, condition: {gte: 1}",
            ),
            id="some-steps",
        ),
        pytest.param("empty list", correlation(rules="[]", more=COUNT), id="no-rules"),
        pytest.param("unknown key", correlation(more=f"{COUNT}, groupby: [a]"), id="misspelt"),
        pytest.param("'nope'", correlation(rules="[a, nope]", more=COUNT), id="unknown-rule"),
        pytest.param("back to itself", correlation(rules="[k]", more=COUNT), id="itself"),
    ],
)
def test_correlation_that_cannot_run_is_a_problem(tmp_path, expected, document):
    """It is refused with a reason, and the rules beside it stay."""
    found = read(tmp_path, document)
    assert any(expected in problem.what for problem in found.problems)
    assert ((), 3) == (found.correlations, len(found.rules))


def test_ordered_correlation_needs_all_its_rules(tmp_path):
    """Its condition is implied; group-by and generate are optional."""
    found = read(tmp_path, correlation(body="type: temporal_ordered", rules="[b, id-a]"))
    (one,) = found.correlations
    assert ((), ("id-b", "id-a"), (("gte", 2),), False) == (
        one.group_by,
        one.rules,
        one.condition,
        one.generate,
    )


def test_rules_of_a_correlation_are_silent_unless_it_generates(tmp_path):
    """Only a correlation with `generate: true` leaves its rules their own alerts."""
    loud = correlation("l", rules="[b]", more=f"{COUNT}, generate: true")
    found = read(tmp_path, correlation(more=COUNT), loud)
    assert frozenset({"id-a"}) == found.silent


def test_two_correlations_may_stand_above_one_another(tmp_path):
    """The outer one names the inner one, also when it stands before it in the file."""
    outer = correlation("outer", body="type: temporal_ordered", rules="[inner, b]")
    found = read(tmp_path, outer, correlation("inner", more=COUNT))
    assert [("id-inner", "id-b"), ("id-a",)] == [one.rules for one in found.correlations]
    assert frozenset({"id-inner", "id-a", "id-b"}) == found.silent


def test_three_correlations_above_one_another_are_a_problem(tmp_path):
    """The third link is refused where it is written, the two below it stay."""
    found = read(
        tmp_path,
        correlation("x", rules="[y]", more=COUNT),
        correlation("y", rules="[z]", more=COUNT),
        correlation("z", more=COUNT),
    )
    assert {"id-y", "id-z"} == {one.card.id for one in found.correlations}
    assert ["correlation.rules.0"] == [problem.field for problem in found.problems]


def test_cycle_takes_every_correlation_in_it(tmp_path):
    """Neither half of a circle can be evaluated."""
    found = read(
        tmp_path,
        correlation("x", rules="[y]", more=COUNT),
        correlation("y", rules="[x]", more=COUNT),
    )
    assert found.correlations == ()
    assert 2 == sum("back to itself" in problem.what for problem in found.problems)


def test_correlation_above_a_refused_one_is_refused(tmp_path):
    """A fault below is told where it is and above."""
    found = read(
        tmp_path,
        correlation("x", rules="[y]", more=COUNT),
        correlation("y", rules="[nope]", more=COUNT),
    )
    assert found.correlations == ()
    assert 2 == sum("'nope'" in problem.what for problem in found.problems)
