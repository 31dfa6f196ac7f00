"""On, trial or off: each ruling by itself, in the order in which they apply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haidang.model.detection import LEVELS, Card
from rules.card import STATUSES
from rules.modes import (
    MODES,
    Choice,
    Decision,
    Facts,
    Proof,
    Tried,
    choose,
    decide,
    decide_all,
    is_candidate,
)
from rules.reach import NO_SOURCE, Reach
from rules.rule import Correlation, RuleSet

SEEN, BLIND = Reach(("web",)), Reach((), NO_SOURCE, "category: dns")
PROOF = Proof(days=7, budget=5)


def card(name="r", level="high", status="test", **more):
    """A rule's card."""
    return Card(name, name, f"hash-{name}", name, level, status, **more)


def facts(given=None, **more):
    """A rule of a set that may be on but for its backtest."""
    known = {"card": given or card(), "origin": "sigmahq", "own": False, "reach": SEEN}
    return Facts(**{**known, **more})


OFF = Choice("rule", "r", "off", "too loud")


@pytest.mark.parametrize(
    ("mode", "reason", "known"),
    [
        pytest.param("off", "chosen: too loud", facts(choice=OFF, packs=("web",)), id="choice"),
        pytest.param("off", "its status is deprecated", facts(card(status="deprecated")), id="old"),
        pytest.param(
            "off",
            "its status is unsupported",
            facts(card(status="unsupported"), packs=("a",)),
            id="unsupported",
        ),
        pytest.param(
            "on", "in the pack a, b", facts(card(level="low"), packs=("a", "b")), id="pack"
        ),
        pytest.param(
            "trial",
            "in the pack a, but no source has its log source: category: dns",
            facts(packs=("a",), reach=BLIND),
            id="blind pack",
        ),
        pytest.param(
            "on",
            "a rule of ours; no source has its log source",
            facts(packs=("a",), own=True, origin="haidang", reach=BLIND),
            id="ours in a blind pack",
        ),
        pytest.param(
            "on", "a rule of ours", facts(card(level="low"), own=True, origin="haidang"), id="ours"
        ),
        pytest.param(
            "on",
            "a rule of this site; no source",
            facts(card(status=""), own=True, origin="site", reach=BLIND),
            id="site",
        ),
        pytest.param(
            "trial",
            "a rule of ours, status experimental",
            facts(card(status="experimental"), own=True, origin="haidang"),
            id="ours, experimental",
        ),
        pytest.param("trial", "no source has its log source", facts(reach=BLIND), id="blind"),
        pytest.param(
            "trial",
            "its status is experimental",
            facts(card(status="experimental")),
            id="experimental",
        ),
        pytest.param("trial", "its status is not said", facts(card(status="")), id="no status"),
        pytest.param("trial", "its level is medium", facts(card(level="medium")), id="medium"),
        pytest.param("trial", "not tried on stored events", facts(), id="untried"),
        pytest.param(
            "trial", "at most 6 a day: over the budget of 5", facts(tried=Tried(7, 9, 6)), id="loud"
        ),
        pytest.param(
            "trial", "at least 7 days are needed", facts(tried=Tried(6, 0, 0)), id="too few days"
        ),
        pytest.param(
            "on",
            "high, test; 9 alerts in 7 days of backtest, at most 5 a day",
            facts(tried=Tried(7, 9, 5)),
            id="quiet",
        ),
    ],
)
def test_each_ruling_gives_mode_and_reason(mode, reason, known):
    """The reason is what a person reads in `haidang rules status`."""
    found = decide(known, PROOF)

    assert mode == found.mode
    assert reason in found.reason


NOW = 100
CHOICES = [
    Choice("set", "sigmahq", "off", "set"),
    Choice("tag", "attack.t1", "trial", "tag"),
    Choice("rule", "name", "on", "rule"),
    Choice("rule", "id", "off", "last", until=NOW),
]


def test_narrowest_choice_that_has_not_expired_holds():
    """By rule, then by tag, then by set; of equals the last; never one whose day is over."""
    named = Card("id", "name", "h", "T", "high", tags=("attack.t1",))
    other = Card("x", "y", "h", "T", "high", tags=("attack.t1",))

    assert "last" == choose(CHOICES, named, "sigmahq", NOW - 1).reason
    assert "rule" == choose(CHOICES, named, "sigmahq", NOW).reason
    assert "tag" == choose(CHOICES, other, "sigmahq", NOW).reason
    assert "set" == choose(CHOICES, card(), "sigmahq", NOW).reason
    assert choose(CHOICES, card(), "site", NOW) is None


def correlation(name, rules, kind="temporal_ordered"):
    """A correlation over rules."""
    return Correlation(card(name), kind, rules, (), 1, (), generate=False, file="f")


def decided(correlations, known):
    """Modes by name, all rules being ours unless told otherwise."""
    named = {one.card.id: facts(one.card, own=True, origin="haidang") for one in correlations}
    rules = RuleSet((), tuple(correlations), (), frozenset(), "v")
    found = decide_all(rules, {**named, **known}, PROOF)
    return {name: one.mode for name, one in found.items()}


def own(name, status="test", choice=None):
    """A rule of ours."""
    return facts(card(name, status=status), own=True, origin="haidang", choice=choice)


def test_correlation_that_lost_an_input_by_choice_is_off_with_all_above_it():
    """It could never fire; a count goes on with what is left."""
    gone = own("b", choice=OFF)
    inner, outer = correlation("inner", ("a", "b")), correlation("outer", ("inner", "c"))
    count = correlation("count", ("a", "b"), "event_count")
    known = {"a": own("a"), "b": gone, "c": own("c")}

    found = decided([outer, inner, count], known)

    assert {"inner": "off", "outer": "off", "count": "on"} == {
        name: found[name] for name in ("inner", "outer", "count")
    }
    assert "off" == found["b"]


def test_retired_input_is_matched_as_long_as_somebody_reads_it():
    """Status alone does not blind a correlation that is on."""
    known = {"a": own("a"), "b": own("b", status="deprecated"), "c": own("c", status="deprecated")}

    found = decided([correlation("one", ("a", "b"))], known)

    assert ("on", "trial", "off") == (found["one"], found["b"], found["c"])


@given(
    level=st.sampled_from(LEVELS),
    status=st.sampled_from(["", *STATUSES]),
    reach=st.sampled_from([SEEN, BLIND]),
    packs=st.sampled_from([(), ("web",)]),
    own_one=st.booleans(),
    tried=st.none() | st.builds(Tried, st.integers(0), st.integers(0), st.integers(0, 9)),
)
def test_rule_of_a_set_pages_only_if_it_was_proven_or_named(
    level, status, reach, packs, own_one, tried
):
    """Whatever else is known: no untried, blind, unproven or quiet rule of a set is ever on."""
    known = facts(
        card(level=level, status=status), reach=reach, packs=packs, own=own_one, tried=tried
    )
    found = decide(known, PROOF)

    assert found.mode in MODES
    assert found.reason
    if found.mode == "on" and not own_one:
        assert reach is SEEN
        proven = status in {"test", "stable"} and level in {"high", "critical"} and tried
        assert packs or (proven and tried.busiest <= PROOF.budget and tried.days >= PROOF.days)
    if is_candidate(known):
        assert {"on", "trial"} == {
            decide(facts(known.card, tried=Tried(7, n, n)), PROOF).mode for n in (5, 6)
        }


def test_running_rules_leave_out_what_is_off_and_silence_what_is_in_trial():
    """The version, by which coverage is told, changes with what is evaluated alone."""
    one, two = correlation("one", ("a",)), correlation("two", ("b",))
    rules = RuleSet((), (one, two), (), frozenset({"a"}), "v")

    quiet, less = rules.running((), {"one"}), rules.running({"one"}, ())

    assert {"a", "one"} == quiet.silent
    assert [two] == list(less.correlations)
    assert {"a"} == less.silent
    assert quiet.version == rules.running((), ()).version != less.version


def test_decision_without_a_choice_may_be_changed_by_a_reader():
    """Only what a person said is firm."""
    assert Decision("off", "chosen: too loud", firm=True) == decide(facts(choice=OFF), PROOF)
    assert not decide(facts(card(status="deprecated")), PROOF).firm
