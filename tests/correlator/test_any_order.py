"""Every kind of correlation against its definition, whatever comes first, late or together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.correlate import Clock, correlate
from tests.support.correlation import (
    EVERYTHING,
    empty_database,
    final_episodes,
    match,
    plan_of,
    rule,
)
from tests.support.oracle import episodes

ALLOWANCE = 30
SUM, AVERAGE, PERCENTILE = "value_sum", "value_avg", "value_percentile"
IP = {"ip": {"f": "source.ip", "s": "destination.ip", "g": "source.ip"}}
USERS = rule("users", "value_count", value_fields=("user.name",), condition=(("gte", 2),))
BURST = rule("burst", of=("f",), by=("source.ip",), condition=(("gte", 2),))
FSG = ("f", "s", "g")


def value(kind, *condition, field="bytes", **more):
    """A correlation that aggregates a number."""
    return rule("v", kind, of=("f", "s"), value_fields=(field,), condition=condition, **more)


KINDS = {
    "event-count": [rule("c", of=("f", "s"))],
    "event-count-range": [rule("c", condition=(("gte", 2), ("lt", 4)))],
    "event-count-eq": [rule("c", by=(), condition=(("eq", 2),))],
    "value-count": [USERS],
    "value-count-tuple": [
        rule(
            "c",
            "value_count",
            value_fields=("user.name", "source.ip"),
            condition=(("gt", 2),),
        )
    ],
    "value-count-lte": [
        rule("c", "value_count", value_fields=("user.name",), condition=(("lte", 1),))
    ],
    "sum-gt": [value(SUM, ("gt", 2.5))],
    "sum-neq": [value(SUM, ("neq", 0.3))],
    "avg-range": [value(AVERAGE, ("gte", -1), ("lte", 1.5))],
    "median": [value(PERCENTILE, ("gt", 0.2), percentile=50)],
    "p90": [value(PERCENTILE, ("lt", 2), percentile=90)],
    "temporal": [rule("t", "temporal", of=FSG)],
    "temporal-or": [rule("t", "temporal", of=FSG, masks={3, 5, 7})],
    "temporal-not": [rule("t", "temporal", of=FSG, masks={3})],
    "ordered": [rule("t", "temporal_ordered", of=FSG)],
    "ordered-not": [rule("t", "temporal_ordered", of=FSG, masks={5})],
    "aliases": [rule("t", "temporal", of=FSG, by=("ip",), aliases=IP)],
    "alias-counted": [
        rule("t", "value_count", of=FSG, value_fields=("ip",), aliases=IP, condition=(("gte", 3),))
    ],
    "chain-of-a-value-count": [
        USERS,
        rule("t", "temporal", of=("users", "s"), span=20),
    ],
    "chain-by-a-field-of-events": [
        rule("inner", condition=(("gte", 2),)),
        rule("t", "temporal_ordered", of=("inner", "s"), by=("user.name",), span=20),
    ],
    "chain-of-a-shorter-timespan": [
        rule("inner", span=15, condition=(("gte", 2),)),
        rule("t", "temporal_ordered", of=("inner", "s"), span=4),
    ],
    "chain-not": [BURST, rule("t", "temporal", of=("s", "burst"), masks={1}, by=("source.ip",))],
    "count-of-episodes-by-value": [
        BURST,
        rule(
            "c",
            "value_count",
            of=("burst",),
            by=(),
            value_fields=("source.ip",),
            span=40,
            condition=(("gte", 2),),
        ),
    ],
    "three-links-through-aliases": [
        rule("one", condition=(("gte", 2),), by=("ip",), aliases={"ip": {"f": "source.ip"}}),
        rule("two", "temporal", of=("one", "s"), by=("host.name",), span=20),
        rule(
            "three",
            "temporal",
            of=("two", "g"),
            by=("who",),
            span=30,
            aliases={"who": {"two": "user.name", "g": "destination.user.name"}},
        ),
    ],
}

some_matches = st.lists(
    st.tuples(
        st.sampled_from("ffsg"),
        st.integers(0, 60),
        st.sampled_from(["web", "db"]),
        st.sampled_from(["203.0.113.7", "198.51.100.9"]),
        st.sampled_from(["203.0.113.7", "198.51.100.9"]),
        st.sampled_from(["an", "AN", "binh", ""]),
        st.sampled_from(["0.1", "0.2", "1", "1.0", "-3", "4", "", "nhiều"]),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=14,
).map(lambda rows: [one for n, row in enumerate(rows) for one in _matches(n, *row)])


def _matches(number, name, time, host, address, other, user, size, twice):
    more = {
        "destination.ip": other,
        "user.name": user.lower() if name == "s" else user,
        "destination.user.name": user,
        "bytes": size,
    }
    found = [match(name, time, number, host, address, **more)]
    if twice and name != "s":
        found.append(match("s", time, number, host, address, **more))
    return found


def ended(plan, matches, random):
    """What the episodes are at the end of a feed that delays each event up to the allowance."""
    arrivals = {}
    for one in random.sample(matches, len(matches)):
        arrivals.setdefault(one.time + random.randint(0, ALLOWANCE), []).append(one)
    opened = empty_database()
    for closing in [*sorted(arrivals), EVERYTHING]:
        with opened.transaction("test") as connection:
            clock = Clock(closing, closing - ALLOWANCE - 1)
            correlate(connection, plan, arrivals.get(closing, []), clock)
    return final(opened)


def final(opened):
    """Every episode that is not superseded, without its group's id."""
    return sorted((name, *rest) for name, _group, *rest in final_episodes(opened))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(matches=some_matches, random=st.randoms(use_true_random=False))
def test_any_order_ends_in_the_episodes_of_the_definition(kind, matches, random):
    """Late within the allowance, shuffled, in any batches: the definition knows only times."""
    plan = plan_of(*KINDS[kind])

    assert episodes(plan, matches) == ended(plan, matches, random)
