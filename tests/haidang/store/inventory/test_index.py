"""Look-ups give what reading every record one by one would give."""

from ipaddress import IPv4Address, ip_address, ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from haidang.model.instant import DAY
from haidang.model.zone import is_private
from haidang.store.inventory.index import Index, current_units
from haidang.store.inventory.records import (
    ALWAYS,
    Claim,
    Records,
    Span,
    Unit,
)

ADDRESSES = st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number)))
NETWORKS = st.builds(
    lambda address, size: str(ip_network(f"{address}/{size}", strict=False)),
    ADDRESSES | st.sampled_from(["10.1.2.3", "10.1.2.200", "203.0.113.7", "192.168.0.1"]),
    st.integers(0, 32),
)
SPANS = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(
    lambda pair: Span(min(pair) * DAY, (max(pair) + 1) * DAY)
)
CLAIMS = st.builds(
    Claim,
    value=NETWORKS,
    zone=st.sampled_from(["z", "y"]),
    unit=st.sampled_from("abc"),
    span=SPANS,
    place=st.just(()),
)


def widths_that_hold(claims, zone, text, at):
    """Return the prefix lengths of all claims on an address, by looking at each."""
    address = ip_address(text)
    return {
        ip_network(claim.value).prefixlen
        for claim in claims
        if address in ip_network(claim.value)
        and claim.span.holds(at)
        and (claim.zone == zone or not is_private(text))
    }


@settings(max_examples=60)
@given(
    st.lists(CLAIMS, max_size=8),
    st.sampled_from(["z", "y", ""]),
    ADDRESSES | st.sampled_from(["10.1.2.3", "203.0.113.7", "192.168.0.9"]),
    st.integers(-1, 11).map(lambda day: day * DAY),
)
def test_network_is_the_narrowest_that_holds(claims, zone, address, at):
    """Longest prefix, in the zone for private addresses, by date."""
    found = Index.of(Records(networks=tuple(claims))).network(zone, address, at)
    widths = widths_that_hold(claims, zone, address, at)
    assert max(widths, default=None) == (ip_network(found.value).prefixlen if found else None)


@given(st.lists(CLAIMS, max_size=8), st.integers(-DAY, 11 * DAY))
def test_nothing_changes_between_since_and_now(claims, at):
    """Answers may be kept for as long as no claim begins or ends."""
    since = Index.of(Records(networks=tuple(claims))).since(at)
    assert since <= at
    assert [claim.span.holds(since) for claim in claims] == [
        claim.span.holds(at) for claim in claims
    ]


def unit(name, end, *successors):
    """Return a unit that ends at an instant."""
    return Unit(name, name, "", Span(0, end), (), successors, ())


def test_heirs_are_followed_to_those_that_live():
    """A split and a later merger lead to one unit, named once."""
    units = [unit("a", 10, "b", "c"), unit("b", 20, "d"), unit("c", 20, "d")]
    by_id = {one.id: one for one in (*units, unit("d", ALWAYS.end))}
    assert [{"a"}, {"b", "c"}, {"d"}] == [current_units(by_id, "a", at) for at in (9, 10, 20)]


def test_unit_that_ended_without_heirs_stays_itself():
    """Nobody took over: the event is still that unit's."""
    assert {"a"} == current_units({"a": unit("a", 10)}, "a", 11)
