"""Settings become stores and stages: keys, scopes, ledgers, and inputs that fit the inventory."""

import stat

import pytest

from app import config, wiring
from haidang.errors import HaidangError, InputError
from haidang.model.scope import Scope

NOW = 1_795_000_000_000_000
LINE = b'10.9.0.4 - - [18/Nov/2026:08:00:00 +0700] "GET / HTTP/1.1" 200 5 "-" "-"\n'
INPUT = {"name": "ha", "path": "logs/a.log", "dataset": "nginx.access", "host": "HA-WEB01"}


def refusal(settings):
    """Why these settings cannot be collected, without the inventory's folder."""
    with pytest.raises(InputError) as caught, wiring.open_collecting(settings):
        pass
    places = {(one.file, one.line) for one in caught.value.problems}
    assert places <= {one.place for one in settings.inputs}
    inventory = f"{settings.inventory.parent}/"
    return [f"{one.field}: {one.what.replace(inventory, '')}" for one in caught.value.problems]


@pytest.fixture
def settings(tmp_path, site):
    """One web server."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.log").write_bytes(LINE)
    return config.load(site(tmp_path, INPUT))


def test_inputs_that_the_inventory_does_not_know_are_all_named(tmp_path, site):
    """Unknown operators and zones of every input come at once, with what is known."""
    wrong = [
        {**INPUT, "name": "one", "operator": "xuu", "zone": "cd"},
        {**INPUT, "name": "two"},
        {**INPUT, "name": "three", "zone": "z"},
    ]

    assert [
        "inputs.one.operator: 'xuu' is not in inventory.yml; did you mean xu? known: dc, ha, xu",
        "inputs.one.zone: 'cd' is not in inventory.yml; known: dc",
        "inputs.three.zone: 'z' is not in inventory.yml; known: dc",
    ] == refusal(config.load(site(tmp_path, *wrong)))


def test_refused_inputs_leave_no_store_behind(tmp_path, site):
    """A mistake in the settings is found before anything is made."""
    refusal(config.load(site(tmp_path, {**INPUT, "operator": "nobody"})))

    assert not (tmp_path / "data").exists()


def test_mask_key_is_made_once_and_is_ours_alone(tmp_path):
    """32 random bytes that only the owner can read, the same at every start."""
    for name in ("new", "other"):
        (tmp_path / name).mkdir()
    key = wiring.mask_key(tmp_path / "new")
    mode = (tmp_path / "new/mask.key").stat().st_mode

    assert key == wiring.mask_key(tmp_path / "new")
    assert (32, 0o600) == (len(key), stat.S_IMODE(mode))
    assert key != wiring.mask_key(tmp_path / "other")


def test_short_mask_key_is_refused(tmp_path):
    """A key that was cut could be guessed; masking under it would protect nobody."""
    (tmp_path / "mask.key").write_bytes(b"{x")

    with pytest.raises(InputError, match=r"mask\.key: is damaged; restore it from a backup"):
        wiring.mask_key(tmp_path)


def test_ledger_is_empty_before_the_first_pass_and_sums_up_after(settings):
    """The ledger that other commands show is the collector's, as committed."""
    before = wiring.ledger(settings)
    with wiring.open_collecting(settings) as collecting:
        collecting.run_once(NOW)
        expected = collecting.totals()

    assert () == before
    assert [expected] == [one.counts for one in wiring.ledger(settings)]
    assert (1, 1) == (expected.read, expected.indexed)


def test_second_collector_is_refused_and_the_first_goes_on(settings):
    """One data folder belongs to one collector at a time."""
    with wiring.open_collecting(settings) as collecting:
        with pytest.raises(HaidangError, match="another collector is using this folder"):
            wiring.open_collecting(settings).__enter__()
        assert 1 == collecting.run_once(NOW).run.indexed


def test_event_carries_what_the_configuration_vouches_for(settings):
    """Operator and zone come from the input, level and affected unit from the inventory."""
    with wiring.open_collecting(settings) as collecting:
        collecting.run_once(NOW)
        [event] = collecting.store.read(Scope.system(), "", 10).events

    expected = ("dc", ("ha",), "dc", 2, NOW)
    found = (event.operator, event.affected, event.zone, event.level, event.received)
    assert expected == found


def test_a_pass_is_one_line(settings):
    """What a run of the correlator did, for the log."""
    with wiring.open_collecting(settings) as collecting, wiring.open_soc(settings) as soc:
        collecting.run_once(NOW)
        done = soc.correlate(NOW)

    expected = "ticks=1 events=1 matches=0 detections=0 set_aside=0 alerts=0"
    assert expected == done.line()
    assert Scope.system() == soc.scope
