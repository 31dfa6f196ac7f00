"""Windows and exclusions against a simple oracle, and their borders to the second."""

from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haidang.model.detection import Card
from haidang.model.instant import HOUR, MINUTE, SECOND, from_iso
from haidang.store.calendar.records import Exclusion, Place, Weekly, Where, Window
from haidang.store.inventory.records import ALWAYS, Span

NINE = from_iso("2026-11-18T09:00:00+07:00")
TWENTY_PAST = NINE + 20 * MINUTE
SCANNER = "203.0.113.5"
CARD = Card("id-1", "web_scan", "h", "t", "high", tags=("attack.t1595",))


def place(**changes):
    """An event of the scanner on WEB-01 at nine."""
    made = Place(
        at=NINE,
        operator="dc",
        affected=("xa",),
        zone="dc",
        hosts=("WEB-01",),
        sources=(SCANNER,),
        destinations=(),
        users=(),
    )
    return made._replace(**changes)


def hosts(*names):
    """These names of zone dc, always."""
    return {("dc", name.lower()): (ALWAYS,) for name in names}


def exclusion(**changes):
    """LT-03: the scanner's matches of one rule from nine to twenty past."""
    made = Exclusion(
        "LT-03",
        "r",
        "b",
        Span(NINE, TWENTY_PAST),
        rules=frozenset({"web_scan"}),
        tags=frozenset(),
        categories=frozenset(),
        where=Where(networks=(ip_network(SCANNER),)),
    )
    return replace(made, **changes)


def window(**changes):
    """The registered scan."""
    where = Where(networks=(ip_network(SCANNER),))
    made = Window("QR-1", "r", "b", Span(NINE, TWENTY_PAST), kind="planned_scan", where=where)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("covered", "at"),
    [
        pytest.param(False, NINE - SECOND, id="a-second-early"),
        pytest.param(True, NINE, id="first"),
        pytest.param(True, TWENTY_PAST - SECOND, id="last"),
        pytest.param(False, TWENTY_PAST, id="end"),
        pytest.param(False, TWENTY_PAST + 30 * 24 * HOUR, id="expired"),
    ],
)
def test_borders_are_exact_to_the_second(covered, at):
    """From its first instant to before its last; an expired exclusion silences nothing."""
    assert covered is exclusion().covers(place(at=at))
    assert covered is window().covers(place(at=at))


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        pytest.param({}, {"sources": ("203.0.113.6",)}, id="other-address"),
        pytest.param({}, {"sources": ()}, id="no-address"),
        pytest.param({}, {"sources": (SCANNER, "203.0.113.6")}, id="one-of-two-addresses"),
        pytest.param({}, {"sources": (), "destinations": (SCANNER,)}, id="answer-to-it"),
        pytest.param({"where": Where(named=True, hosts=hosts("WEB-02"))}, {}, id="other-host"),
        pytest.param({"where": Where(named=True)}, {}, id="system-without-machines"),
        pytest.param(
            {"where": Where(named=True, hosts=hosts("WEB-01"))}, {"zone": "xa"}, id="same-name"
        ),
        pytest.param({"where": Where(units=frozenset({"xb"}))}, {}, id="other-unit"),
        pytest.param(
            {"where": Where(units=frozenset({"xa"}))}, {"affected": ("xa", "xb")}, id="two-units"
        ),
        pytest.param({"users": frozenset({"lan"})}, {"users": ("mai",)}, id="other-user"),
        pytest.param({"users": frozenset({"lan"})}, {}, id="no-user"),
        pytest.param({"where": Where(zone="xa")}, {}, id="zone"),
        pytest.param({"window": window(span=Span(0, 1))}, {}, id="outside-its-window"),
    ],
)
def test_an_exclusion_never_hides_what_is_not_wholly_its_own(changes, event):
    """Other hosts, addresses, users, units and times are told as ever."""
    assert exclusion(window=window()).covers(place())
    assert not exclusion(**changes).covers(place(**event))


@pytest.mark.parametrize(
    ("named", "changes"),
    [
        pytest.param(True, {}, id="name"),
        pytest.param(True, {"rules": frozenset({"id-1"})}, id="id"),
        pytest.param(True, {"rules": frozenset(), "tags": frozenset({"attack.t1595"})}, id="tag"),
        pytest.param(
            True, {"rules": frozenset(), "categories": frozenset({"webserver"})}, id="category"
        ),
        pytest.param(False, {"rules": frozenset({"web_scanner"})}, id="other-rule"),
        pytest.param(False, {"rules": frozenset(), "categories": frozenset({""})}, id="none"),
    ],
)
def test_rules_are_named_by_id_name_tag_or_category(named, changes):
    """Never by a part of a name."""
    assert named is exclusion(**changes).names(CARD, "webserver")


def test_a_program_without_an_address_lies_in_a_support_window_by_its_host():
    """But in no other window that names addresses, and not on another machine."""
    where = Where(named=True, hosts=hosts("WEB-01"), networks=(ip_network(SCANNER),))
    support = window(kind="remote_support", where=where)

    assert support.covers(place(sources=()))
    assert not support.covers(place(sources=("198.51.100.1",)))
    assert not support.covers(place(sources=(), hosts=("WEB-02",)))
    assert not window(where=where).covers(place(sources=()))


def test_a_weekly_window_goes_on_after_midnight():
    """Saturday 22:00 to 02:00 ends on Sunday morning."""
    weekly = Weekly(frozenset({5}), 22 * 60, 2 * 60)
    saturday = from_iso("2026-11-21T00:00:00+07:00")
    held = [hour for hour in range(48) if weekly.holds(saturday + hour * HOUR)]

    assert [22, 23, 24, 25] == held


_NAMES = st.sampled_from(["a", "b", "c"])
_ADDRESSES = st.sampled_from(["203.0.113.5", "203.0.113.9", "198.51.100.1"])
_SETS = st.frozensets(_NAMES, max_size=2)


@given(
    units=_SETS,
    machines=_SETS,
    networks=st.frozensets(_ADDRESSES, max_size=2),
    users=_SETS,
    event=st.builds(
        Place,
        at=st.integers(0, 3),
        operator=_NAMES,
        affected=st.lists(_NAMES, max_size=2).map(tuple),
        zone=st.just("dc"),
        hosts=st.lists(_NAMES, max_size=2).map(tuple),
        sources=st.lists(_ADDRESSES, max_size=2).map(tuple),
        destinations=st.just(()),
        users=st.lists(_NAMES, max_size=2).map(tuple),
    ),
)
def test_an_exclusion_covers_what_the_oracle_says(units, machines, networks, users, event):
    """Each kind that is named must hold of all that the event says of it, and it must say some."""
    where = Where(units, bool(machines), hosts(*machines), tuple(map(ip_network, networks)))
    made = exclusion(span=Span(1, 3), where=where, users=users)
    pairs = [
        (units, event.affected or (event.operator,)),
        (machines, event.hosts),
        (networks, event.sources),
        (users, event.users),
    ]
    expected = event.at in {1, 2} and all(
        not wanted or (said and set(said) <= wanted) for wanted, said in pairs
    )

    assert bool(expected) is made.covers(event)
