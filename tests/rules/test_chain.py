"""What correlations name: found by id or name, to a depth, never in a circle, through aliases."""

import pytest

from tests.support.written import COUNT, correlation, read


def aliased(aliases, rules="[a, b]", name="k"):
    """A correlation of two rules with aliases."""
    more = f"timespan: 5m, group-by: [ip], aliases: {aliases}"
    return correlation(name, body="type: temporal", rules=rules, more=more)


def tower(height, wide=1):
    """So many correlations above one another, each naming the `wide` ones below it."""
    found = [correlation(f"k0-{n}", more=COUNT) for n in range(wide)]
    for level in range(1, height):
        below = f"[{', '.join(f'k{level - 1}-{n}' for n in range(wide))}]"
        found += [correlation(f"k{level}-{n}", rules=below, more=COUNT) for n in range(wide)]
    return found


@pytest.mark.parametrize(
    ("expected", "document"),
    [
        pytest.param("'nope'", correlation(rules="[a, nope]", more=COUNT), id="unknown-rule"),
        pytest.param("back to itself", correlation(rules="[k]", more=COUNT), id="itself"),
        pytest.param("not one of the rules", aliased("{ip: {a: x, b: y, c: z}}"), id="foreign"),
        pytest.param("no field for b", aliased("{ip: {a: x}}"), id="rule-without-a-field"),
        pytest.param("map the name", aliased("{ip: source.ip}"), id="not-by-rule"),
        pytest.param("map the name", aliased("{ip: {}}"), id="no-rules"),
        pytest.param("map the name", aliased("{ip: {a: '', b: y}}"), id="blank"),
    ],
)
def test_reference_that_leads_nowhere_is_a_problem(tmp_path, expected, document):
    """It is refused with a reason, and the rules beside it stay."""
    found = read(tmp_path, document)

    assert any(expected in problem.what for problem in found.problems)
    assert ((), 3) == (found.correlations, len(found.rules))


def test_rules_are_named_by_id_or_name_and_kept_by_id(tmp_path):
    """In the list and in aliases alike."""
    (found,) = read(tmp_path, aliased("{ip: {a: source.ip, id-b: destination.ip}}")).correlations

    assert ("id-a", "id-b") == found.rules
    assert {"ip": {"id-a": "source.ip", "id-b": "destination.ip"}} == found.aliases
    assert ("source.ip", "destination.ip", "user.name") == (
        found.field_of("id-a", "ip"),
        found.field_of("id-b", "ip"),
        found.field_of("id-b", "user.name"),
    )


def test_ten_correlations_may_stand_above_one_another(tmp_path):
    """Not eleven: the highest is refused where it is written, those below it stay."""
    found = read(tmp_path, *reversed(tower(11)))

    assert {f"id-k{level}-0" for level in range(10)} == {one.card.id for one in found.correlations}
    assert [("correlation.rules.0", "more than 10 correlations stand above one another")] == [
        (problem.field, problem.what) for problem in found.problems
    ]


def test_a_broad_chain_is_followed_once(tmp_path):
    """Eight to a level and ten levels are a billion paths."""
    found = read(tmp_path, *tower(10, wide=8))

    assert 80 == len(found.correlations)


def test_inner_rules_are_silent(tmp_path):
    """The outer one names the inner one, also when it stands before it in the file."""
    outer = correlation("outer", body="type: temporal_ordered", rules="[inner, b]")
    found = read(tmp_path, outer, correlation("inner", more=COUNT))

    assert [("id-inner", "id-b"), ("id-a",)] == [one.rules for one in found.correlations]
    assert frozenset({"id-inner", "id-a", "id-b"}) == found.silent


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
