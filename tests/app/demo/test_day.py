"""The simulated clock: files only grow, each line in its step, all of it from the seed."""

import re
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pytest

from app.config import load as load_config
from app.demo.clock import STEP, STEPS, clock, instant
from app.demo.configuration import config_yaml, inventory_yaml
from app.demo.day import files_until
from app.demo.world import make_world
from haidang.model.instant import MINUTE, SECOND, Instant, from_iso, to_iso

_NAMES = re.compile(r"(?:[a-z0-9-]+\.)+(?:vn|com|net|org|gov|example)\b")


def _all(seed: int = 1) -> dict[str, bytes]:
    return files_until(make_world(seed), STEPS[-1])


def _stamp(record: dict[str, Any]) -> Instant:
    """The time of a JSON line: Zeek's, Winlogbeat's or the document system's."""
    if "ts" in record:
        return round(record["ts"] * SECOND)
    return from_iso(record.get("@timestamp") or record["timestamp"])


def _times(content: bytes) -> list[Instant]:
    found: list[Instant] = []
    for line in content.decode().splitlines():
        if line.startswith("{"):
            found.append(_stamp(orjson.loads(line)))
        elif seconds := re.search(r"audit\((\d+)\.(\d{3}):", line):
            found.append(int(seconds[1]) * SECOND + int(seconds[2]) * 1000)
        elif local := re.search(r"\[(\d\d)/Nov/2026:([\d:]{8}) \+0700\]", line):
            found.append(from_iso(f"2026-11-{local[1]}T{local[2]}+07:00"))
        elif stamp := re.match(r"<30>Nov (\d\d) ([\d:]{8}) ", line):
            found.append(from_iso(f"2026-11-{stamp[1]}T{stamp[2]}+07:00"))
    assert len(found) == content.count(b"\n")
    return found


def test_steps_are_every_five_minutes_of_the_day() -> None:
    """288 receive instants: 00:05 to 24:00 in Vietnam."""
    assert len(STEPS) == 288
    assert ["2026-11-17T17:05:00.000Z", "2026-11-18T17:00:00.000Z"] == [
        to_iso(STEPS[0]),
        to_iso(STEPS[-1]),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_files_only_grow_and_hold_what_has_happened(seed: int) -> None:
    """Each step's content starts with the step before it and adds that step's events only."""
    world = make_world(seed)
    before = dict.fromkeys(files_until(world, STEPS[0]), b"")
    for step in STEPS:
        now = files_until(world, step)
        for path, content in now.items():
            assert content.startswith(before[path])
            added = _times(content[len(before[path]) :])
            # Web servers and syslog write whole seconds: a line may seem up to a second older.
            assert all(step - STEP - SECOND <= moment <= step for moment in added)
        before = now


def test_the_same_seed_gives_the_same_bytes() -> None:
    """A second run of the demo reads the same files."""
    assert _all(3) == _all(3)


def test_times_of_a_file_never_go_back() -> None:
    """Programs append as things happen."""
    for path, content in _all().items():
        times = _times(content)
        assert times == sorted(times), path


def test_serials_and_record_numbers_count_up() -> None:
    """Audit serials ascend over a host, record numbers over each channel of a host."""
    for path, content in _all().items():
        if path.endswith("audit.log"):
            serials = [int(one) for one in re.findall(rb"audit\([\d.]+:(\d+)\)", content)]
            assert serials == sorted(serials)
        if path.endswith("winlogbeat.ndjson"):
            events = [orjson.loads(line)["winlog"] for line in content.splitlines()]
            for channel in ("Security", "System"):
                numbers = [one["record_id"] for one in events if one["channel"] == channel]
                assert numbers == sorted(set(numbers))


def test_a_day_is_some_thousands_of_lines() -> None:
    """Enough to look like life, little enough for a demo."""
    for seed in (1, 2, 3):
        assert 5_000 < sum(content.count(b"\n") for content in _all(seed).values()) < 8_500


def test_a_day_of_some_spans_has_their_lines_only() -> None:
    """As the whole day's files, without what lies outside."""
    world = make_world()
    spans = ((instant(clock(1, 30)), instant(clock(2, 0))),)
    whole = files_until(world, STEPS[-1])
    for path, content in files_until(world, STEPS[-1], spans).items():
        assert content in whole[path]
        assert all(spans[0][0] - SECOND < moment <= spans[0][1] for moment in _times(content))
    assert files_until(world, STEPS[-1], spans)["logs/NNMT-WEB01/access.log"].count(b"POST") > 3


def _busy(path: str, start: float, end: float) -> int:
    moments = _times(_all()[path])
    return sum(instant(start) < moment <= instant(end) for moment in moments)


def test_the_day_has_its_rhythm() -> None:
    """Peak from 07:30 to 09:00, dip at noon, still alive at 22:00, a few lines at night."""
    for path in ("logs/NNMT-WEB01/access.log", "logs/CTT-WEB01/access.log"):
        peak = _busy(path, clock(7, 30), clock(9, 0)) / 3
        noon, late = (
            _busy(path, clock(12, 0), clock(13, 0)),
            _busy(path, clock(21, 0), clock(22, 0)),
        )
        night = _busy(path, clock(2, 0), clock(4, 0)) / 4
        assert peak > 2 * noon / 2 > 0
        assert 0 < night < late < 2 * peak
        assert late > 15


def test_the_dark_commune_logs_nothing_while_its_power_is_cut() -> None:
    """Three sources and the router stop together, and all of them go on afterwards."""
    world = make_world()
    dark = {f"logs/{host.name}/" for host in world.dark.hosts}
    found = {
        path: _times(content)
        for path, content in _all().items()
        if path[: -len(path.rsplit("/", 1)[1])] in dark
    }
    assert len(found) == 4
    for path, moments in found.items():
        assert not [one for one in moments if world.cut.start <= one < world.cut.end], path
        assert any(world.cut.start - 15 * MINUTE < one < world.cut.start for one in moments), path
        assert any(world.cut.end < one < world.cut.end + 15 * MINUTE for one in moments), path


def test_the_story_of_the_web_server_is_in_its_logs() -> None:
    """The form, the three calls and the shell of A1 are there, the calls by the attacker only."""
    files = _all()
    access = files["logs/NNMT-WEB01/access.log"].decode()
    assert access.count("POST /uploads/hoi-dap/gop-y.phtml") == 3
    assert '203.0.113.77 - - [18/Nov/2026:01:52:18 +0700] "POST /hoi-dap/gui-cau-hoi' in access
    assert access.count("203.0.113.77 ") == 6
    assert b'argc=3 a0="sh" a1="-c" a2="id"' in files["logs/NNMT-WEB01/audit.log"]


def test_the_story_of_the_file_server_is_in_its_log() -> None:
    """46 failures of the account, one remote desktop logon, one deletion of shadow copies."""
    events = [
        orjson.loads(line) for line in _all()["logs/TTDL-FS01/winlogbeat.ndjson"].splitlines()
    ]
    data = [(one["event"]["code"], one["winlog"]["event_data"]) for one in events]
    user = "svc_saoluu"
    assert 46 == sum(code == "4625" and one["TargetUserName"] == user for code, one in data)
    assert 1 == sum(
        code == "4624" and (one["TargetUserName"], one["LogonType"]) == (user, "10")
        for code, one in data
    )
    assert 1 == sum("delete shadows" in one.get("CommandLine", "") for _, one in data)


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param("coc_coc_browser", id="Cốc Cốc"),
        pytest.param("Zalo android", id="Zalo's browser"),
        pytest.param("Windows NT 6.1", id="Windows 7"),
        pytest.param("UniKeyNT.exe", id="UniKey"),
        pytest.param("KeToan.exe", id="accounting client"),
        pytest.param("vssadmin list shadows", id="backup lists shadow copies"),
        pytest.param('"LogonType":"10"', id="remote desktop"),
    ],
)
def test_ordinary_life_looks_as_it_does(sign: str) -> None:
    """What rules must not mistake for an attack is in the logs."""
    assert sign in b"".join(_all().values()).decode()


def test_document_names_come_composed_and_decomposed() -> None:
    """Some percent-encoded names are NFD, as from a Mac."""
    names = re.findall(r"GET (/upload\S+)", _all()["logs/NNMT-WEB01/access.log"].decode())
    forms = {unicodedata.is_normalized("NFC", unquote(name)) for name in names}
    assert forms == {True, False}


def test_clerks_mistype_now_and_then() -> None:
    """One failed logon each morning, far below any threshold; four more at one computer."""
    failed = [
        content.count(b'"code":"4625"')
        for path, content in _all().items()
        if re.search("-(VP|KT|MC|VT)-", path) and path.endswith("winlogbeat.ndjson")
    ]
    assert sorted(failed) == [1, 1, 1, 5]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_no_real_domain_is_named(seed: int) -> None:
    """Only names under .example appear, but for the own pages of the crawler and a scanner."""
    text = b"".join(_all(seed).values()).decode()
    names = set(_NAMES.findall(text.replace("www.google.com", "").replace("sqlmap.org", "")))
    assert {"www.tinhmau.example"} <= names
    assert [name for name in names if not name.endswith(".example")] == []


@pytest.mark.parametrize("seed", [1, 2])
def test_the_configuration_reads_every_log(tmp_path: Path, seed: int) -> None:
    """The generated haidang.yml loads, and its inputs are exactly the files that are written."""
    world = make_world(seed)
    file = tmp_path / "haidang.yml"
    file.write_text(config_yaml(world), "utf-8")
    config = load_config(file)
    assert sorted(files_until(world, STEPS[-1])) == sorted(
        str(one.path).removeprefix(f"{tmp_path}/") for one in config.inputs
    )
    units = {world.operator, world.village.unit.id, world.dark.unit.id}
    assert units == {one.operator for one in config.inputs}
    assert len(config.inputs) == 15
    assert config.allowance_secs * SECOND == 15 * MINUTE


def test_generated_files_say_that_they_are_simulated() -> None:
    """Whoever opens them sees it in the first line."""
    world = make_world()
    for text in (inventory_yaml(world), config_yaml(world)):
        assert "DỮ LIỆU MÔ PHỎNG" in text.splitlines()[0]
