"""Which machine an address was: its lease then, in its zone, as the alert's readers may know it."""

from dataclasses import replace

import pytest

from alerts.lease import LEASE, address_of, find_lease, needs_lease
from alerts.raising import raise_alerts
from haidang.model.detection import Card
from haidang.model.instant import DAY, MINUTE
from haidang.store.state import tables
from tests.support import event_stores

elastic_connection, event_store = event_stores.elastic_connection, event_stores.event_store

ADDRESS = "10.44.7.23"
BEAT = {
    "vi": "Máy {machine} gọi {count} lần trong {duration}[, đều {beat} một lần]"
    "[ từ lúc bật máy {switched_on}].",
    "en": "{machine} called {count} times in {duration}[, once every {beat}]"
    "[ since {switched_on}].",
}


@pytest.fixture
def beat(make):
    """Thirteen calls from one address, five minutes apart, the first at 07:42:20."""
    document = {"event": {"dataset": "zeek.dns"}, "source": {"ip": ADDRESS}}
    start = make.at("07:42:20")
    pairs = [
        (make.event(f"call-{n:02}", start + 5 * n * MINUTE, document), "net_dns") for n in range(13)
    ]
    return make.detection(pairs, BEAT, {"source.ip": ADDRESS}), [event for event, _ in pairs]


@pytest.fixture
def lease(make):
    """A function that makes a conversation that ends with a lease; by default of a start at 07:42.

    `dhcp` are members of Zeek's record, `changes` those of the event.
    """

    def made(clock="07:42:03", host="BM-VP-03", dhcp=None, number=0, **changes):
        record = {
            "assigned_addr": ADDRESS,
            "requested_addr": ADDRESS,
            "lease_time": 86400.0,
            "msg_types": ["REQUEST", "ACK"],
            **(dhcp or {}),
        }
        document = {
            "event": {"dataset": "zeek.dhcp"},
            "client": {"ip": ADDRESS, "domain": host},
            "source": {"ip": ADDRESS},
            "zeek": {"dhcp": record},
        }
        event = make.event(f"lease-{number}-{clock}", make.at(clock), document)
        return replace(event, **changes)

    return made


@pytest.fixture
def told(database, event_store, put, world, beat):
    """A function that raises the alert over these events; its sentence."""

    def raised(*events, names=world.names, detection=beat[0]):
        event_store.append([*events, *beat[1]])
        put(detection)
        (alert,) = raise_alerts(database, event_store, names, 10**15)
        return alert.sentences["vi"]

    return raised


def test_the_lease_names_the_machine_and_tells_since_when(told, lease, rows):
    """A machine that came up and called at once; the lease is a copy beside the calls."""
    event = lease()
    assert told(event) == (
        "Máy BM-VP-03 gọi 13 lần trong 60 phút, đều 5 phút một lần từ lúc bật máy 07:42."
    )
    copies = {row["event"]: row for row in rows(tables.evidence)}
    assert (LEASE, event.ecs) == (copies[event.id]["rule"], copies[event.id]["ecs"])
    assert 14 == len(copies)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"clock": "07:43:00"}, False, id="given later"),
        pytest.param({"dhcp": {"lease_time": 16.0}}, False, id="expired"),
        pytest.param({"dhcp": {"lease_time": 18.0}}, True, id="about to expire"),
        pytest.param({"dhcp": {"lease_time": None}}, False, id="no length"),
        pytest.param({"zone": "mang-2"}, False, id="the same address in another zone"),
        pytest.param({"affected": ("so-b",)}, True, id="of the readers' operator"),
        pytest.param({"affected": ("so-b",), "operator": "so-b"}, False, id="another unit's"),
        pytest.param({"dhcp": {"msg_types": ["REQUEST", "NAK"]}}, False, id="refused"),
        pytest.param({"dhcp": {"msg_types": ["INFORM", "ACK"], "assigned_addr": None}}, False,
                     id="a question by who has the address"),
        pytest.param({"dhcp": {"msg_types": ["DISCOVER", "OFFER"]}}, False, id="only offered"),
        pytest.param({"dhcp": {"assigned_addr": "10.44.7.24"}}, False, id="given another address"),
        pytest.param({"host": "-"}, False, id="no name"),
        pytest.param({"dhcp": {"msg_types": [{"a": []}, "ACK", None]}}, True, id="odd messages"),
        pytest.param({"dhcp": {"lease_time": "a day"}}, False, id="a length that is none"),
    ],
)  # fmt: skip
def test_only_a_lease_that_was_valid_names_the_machine(told, lease, beat, changes, named):
    """Else the address is said."""
    if changes.get("affected"):
        beat = (replace(beat[0], affected=("so-a",), operators=("ttdl",)), beat[1])
    said = told(lease(**changes), detection=beat[0])
    expected = named and "so-b" not in changes.get("affected", ())
    assert said.startswith("Máy BM-VP-03 " if expected else f"Máy {ADDRESS} ")


def test_no_lease_at_all_says_the_address(told):
    """An address that was set by hand."""
    assert told() == f"Máy {ADDRESS} gọi 13 lần trong 60 phút, đều 5 phút một lần."


@pytest.mark.parametrize(
    ("second", "name"),
    [
        pytest.param({"host": "BM-MOI"}, "BM-MOI", id="renamed, or another machine"),
        pytest.param({"dhcp": {"msg_types": ["RELEASE"], "assigned_addr": None}}, ADDRESS,
                     id="given back"),
        pytest.param({"host": "BM-MOI", "clock": "07:50:00"}, "BM-VP-03", id="after it began"),
    ],
)  # fmt: skip
def test_the_last_conversation_before_the_calls_decides(told, lease, second, name):
    """An address goes from one machine to the next."""
    first = lease("05:00:00")
    assert told(first, lease(**{"number": 1, "clock": "07:00:00", **second})).startswith(
        f"Máy {name} "
    )


def test_a_lease_of_last_week_still_names_the_machine(told, lease, make):
    """Windows Server's leases last eight days, and are renewed after four."""
    early = make.at("07:42:20") - 7 * DAY
    old = lease(dhcp={"lease_time": 8 * 86400.0}, time=early, received=early)
    assert told(old) == "Máy BM-VP-03 gọi 13 lần trong 60 phút, đều 5 phút một lần."


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"dhcp": {"requested_addr": None}}, id="renewed, not joined"),
        pytest.param({"clock": "07:30:00"}, id="long before the first call"),
    ],
)
def test_when_it_was_switched_on_is_left_out_where_nothing_shows_it(told, lease, changes):
    """A renewal, or calls that began later."""
    assert told(lease(**changes)).endswith("đều 5 phút một lần.")


def test_an_address_that_was_heard_shortly_before_did_not_just_come_up(told, lease, make):
    """A cable that was pulled and put back."""
    before = {"event": {"dataset": "zeek.conn"}, "source": {"ip": ADDRESS}}
    heard = make.event("before", make.at("07:20:00"), before)
    assert told(heard, lease()).endswith("đều 5 phút một lần.")


def test_the_inventory_wins(told, lease, world):
    """A machine that the inventory knows is called as there."""
    names = replace(world.names, hosts={f"mang-1 {ADDRESS}": "VP-03"})
    assert told(lease(host="khac"), names=names).startswith("Máy VP-03 ")


def test_a_hostile_name_is_made_harmless(told, lease):
    """Whoever asks for a lease chooses the name."""
    assert told(lease(host="a\x1b[2Jb\u202e")).startswith("Máy a\\x1b[2Jb\\u202e gọi")


def test_a_lease_that_arrives_late_names_the_machine_at_the_next_revision(
    database, event_store, put, world, beat, lease
):
    """Nothing is revised for its sake alone."""
    detection, events = beat
    event_store.append(events)
    put(detection)
    raise_alerts(database, event_store, world.names, 10**15)
    event_store.append([lease()])
    assert () == raise_alerts(database, event_store, world.names, 10**15)
    grown = replace(detection.episode, events=14)
    put(replace(detection, episode=grown, counts={"net_dns": 14}))
    (alert,) = raise_alerts(database, event_store, world.names, 10**15)
    assert (2, "Máy BM-VP-03 gọi 14 lần") == (alert.revision, alert.sentences["vi"][:23])


def test_only_rules_that_tell_of_a_machine_look_for_leases(put, database, make, world):
    """Nobody else pays for the search."""
    assert needs_lease(Card("r", "r", "h", "t", "high", sentences=BEAT))
    assert not needs_lease(world.a1.detection.card)
    store = make.store(world.a1.events)
    put(world.a1.detection)
    raise_alerts(database, store, world.names, 10**15)
    assert 1 == len(store.searches)


def test_a_public_address_has_no_lease(make, beat):
    """It means the same everywhere; nobody searches."""
    store = make.store()
    assert find_lease(store, beat[0], "203.0.113.7") is None
    assert [] == store.searches


def test_the_address_is_the_groups_or_that_of_the_first_told_event(make, beat):
    """A rule that does not group by address still has one."""
    from alerts.evidence import copy_event  # noqa: PLC0415

    detection, events = beat
    copies = {event.id: copy_event(event, "r") for event in events}
    assert ADDRESS == address_of(detection, {})
    assert ADDRESS == address_of(replace(detection, group={}), copies)
    assert "" == address_of(replace(detection, group={}), {})
