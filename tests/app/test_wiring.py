"""Settings become stores and stages: keys, scopes, ledgers, and inputs that fit the inventory."""

import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app import config, wiring
from app.stores import open_database, open_store
from haidang.errors import HaidangError, InputError, Unavailable
from haidang.model.scope import Scope

ROOT = Path(__file__).parents[2]
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


class Untidy:
    """A store whose housekeeping never works; all else is asked of the real one."""

    def __init__(self, store):
        self._store = store
        self.tried = 0

    def __getattr__(self, name):
        return getattr(self._store, name)

    def maintain(self, now):
        """Count the call, and fail."""
        self.tried += 1
        raise Unavailable("not now")


def test_housekeeping_that_fails_is_a_warning(settings):
    """The pass itself did its work, and the next one tries again."""
    with wiring.open_collecting(settings) as collecting:
        store = Untidy(collecting.store)
        untidy = replace(collecting, store=store)
        first, second = untidy.run_once(NOW), untidy.run_once(NOW + 1)

    warning = "housekeeping of the event store failed: not now"
    assert [(warning,), (warning,)] == [first.warnings, second.warnings]
    assert (1, "", 2) == (first.run.indexed, first.stopped, store.tried)


CLUSTER = {
    "profile": "cluster",
    "elasticsearch": {"hosts": ["http://h:1"], "user": "u", "password_file": "secret"},
    "postgresql": {"url": "postgresql://u@h/d", "password_file": "secret"},
}


def test_secrets_are_read_when_a_store_is_opened_and_shown_by_nobody(tmp_path, site):
    """Loading the configuration needs no secret; what holds it does not say it."""
    settings = config.load(site(tmp_path, INPUT, **CLUSTER))
    with pytest.raises(InputError, match="secret: cannot be read: No such file"):
        open_store(settings)
    (tmp_path / "secret").write_text("mat-khau\n", "utf-8")
    store, database = open_store(settings), open_database(settings)
    shown = repr([settings, store, database, database.engine, vars(store)])
    store.close()
    database.close()

    assert "u@h" in shown
    assert "mat-khau" not in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "foreign"),
    [
        pytest.param({}, {"elasticsearch", "psycopg"}, id="embedded"),
        # Not pyarrow: the client of Elasticsearch imports it where it is installed.
        pytest.param(CLUSTER, {"duckdb"}, id="cluster"),
    ],
)
def test_only_the_packages_of_the_profile_are_imported(tmp_path, site, settings, foreign):
    """The other profile's would cost a small machine its memory."""
    (tmp_path / "secret").write_text("mat-khau\n", "utf-8")
    file = site(tmp_path, INPUT, **settings)
    program = (
        "import contextlib, sys; from app import config, wiring; from pathlib import Path\n"
        "from haidang.errors import Unavailable\n"
        # No server listens; which sets of rules are used is asked of the state store.
        "with contextlib.suppress(Unavailable):\n"
        f"    with wiring.open_soc(config.load(Path({str(file)!r}))): pass\n"
        "print(*sys.modules)"
    )
    words = [sys.executable, "-c", program]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)

    assert "sqlalchemy" in ran.stdout.split()
    assert set() == foreign & set(ran.stdout.split())
