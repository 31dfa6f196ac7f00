"""Reading alerts back: own units only, in order, superseded ones aside."""

from dataclasses import replace

import pytest

from alerts.listing import get_alert, list_alerts, list_earlier, list_evidence
from alerts.raising import raise_alerts
from haidang.model.scope import Scope

SOC = Scope(None)


@pytest.fixture
def raised(database, put, make, world):
    """Alerts a (critical, so-a), f (high, so-b), c (medium, so-a), raised one after another."""
    f1 = replace(world.f1.detection, affected=("so-b",), operators=())
    f1 = replace(f1, card=replace(f1.card, level="high"))
    third = replace(world.a1.detection, alert="c" * 32)
    third = replace(third, card=replace(third.card, level="medium"))
    store = make.store([*world.a1.events, *world.f1.events])
    for moment, detection in enumerate((world.a1.detection, f1, third)):
        put(detection)
        raise_alerts(database, store, world.names, moment)
    return database


@pytest.fixture
def joined(raised, put, make, world):
    """The third alert is superseded by the first."""
    put(replace(world.a1.detection, absorbed=("c" * 32,)))
    raise_alerts(raised, make.store(world.a1.events), world.names, 9)
    return raised


def ids(alerts):
    """First letters of ids."""
    return "".join(alert.id[0] for alert in alerts)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        pytest.param(SOC, "cfa", id="system"),
        pytest.param(Scope.of(["so-a"]), "ca", id="affected unit"),
        pytest.param(Scope.of(["so-b"]), "f", id="other unit"),
        pytest.param(Scope.of(["ttdl"]), "ca", id="operator"),
        pytest.param(Scope.of(["so-a", "so-b", "x"]), "cfa", id="several units, each alert once"),
        pytest.param(Scope.of(["so"]), "", id="a prefix is not a unit"),
        pytest.param(Scope.of([]), "", id="no unit"),
    ],
)
def test_scope_sees_its_units_alerts_newest_first(raised, scope, expected):
    """A reader gets the alerts of the own units and no other."""
    assert expected == ids(list_alerts(raised, scope))
    visible = [id_ for id_ in "acf" if get_alert(raised, scope, id_ * 32)]
    assert sorted(expected) == visible


def test_what_no_database_keeps_is_replaced_in_words(database, put, make, world):
    """A NUL in a rule's title or a unit's id stops no alert, and the unit still sees its own."""
    detection = replace(world.a1.detection, affected=("so\0a",), zone="z\0")
    put(replace(detection, card=replace(detection.card, title="A\0B")))
    raise_alerts(database, make.store([]), world.names, 1)
    (alert,) = list_alerts(database, Scope.of(["so\0a"]))
    assert ("A\N{REPLACEMENT CHARACTER}B", "z\N{REPLACEMENT CHARACTER}") == (
        alert.title,
        alert.zone,
    )


def test_alerts_by_level(raised):
    """The highest level first."""
    assert "afc" == ids(list_alerts(raised, SOC, order="level"))


def test_limit_takes_the_first(raised):
    """A listing may be bounded."""
    assert "cf" == ids(list_alerts(raised, SOC, limit=2))


def test_superseded_alert_is_hidden_unless_asked(joined):
    """An alert that another stands for is not open."""
    assert "fa" == ids(list_alerts(joined, SOC))
    assert "cfa" == ids(list_alerts(joined, SOC, superseded=True))


def test_stored_alert_reads_back_as_it_was_returned(database, put, make, world):
    """Nothing is lost on the way through the tables."""
    put(world.f1.detection)
    (alert,) = raise_alerts(database, make.store(world.f1.events), world.names, 5)
    assert [alert] == list_alerts(database, SOC)
    assert ("ttdl",) == alert.operators


def test_evidence_is_in_order_of_time(raised, world):
    """Copies come as the events happened."""
    copies = list_evidence(raised, SOC, "a" * 32)
    assert [event.id for event in world.a1.events] == [copy.event for copy in copies]
    assert world.a1.events[0].ecs == copies[0].ecs


def test_what_spans_units_is_read_by_the_operator_alone(database, put, make, world):
    """The sentence names both units, so neither reads it; who runs the systems reads all."""
    pairs = [
        (make.event("mine", 1, {}, affected=["so-a"]), "r"),
        (make.event("theirs", 2, {}, affected=["so-b"]), "r"),
    ]
    put(make.detection(pairs, {}, {}))
    raise_alerts(database, make.store([event for event, _ in pairs]), world.names, 5)

    def read(*units):
        return [copy.event for copy in list_evidence(database, Scope.of(units), "a" * 32)]

    assert [] == read("so-a") == read("so-b") == read("so-c")
    assert ["mine", "theirs"] == read("ttdl")
    assert [] == list_alerts(database, Scope.of(["so-a", "so-b"]))


def test_what_spans_operators_too_is_the_centres_alone(database, put, make, world):
    """A public address that came to two units' own servers is a campaign: nobody's finding."""
    event = make.event("mine", 1, {}, affected=["so-a"])
    detection = make.detection([(event, "r")], {}, {})
    put(replace(detection, operators=("so-a", "so-b"), affected=("so-a", "so-b")))
    raise_alerts(database, make.store([event]), world.names, 5)

    assert [] == list_alerts(database, Scope.of(["so-a"]))
    assert 1 == len(list_alerts(database, SOC))


def test_evidence_of_an_unknown_alert_is_nothing(raised):
    """An unknown id answers as an invisible one."""
    assert [] == list_evidence(raised, SOC, "0" * 32)


def test_earlier_alerts_are_of_the_same_group(raised, put, make, world):
    """What was raised before on the same machine by the same rule, the newest first."""
    store = make.store(world.a1.events)
    other = {"group": {"host.name": "web-2"}}
    for moment, (letter, changes) in enumerate({"d": {}, "e": other, "g": {}}.items(), 10):
        put(replace(world.a1.detection, alert=letter * 32, **changes))
        raise_alerts(raised, store, world.names, moment)
    last = get_alert(raised, SOC, "g" * 32)
    earlier, count = list_earlier(raised, SOC, last, limit=2)
    assert ("dc", 3) == (ids(earlier), count)
    first = get_alert(raised, SOC, "a" * 32)
    assert ([], 0) == list_earlier(raised, SOC, first)
    assert ([], 0) == list_earlier(raised, Scope.of(["so-b"]), last)
