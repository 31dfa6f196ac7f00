"""What a set of rules means for correlation: order, masks, fields, hashes, replays."""

from dataclasses import replace

import pytest

from correlator.plan import ENTITY_FIELDS, Plan
from haidang.model.detection import Card
from rules.rule import Item, LogSource, Rule, RuleSet
from rules.values import Null
from tests.support.correlation import rule


def leaf(name, content=""):
    """A single-event rule whose content is told by its hash."""
    card = Card(name, name, f"{name} {content}", name, "low")
    return Rule(card, LogSource(), Item("a", Null()), ("a",), "test.yml")


INNER = rule("z-inner", of=("a",), by=("source.ip",), span=10)
OUTER = rule("a-outer", "temporal_ordered", of=("z-inner", "b"), by=("source.ip",), span=20)
OTHER = rule("other", of=("a",), by=("user.name",), span=30)


def plan(*leaves, correlations=(OUTER, INNER, OTHER)):
    """The plan of these rules."""
    silent = frozenset({"a", "b", "z-inner"})
    rules = leaves or (leaf("a"), leaf("b"))
    return Plan.of(RuleSet(rules, tuple(correlations), (), silent, "v"))


def hashes(found):
    """The hash of each correlation."""
    return {one.card.id: one.card.hash for one in found.correlations}


def test_inner_correlations_come_before_outer_ones():
    """What an inner one finds in a tick reaches the outer one in the same tick."""
    names = [one.card.id for one in plan().correlations]

    assert names.index("z-inner") < names.index("a-outer")
    assert {"z-inner", "a-outer", "other"} == set(names)


def test_a_rule_feeds_each_correlation_by_its_steps():
    """A step is a bit, in the order of the correlation's list."""
    feeds = plan().feeds

    assert {"z-inner": 1, "other": 1} == {one.card.id: mask for one, mask in feeds["a"]}
    assert [("a-outer", 2)] == [(one.card.id, mask) for one, mask in feeds["b"]]
    assert [("a-outer", 1)] == [(one.card.id, mask) for one, mask in feeds["z-inner"]]


def test_matches_carry_the_fields_of_all_their_correlations():
    """Entity fields always, and each group-by once."""
    own = replace(OTHER, group_by=("user.name", "url.path"))

    found = plan(correlations=(own,)).fields

    assert (*ENTITY_FIELDS, "url.path") == found["a"]
    assert ENTITY_FIELDS == found["b"]


@pytest.mark.parametrize(
    ("edited", "changed"),
    [
        pytest.param("a", {"z-inner", "a-outer", "other"}, id="below-an-inner-one"),
        pytest.param("b", {"a-outer"}, id="below-an-outer-one"),
    ],
)
def test_the_hash_of_a_correlation_covers_its_inputs(edited, changed):
    """An edited rule restarts everything above it and nothing else."""
    before = hashes(plan(leaf("a"), leaf("b")))
    after = hashes(plan(*(leaf(name, "new" if name == edited else "") for name in "ab")))

    assert changed == {name for name in before if before[name] != after[name]}


def test_the_hash_stays_when_other_rules_come_and_go():
    """Adding a rule elsewhere restarts nothing."""
    before = hashes(plan(leaf("a"), leaf("b")))
    after = hashes(plan(leaf("c"), leaf("a"), leaf("b")))

    assert before == after


def test_a_correlation_reaches_back_over_those_below_it():
    """A replay must cover the inner windows of the outer window."""
    found = plan()

    assert {"z-inner": 10, "a-outer": 30, "other": 30} == {
        one.card.id: found.reach(one) for one in found.correlations
    }


def test_fields_that_an_outer_correlation_reads_are_carried_by_the_inner_one():
    """Down to the events, under the names that aliases give them at each link."""
    inner = replace(INNER, aliases={"who": {"a": "user.name"}})
    aliases = {"account": {"z-inner": "who", "b": "user.target.name"}}
    outer = replace(OUTER, group_by=("account", "source.ip"), aliases=aliases)

    found = plan(correlations=(outer, inner))

    assert ("who",) == found.correlation("z-inner").carried
    assert () == found.correlation("a-outer").carried
    assert {"user.name", "source.ip"} <= set(found.fields["a"])
    assert {"user.target.name", "source.ip"} <= set(found.fields["b"])


def test_values_that_are_aggregated_are_carried_too():
    """By matches, and by inner correlations that are not grouped by them."""
    summed = rule(
        "sum", "value_sum", of=("z-inner", "b"), by=(), value_fields=("destination.bytes",)
    )

    found = plan(correlations=(INNER, summed))

    assert ("destination.bytes",) == found.correlation("z-inner").carried
    assert "destination.bytes" in found.fields["a"]
    assert "destination.bytes" in found.fields["b"]


def test_what_is_carried_counts_in_the_hash():
    """Points that were stored without it are of no use to the correlation above."""
    alone = hashes(plan(correlations=(INNER,)))
    wide = hashes(plan(correlations=(INNER, replace(OUTER, group_by=("user.name",)))))

    assert alone["z-inner"] == hashes(plan())["z-inner"]
    assert alone["z-inner"] != wide["z-inner"]


def test_names_that_mean_a_machine_are_known_through_aliases_and_links():
    """So that machines of two zones stay two."""
    inner = replace(INNER, group_by=("machine",), aliases={"machine": {"a": "host.name"}})
    fields = {"box": {"z-inner": "machine", "b": "user.name"}}
    outer = replace(OUTER, group_by=("box",), aliases=fields)

    found = plan(correlations=(outer, inner))

    assert frozenset({"machine"}) == found.correlation("z-inner").hosts
    assert frozenset({"box"}) == found.correlation("a-outer").hosts


def test_a_broad_deep_chain_is_planned_once():
    """Eight to a level and ten levels are a billion paths."""
    levels = [
        rule(
            f"k{level}-{n}",
            of=[f"k{level - 1}-{below}" for below in range(8)] if level else ["a"],
            span=10,
        )
        for level in range(10)
        for n in range(8)
    ]

    found = plan(correlations=tuple(levels))

    assert 100 == found.reach(found.correlation("k9-0"))


def test_the_plan_of_a_replay_feeds_the_wanted_and_those_below():
    """The unchanged neighbour gets no event again, and no single event speaks."""
    found = plan()
    wanted = found.only({hashes(found)["a-outer"]})

    assert ["z-inner"] == [one.card.id for one, _mask in wanted.feeds["a"]]
    assert ["a-outer"] == [one.card.id for one, _mask in wanted.feeds["b"]]
    assert ["a-outer"] == [one.card.id for one, _mask in wanted.feeds["z-inner"]]
    assert {"a", "b"} <= wanted.silent
    assert "a-outer" not in wanted.silent


def test_an_unknown_correlation_is_a_key_error():
    """The plan knows its own correlations only."""
    assert "other" == plan().correlation("other").card.id
    with pytest.raises(KeyError):
        plan().correlation("nobody")
