"""Whose line is down and which source needs a person: by topology and timing, never by names."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.activity import note
from correlator.health import Finding, Place, examine, read_health
from correlator.tick import Correlator
from haidang.model.event import encode
from haidang.model.instant import DAY, MINUTE
from haidang.model.scope import Scope
from tests.support import state as stores
from tests.support.correlation import memory_database
from tests.support.feed import MemoryStore, engine_of, event, leaf
from tests.support.heard import clock, every, heard, inventory

cluster, state, database = stores.cluster, stores.state, stores.database

A = Place("xa-a", "tinh", "10.1.0.0/16")
HOSTS = {
    "rt-a": ("router", "10.1.0.1"),
    "dns-a": ("dns-server", "10.1.0.2"),
    "dhcp-a": ("dhcp-server", "10.1.0.3"),
    "pc-a": ("office-pc", "10.1.0.4"),
    "rt-b": ("router", "10.2.0.1"),
    "dns-b": ("dns-server", "10.2.0.2"),
}
NAMES = sorted(HOSTS)
CUT, BACK, NOON = clock(10, 5), clock(10, 47), clock(12)


def site(names=None):
    """The inventory of the two communes, its hosts renamed."""
    return inventory(*(((names or {}).get(name, name), *what) for name, what in HOSTS.items()))


def speaking(id_, *, cut=(), minutes=1, end=NOON, **more):
    """A source that was heard from 06:00 on, but not between the instants of `cut`."""
    start, stop = cut or (end, end)
    times = [at for at in every(minutes, clock(6), end) if not start <= at < stop]
    return heard(id_, times, **more)


def judge(*sources, known=None, at=NOON, scope=None):
    """The health at an instant, with the findings of a day."""
    return examine(sources, known or site(), scope or Scope(None), at, at - DAY)


def down(*sources, start=CUT, end=BACK, recovered=False):
    """The finding that a commune's line was down."""
    return Finding("line_down", "xa-a", A, start, end, sources, recovered)


def single(source, start=CUT, end=BACK, unit="xa-a", place=A):
    """The finding that one source was silent."""
    return Finding("silent", unit, place, start, end, (source,), recovered=False)


def others():
    """What goes on speaking elsewhere."""
    return [speaking("rt-b"), speaking("dns-b")]


def test_router_and_all_sources_of_a_place_silent_together_are_a_line_down():
    """One finding for the place, no other."""
    cut = [speaking(name, cut=(CUT, BACK)) for name in ("rt-a", "dns-a", "dhcp-a", "pc-a")]

    assert (down("dhcp-a", "dns-a", "pc-a", "rt-a"),) == judge(*cut, *others()).findings


def test_line_is_down_while_it_lasts():
    """From a quarter of an hour on, without an end."""
    cut = [speaking(name, end=CUT) for name in ("rt-a", "dns-a")]

    health = judge(*cut, *others(), at=clock(10, 19))
    assert (down("dns-a", "rt-a", end=0),) == health.findings
    assert {"dns-a": "silent", "dns-b": "receiving", "rt-a": "silent", "rt-b": "receiving"} == {
        one.source.id: one.state for one in health.sources
    }
    assert () == judge(*cut, *others(), at=clock(10, 18)).findings


def test_one_silent_source_needs_a_person_while_its_router_speaks():
    """The twin of a power cut."""
    silent = speaking("dns-a", cut=(CUT, BACK))

    assert (single("dns-a"),) == judge(speaking("rt-a"), silent, *others()).findings


def test_router_alone_is_no_line_down():
    """Its neighbour still speaks, or there is none."""
    router = speaking("rt-a", cut=(CUT, BACK))

    assert (single("rt-a"),) == judge(router, speaking("dns-a"), *others()).findings
    assert (single("rt-a"),) == judge(router, *others()).findings


def test_one_neighbour_that_speaks_refutes_it():
    """Then each silent source is told alone."""
    cut = [speaking(name, cut=(CUT, BACK)) for name in ("rt-a", "dns-a")]

    found = judge(*cut, speaking("dhcp-a")).findings
    assert {single("rt-a"), single("dns-a")} == set(found)


def test_sources_of_different_places_are_not_one_line():
    """The router of one network says nothing of another."""
    found = judge(speaking("rt-a", cut=(CUT, BACK)), speaking("dns-b", cut=(CUT, BACK))).findings

    assert ["silent", "silent"] == [one.kind for one in found]


def test_source_that_fell_silent_long_before_is_told_alone():
    """It is not a part of the cut, and does not refute it either."""
    gone = clock(8)
    cut = [speaking(name, cut=(CUT, BACK)) for name in ("rt-a", "dns-a")]

    found = judge(*cut, speaking("dhcp-a", cut=(gone, NOON))).findings
    assert (down("dns-a", "rt-a"), single("dhcp-a", gone, 0)) == found


def test_slow_source_belongs_to_the_cut_though_it_would_be_waited_for_longer():
    """A line every half hour cannot say more exactly when it was cut off."""
    slow = speaking("dns-a", cut=(clock(10, 1), BACK), minutes=30)

    found = judge(speaking("rt-a", cut=(CUT, BACK)), slow, *others()).findings
    assert (down("dns-a", "rt-a"),) == found


def test_lines_kept_through_the_cut_are_said_to_have_come():
    """Only if every source of it lost nothing."""
    whole = every(1, clock(6), NOON)
    kept = [speaking(name, cut=(CUT, BACK), happened=whole) for name in ("rt-a", "dns-a")]

    assert (down("dns-a", "rt-a", recovered=True),) == judge(*kept).findings
    lost = speaking("dhcp-a", cut=(CUT, BACK))
    assert not judge(*kept, lost).findings[0].recovered


def test_last_line_that_took_its_time_refutes_nothing():
    """A collector waits for the rest of a record: it was received when the line was down."""
    before = every(1, clock(6), CUT)
    late = heard("dns-a", [*before, clock(10, 20), *every(1, BACK, NOON)], before)

    (found,) = judge(speaking("rt-a", cut=(CUT, BACK)), late, *others()).findings
    assert ("line_down", ("dns-a", "rt-a")) == (found.kind, found.sources)


def test_machines_that_people_switch_off_are_not_missed():
    """Their state is shown, nobody is asked to look."""
    health = judge(speaking("rt-a"), speaking("pc-a", end=CUT))

    assert () == health.findings
    assert ["off", "receiving"] == [one.state for one in health.sources]


def test_source_that_was_not_heard_for_days_is_still_missed():
    """Its days are no longer looked at."""
    old = replace(speaking("dns-a"), days={})

    assert (single("dns-a", old.last, 0),) == judge(old, speaking("rt-a")).findings


def test_units_without_sources_are_named():
    """Never fine; a unit that does not exist yet or any more is not, a reader sees only its own."""
    some = [speaking("rt-a"), speaking("dns-b")]

    assert ("xa-c",) == judge(*some).blind
    assert ("xa-b", "xa-c") == judge(some[0]).blind
    assert ("ttdl", "xa-a", "xa-b", "xa-c") == judge().blind
    assert ("xa-b",) == judge(some[0], scope=Scope.of(["xa-a", "xa-b"])).blind


def test_figures_of_a_source():
    """Events since midnight, the usual interval, whose it is."""
    (one,) = judge(speaking("dns-a", minutes=5)).sources

    assert ("xa-a", A, "dns-server", 5, 72) == (one.unit, one.place, one.kind, one.usual, one.today)


SPANS = st.lists(st.integers(0, 71), min_size=2, max_size=4, unique=True).map(sorted)
SITES = st.dictionaries(st.sampled_from(NAMES), SPANS, min_size=1)


def broken(name, edges, id_=None):
    """A source that speaks, falls silent, speaks again … at multiples of five minutes."""
    bounds = [clock(6) + edge * 5 * MINUTE for edge in edges]
    silent = list(pairwise(bounds))[::2]
    times = [
        at for at in every(5, clock(0), NOON) if not any(one <= at < two for one, two in silent)
    ]
    return heard(id_ or name, times, host=name)


@settings(max_examples=40)
@given(SITES, st.randoms(use_true_random=False))
def test_order_of_sources_does_not_matter(wanted, random):
    """Any order, the same health."""
    sources = [broken(name, edges) for name, edges in sorted(wanted.items())]
    mixed = random.sample(sources, len(sources))

    assert judge(*sources) == judge(*mixed)


@settings(max_examples=40)
@given(SITES, st.permutations(NAMES))
def test_names_do_not_matter(wanted, names):
    """Hosts that swap their names change nothing but the names."""
    renamed = dict(zip(NAMES, names, strict=True))
    plain = judge(*(broken(name, edges, f"s-{name}") for name, edges in wanted.items()))
    other = judge(
        *(broken(renamed[name], edges, f"s-{name}") for name, edges in wanted.items()),
        known=site(renamed),
    )

    assert set(plain.findings) == set(other.findings)


@pytest.mark.parametrize("units", [("xa-a",), ("xa-b",), ()])
def test_unit_sees_the_health_of_its_own_sources(database, units):
    """By its hosts in the inventory; read from the store, after a tick."""
    names = ["rt-a", "dns-a", "rt-b", "dns-b"]
    with database.transaction("test") as connection:
        for name in names:
            ecs = encode({"host": {"name": name}})
            event_ = event(1, at=clock(8), source=name, zone="tinh", ecs=ecs, operator="ttdl")
            note(connection, [event_], clock(8))

    with database.reading() as connection:
        health = read_health(connection, Scope.of(units), site())
    mine = {name for name in names if units and name.endswith(units[0][-1])}
    assert mine == {one.source.id for one in health.sources}


def test_health_is_as_of_the_last_complete_evaluation(tmp_path):
    """What was not read yet is not silence."""
    opened = memory_database()
    store = MemoryStore(
        [
            event(number, at=at, source="dns-a")
            for number, at in enumerate(every(1, clock(8), clock(9)))
        ]
    )
    correlator = Correlator(opened, store, engine_of(tmp_path, leaf("probe")), Scope(None), 0)
    correlator.run(clock(9))

    with opened.reading() as connection:
        health = read_health(connection, Scope(None), site())
    assert (clock(9), 60) == (health.as_of, health.sources[0].today)
    assert "receiving" == health.sources[0].state
