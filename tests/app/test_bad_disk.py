"""Disks that are full, read-only or damaged: clear words, nothing lost, and it goes on."""

import json
import os
import re
import signal
import subprocess
from contextlib import ExitStack

import pytest

from alerts.listing import list_alerts
from app import config, wiring
from haidang.errors import Unavailable
from haidang.model.scope import Scope
from tests.support.site import ATTACK, INPUT, MINUTE, NOW, counts

LINE = b'10.9.0.4 - - [18/Nov/2026:08:00:00 +0700] "GET /%05d HTTP/1.1" 200 5 "-" "-"\n'


def sealed(words):
    """Runs mount or umount; whether it worked."""
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    """Mounts a disk of some megabytes at a folder; needs root."""
    mounted = []

    def mount(folder, size="6m"):
        folder.mkdir(parents=True, exist_ok=True)
        if not sealed(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]):
            pytest.skip("a small disk can be mounted by root only")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        assert sealed(["umount", "--lazy", str(folder)])


def fill(folder, leave):
    """Fills the disk of a folder but for `leave` bytes; the file to remove for room."""
    filler = folder / "filler"
    free = os.statvfs(folder)
    size = free.f_bavail * free.f_frsize - leave
    with filler.open("wb") as file:
        for _ in range(max(size, 0) // 4096):
            file.write(b"\0" * 4096)
    return filler


@pytest.mark.slow
@pytest.mark.parametrize("leave", [0, 4096, 16_384, 131_072], ids="{} bytes left".format)
def test_full_disk_stops_with_words_and_the_same_process_goes_on(small_disk, site, tmp_path, leave):
    """No room: the pass says so and loses nothing; with room the next pass does the rest."""
    settings = config.load(site(tmp_path, INPUT))
    small_disk(settings.data_dir)
    log = tmp_path / "logs/a.log"
    log.write_bytes(LINE % 0 + b"junk\n")
    with wiring.open_collecting(settings) as collecting:
        assert not collecting.run_once(NOW).stopped
        filler = fill(settings.data_dir, leave)
        with log.open("ab") as file:
            file.write(b"".join(LINE % n for n in range(1, 6_000)) + b"more junk\n" * 2_000)
        stopped = [collecting.run_once(NOW + n) for n in (1, 2)]
        filler.unlink()
        went_on = collecting.run_once(NOW + 3)
        totals = collecting.totals()
        events = collecting.store.read(Scope.system(), "", 100_000).events

    assert re.search(r"disk is full|No space left", stopped[0].stopped)
    assert stopped[0].stopped.endswith("nothing is lost, the next pass goes on from here")
    assert stopped[1].stopped
    assert ("", 0) == (went_on.stopped, len(went_on.warnings))
    assert (8_001, 6_000, 2_001) == (totals.read, totals.indexed, totals.quarantined)
    paths = [event.document()["url"]["path"] for event in events]
    assert [f"/{n:05}" for n in range(6_000)] == sorted(paths)
    kept = (settings.data_dir / "quarantine.ndjson").read_bytes().splitlines()
    assert 2_001 == len({json.loads(line)["offset"] for line in kept}) == len(kept)


def until_it_fails(soc):
    """Runs of the correlator: what little room there was is soon used."""
    for n in range(200):
        soc.correlate(NOW + n)


@pytest.mark.parametrize("leave", [0, 8_192], ids="{} bytes left".format)
def test_full_state_store_says_so_and_the_same_process_goes_on(small_disk, site, tmp_path, leave):
    """The correlator raises no half alert: with room, the same alerts as ever."""
    settings = config.load(site(tmp_path, INPUT))
    small_disk(settings.data_dir)
    (tmp_path / "logs/a.log").write_bytes(ATTACK + b"".join(LINE % n for n in range(500)))
    with ExitStack() as stack:
        collecting = stack.enter_context(wiring.open_collecting(settings))
        soc = stack.enter_context(wiring.open_soc(settings))
        collecting.run_once(NOW)
        filler = fill(settings.data_dir, leave)
        with pytest.raises(Unavailable, match=r"the state store cannot be used now: .*full"):
            until_it_fails(soc)
        filler.unlink()
        soc.correlate(NOW + MINUTE)
        found = list_alerts(soc.database, soc.scope)
        again = soc.correlate(NOW + 2 * MINUTE)

    assert ["Path Traversal to a System File Answered by the Server"] == [
        one.title for one in found
    ]
    assert (0, ()) == (again.tick.events, again.alerts)


@pytest.mark.slow
def test_correlate_command_survives_a_full_disk(small_disk, haidang, start, site, tmp_path):
    """The long-running command says why it stopped, and goes on when there is room."""
    file = site(tmp_path, INPUT, interval_secs=1)
    data = small_disk(tmp_path / "data")
    (tmp_path / "logs/a.log").write_bytes(ATTACK)
    process = start("correlate", "--config", file)
    process.wait_for("ticks=1 events=0 ")
    haidang("collect", "--once", "--config", file)
    filler = fill(data, 0)
    process.wait_for("stopped: the state store cannot be used now: ")
    filler.unlink()
    process.wait_for(" alerts=1")
    ended = process.end(signal.SIGTERM)

    assert (0, True) == (ended.code, ended.clean)


def test_event_store_that_turns_read_only_is_waited_for(small_disk, site, tmp_path):
    """A remounted disk: words, then everything, by the same process."""
    settings = config.load(site(tmp_path, INPUT))
    events = small_disk(settings.data_dir / "events")
    (tmp_path / "logs/a.log").write_bytes(ATTACK)
    with wiring.open_collecting(settings) as collecting:
        assert sealed(["mount", "-o", "remount,ro", str(events)])
        stopped = collecting.run_once(NOW)
        assert sealed(["mount", "-o", "remount,rw", str(events)])
        went_on = collecting.run_once(NOW + 1)

    assert "the event store is unavailable: " in stopped.stopped
    assert "Read-only file system" in stopped.stopped
    assert ("", 1) == (went_on.stopped, went_on.totals.indexed)


COMMANDS = (["collect", "--once"], ["correlate", "--once"], ["alerts"], ["coverage"])


@pytest.mark.parametrize("used", [pytest.param(False, id="new"), pytest.param(True, id="used")])
def test_read_only_data_folder_is_words(small_disk, haidang, web, used):
    """A data folder that cannot be written ends every command with a line, not a traceback."""
    data = small_disk(web.parent / "data")
    for command in COMMANDS[: 2 * used]:
        haidang(*command, "--config", web)
    assert sealed(["mount", "-o", "remount,ro", str(data)])

    for command in COMMANDS:
        ran = haidang(*command, "--config", web)
        assert (1, True) == (ran.code, ran.clean), command
        assert str(data) in ran.err or "state store" in ran.err


@pytest.mark.parametrize("used", [pytest.param(False, id="new"), pytest.param(True, id="used")])
def test_start_on_a_full_disk_is_words_and_nothing_is_lost(small_disk, haidang, web, used):
    """Commands that begin on a full disk say so; the next start with room does everything."""
    data = small_disk(web.parent / "data")
    for command in COMMANDS[: 2 * used]:
        haidang(*command, "--config", web, at=NOW)
    with (web.parent / "logs/a.log").open("ab") as file:
        file.write(ATTACK.replace(b"08:01", b"09:01"))
    filler = fill(data, 0)
    refused = [haidang(*command, "--config", web, at=NOW + 1) for command in COMMANDS[:2]]
    filler.unlink()
    went_on = [haidang(*command, "--config", web, at=NOW + 2) for command in COMMANDS]

    assert [(1, True)] * 2 == [(ran.code, ran.clean) for ran in refused]
    assert [] == [ran for ran in refused if not re.search("full|No space left", ran.err)]
    assert [(0, True)] * 4 == [(ran.code, ran.clean) for ran in went_on]
    assert 2 == counts(went_on[0].out.splitlines()[1])["indexed"]
    assert 2 == went_on[2].out.count("trả lời yêu cầu")


def damage_offsets(data):
    """Half an offsets file."""
    file = data / "offsets.json"
    file.write_bytes(file.read_bytes()[:100])
    return f"{file}: is damaged (", "restore it from a backup"


def remove_offsets(data):
    """No offsets file in a used folder."""
    file = data / "offsets.json"
    file.unlink()
    return f"{file}: is missing although this folder was used", "restore it from a backup"


def damage_manifest(data):
    """Half a manifest of the event store."""
    file = data / "events/manifest.json"
    file.write_bytes(file.read_bytes()[:50])
    return f"{file}: the manifest is damaged", "restore it from the backup"


def damage_state(data):
    """A state store that is no database."""
    (data / "state.db").write_bytes(b"no database" * 1_000)
    return "the state store is damaged or is no database", "restore it, or use another data_dir"


def lose_segment(data):
    """An event segment is gone."""
    [file] = (data / "events").glob("l*/*.parquet")
    file.unlink()
    return f"{file}: the segment is missing", "restore this file from the backup"


@pytest.mark.parametrize(
    ("harm", "commands"),
    [
        pytest.param(damage_offsets, ["collect --once", "coverage"], id="damaged offsets"),
        pytest.param(remove_offsets, ["collect --once"], id="removed offsets"),
        pytest.param(damage_manifest, ["collect --once", "correlate --once"], id="manifest"),
        pytest.param(damage_state, ["correlate --once", "alerts", "coverage"], id="state store"),
        pytest.param(lose_segment, ["correlate --once"], id="lost segment"),
    ],
)
def test_damaged_file_is_named_with_what_to_do(haidang, web, harm, commands):
    """Nothing is silently begun anew: the file, what is wrong with it, what to do."""
    haidang("collect", "--once", "--config", web)
    place, advice = harm(web.parent / "data")

    for command in commands:
        ran = haidang(*command.split(), "--config", web)
        assert (1, True) == (ran.code, ran.clean), command
        assert place in ran.err
        assert advice in ran.err


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        pytest.param("collect.lock", ["collect --once"], id="lock"),
        pytest.param("offsets.json", ["collect --once", "coverage"], id="offsets"),
        pytest.param("mask.key", ["collect --once"], id="key"),
        pytest.param("events", ["collect --once", "correlate --once"], id="event store"),
        pytest.param("state.db", ["correlate --once", "alerts", "coverage"], id="state store"),
    ],
)
def test_wrong_kind_of_file_in_the_data_folder_is_words(haidang, web, name, commands):
    """A folder where a file belongs, or the other way round: its name, no traceback."""
    place = web.parent / "data" / name
    place.parent.mkdir()
    if name == "events":
        place.touch()
    else:
        place.mkdir()

    for command in commands:
        ran = haidang(*command.split(), "--config", web)
        assert (1, True) == (ran.code, ran.clean), command
        assert str(place) in ran.err or "the state store" in ran.err
