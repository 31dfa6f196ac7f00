"""Worlds: seed 1 as the demo tells it, other seeds inside what the rules catch."""

import re
from ipaddress import ip_address, ip_network

import pytest

from app.demo.clock import instant
from app.demo.world import World, make_world
from haidang.model.instant import HOUR, MINUTE, Instant, to_local

_SEEDS = range(2, 60)
_ALLOWED = tuple(ip_network(text) for text in ("203.0.113.0/24", "198.51.100.0/24", "10.0.0.0/8"))


def _clock(moment: Instant) -> str:
    return to_local(moment).strftime("%H:%M")


def test_seed_1_has_the_web_backdoor_of_the_demo() -> None:
    """Unit, addresses, form, file, times and number of calls are those of the demo's story."""
    world = make_world()
    one = world.backdoor
    names = [unit.name for unit in world.units if unit.id == world.owner]
    assert names == ["Sở Nông nghiệp và Môi trường"]
    assert ("203.0.113.77", "gop-y.phtml") == (one.attacker, one.file)
    assert ("Hỏi đáp", "/hoi-dap/gui-cau-hoi") == (one.section.name, one.section.form)
    assert ["01:52", "01:56", "01:57", "01:58", "01:58"] == [
        _clock(moment) for moment in (one.sent, *one.calls, one.shell)
    ]


def test_seed_1_has_the_ransom_preparation_of_the_demo() -> None:
    """Host, account, address, number of failures and times are those of the demo's story."""
    one = make_world().ransom
    assert ("TTDL-FS01", "svc_saoluu", "10.20.9.41") == (one.host, one.account, one.address)
    assert (46, "14:31", "14:38") == (len(one.failures), _clock(one.logon), _clock(one.deletion))


def test_the_same_seed_gives_the_same_world() -> None:
    """Nothing but the seed decides."""
    assert make_world(5) == make_world(5)


def test_other_seeds_tell_other_stories() -> None:
    """Hosts, attackers, files, counts and times differ between worlds."""
    worlds = [make_world(seed) for seed in (1, *_SEEDS)]
    assert len({world.backdoor.attacker for world in worlds}) > 30
    assert len({world.backdoor.section.name for world in worlds}) == 4
    assert len({world.web.name for world in worlds}) > 10
    assert len({len(world.ransom.failures) for world in worlds}) > 20
    assert all(world.owner != "snnmt" for world in worlds[1:])


@pytest.mark.parametrize("seed", _SEEDS)
def test_every_story_is_inside_the_windows_and_the_rules_limits(seed: int) -> None:
    """Events come in the order that the rules want, at a pace that they catch."""
    world = make_world(seed)
    web, files = world.backdoor, world.ransom
    told = (web.sent, *web.calls, web.shell)
    assert list(told) == sorted(set(told))
    assert instant(1.5 * 3600) < told[0]
    assert told[-1] < instant(2 * 3600)
    assert list(files.failures) == sorted(files.failures)
    assert len(files.failures) >= 20
    assert files.failures[-1] - files.failures[0] < 10 * MINUTE
    assert instant(14.25 * 3600) < files.failures[0] < files.failures[-1] < files.logon
    assert files.logon < files.deletion < instant(14.75 * 3600)
    assert files.deletion - files.failures[0] < HOUR


def _addresses(world: World) -> list[str]:
    found = [host.address for host in world.hosts]
    return [*found, world.jump, world.backdoor.attacker, world.ransom.address]


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_only_documentation_and_private_addresses_are_used(seed: int) -> None:
    """No world holds an address that could be somebody's."""
    for text in _addresses(make_world(seed)):
        assert any(ip_address(text) in network for network in _ALLOWED), text


def test_host_names_are_unique_and_plain() -> None:
    """Host names join events with the inventory, so each must be one host's."""
    for seed in (1, *_SEEDS):
        names = [host.name for host in make_world(seed).hosts]
        assert len(names) == len(set(names))
        assert all(re.fullmatch(r"[A-Z0-9-]{3,15}", name) for name in names)
