"""How matches become points: their group, their value, what they carry, by which names."""

import pytest

from correlator.inputs import place
from correlator.points import Owner, Point
from tests.support.correlation import rule

POINT = Point(1, "e1", 1, Owner("op", ("unit",), "z", 2))


def placed(correlation, values, of="f", zone="z"):
    """The key and point of a match of a rule."""
    return place(correlation, of, values, zone, POINT)


def counted(values, zone="z", fields=("user.name",)):
    """What a value_count keeps of these values."""
    own = rule("c", "value_count", by=(), value_fields=fields)
    return placed(own, values, zone=zone)[1].values


def measured(text):
    """The number that a value_sum keeps of a text; None if the event takes no part."""
    own = rule("c", "value_sum", by=(), value_fields=("n",))
    found = placed(own, {"n": text})
    return found and found[1].values[0]


def test_a_plain_event_keeps_no_values():
    """A count needs to know nothing of it."""
    key, point = placed(rule("c"), {"host.name": "web"})

    assert (POINT, (), ()) == (point, point.values, point.carried)
    assert {"host.name": "web"} == key.values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5),
        ("-2.5", -2.5),
        ("1e3", 1000.0),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**64), float(2**64)),
        ("9" * 400, None),
        ("1e999", None),
        ("5 MB", None),
        ("1,5", None),
        ("0x10", None),
        ("true", None),
        ("", None),
    ],
)
def test_only_finite_decimal_numbers_are_measured(text, expected):
    """What is no number takes no part, and does not stop the others."""
    assert expected == measured(text)


def test_an_event_without_the_counted_field_takes_no_part():
    """Of several fields, each is needed."""
    own = rule("c", "value_count", by=(), value_fields=("user.name", "user.domain"))

    assert placed(own, {"user.name": "an"}) is None
    assert placed(own, {"user.name": "an", "user.domain": "bm"}) is not None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"user.name": "AN"}, {"user.name": "an"}, True),
        ({"user.name": "an"}, {"user.name": "binh"}, False),
        ({"user.name": "::ffff:203.0.113.7"}, {"user.name": "203.0.113.7"}, True),
    ],
)
def test_counted_values_are_compared_as_group_values_are(one, other, same):
    """Folded, and addresses by what they mean."""
    assert same == (counted(one) == counted(other))


def test_counted_tuples_cannot_run_into_each_other():
    """a+bc is another pair than ab+c."""
    fields = ("x", "y")

    assert counted({"x": "a", "y": "bc"}, fields=fields) != counted(
        {"x": "ab", "y": "c"}, fields=fields
    )


def test_private_addresses_of_two_zones_are_two_values():
    """10.0.0.1 exists in every network; a public address does not."""
    private, public = {"user.name": "10.0.0.1"}, {"user.name": "203.0.113.7"}

    assert counted(private, "z1") != counted(private, "z2")
    assert counted(public, "z1") == counted(public, "z2")


def test_a_counted_value_takes_little_room():
    """The state holds an id of it, however long it is."""
    (kept,) = counted({"user.name": "x" * 100_000})

    assert 32 == len(kept)


def test_an_alias_means_the_field_of_the_rule_that_matched():
    """Source of one rule, destination of the other, one group; shown under the alias."""
    fields = {"f": "source.ip", "s": "destination.ip"}
    own = rule("c", of=("f", "s"), by=("peer",), aliases={"peer": fields})
    out, back = {"source.ip": "203.0.113.7"}, {"destination.ip": "203.0.113.7"}

    first, second = placed(own, out, "f")[0], placed(own, back, "s")[0]

    assert first == second
    assert {"peer": "203.0.113.7"} == first.values
    assert placed(own, out, "s") is None


def test_an_alias_of_a_machine_counts_only_with_its_zone():
    """Two agencies may each have a `web01`."""
    own = rule("c", by=("machine",), aliases={"machine": {"f": "host.name"}})
    hosts = frozenset({"machine"})
    known = rule("c", by=("machine",), aliases={"machine": {"f": "host.name"}}, hosts=hosts)
    values = {"host.name": "web01"}

    assert placed(own, values, zone="z1")[0].id == placed(own, values, zone="z2")[0].id
    assert placed(known, values, zone="z1")[0].id != placed(known, values, zone="z2")[0].id


def test_what_correlations_above_read_is_carried():
    """Blank where the event has none."""
    own = rule("c", carried=("source.ip", "user.name"))

    _key, point = placed(own, {"host.name": "web", "user.name": "an"})

    assert (("", "an"),) == point.carried
