"""Names of the inventory become machines and addresses, each on the days on which it is that."""

import pytest

from haidang.model.instant import from_iso
from haidang.store.calendar.places import Places
from haidang.store.inventory import Inventory
from haidang.yamldoc import Checker, parse

INVENTORY = """\
units: [{id: dc, name: Trung tâm}, {id: xa, name: Xã}]
zones: [{id: dc, name: DC}, {id: xa, name: Xã}]
systems: [{id: web, name: Trang, level: 2, kind: web-server, operator: dc, owner: xa}]
hosts:
- {name: WEB-01, zone: dc, system: web, aliases: [www], addresses: [10.1.2.11], until: 2026-06-30}
- {name: WEB-02, zone: dc, system: web, aliases: [www], from: 2026-07-01}
- {name: PC-01, zone: dc, unit: xa}
- {name: PC-01, zone: xa, unit: xa}
"""
NOTHING = {"units": (), "systems": (), "hosts": (), "addresses": ()}


@pytest.fixture
def where():
    """Give the places that an entry names; problems are an error."""
    (document,) = parse(INVENTORY.encode(), "inventory.yml")
    checker = Checker(document)
    places = Places(checker, Inventory.of(document).records)

    def asked(zone="", **given):
        found = places.where((), {**NOTHING, **given}, zone)
        checker.raise_if_any()
        return found

    return asked


def test_a_host_is_known_by_name_alias_and_address(where):
    """Folded, as the inventory looks hosts up."""
    assert {("dc", "web-01"), ("dc", "www"), ("dc", "10.1.2.11")} == set(
        where(hosts=("web-01",)).hosts
    )


def test_a_system_is_its_machines_each_in_its_days(where):
    """A name that passed on to another machine stays the system's."""
    found = where(systems=("web",)).hosts
    spring = from_iso("2026-03-01T00:00:00Z")

    assert {"web-01", "web-02", "www", "10.1.2.11"} == {name for _zone, name in found}
    assert [True, False] == [span.holds(spring) for span in found["dc", "www"]]


def test_a_name_of_two_zones_is_that_of_the_named_one(where):
    """Two machines of one name are never excluded together by mistake."""
    assert {("xa", "pc-01")} == set(where("xa", hosts=("PC-01",)).hosts)


def test_addresses_are_networks_of_their_zone(where):
    """A single address is the narrowest network."""
    found = where("dc", addresses=("10.1.0.0/16", "203.0.113.5"))

    assert found.at("10.1.9.9")
    assert found.at("::ffff:203.0.113.5")
    assert not found.at("203.0.113.6")
    assert not found.at("không phải địa chỉ")
