"""haidang doctor: what is wrong is found and said, with what to do; all else is ok."""

import fcntl
import json
import os
import re
import socket
import time
import unicodedata
from pathlib import Path

import pytest
import yaml

from app import checks, doctor
from app.commands import doctor as command
from haidang.model.instant import DAY, HOUR, SECOND
from tests.support.site import INPUT

ROOT = Path(__file__).parents[2]
SECRET = "t0p-s3cret-of-nobody"  # noqa: S105 - planted, to be looked for
WORDS = doctor.words()


def clock():
    """The time of this machine, which is the files' time, too."""
    return time.time_ns() // 1_000


@pytest.fixture
def used(haidang, tmp_path, site, profile):
    """A site of each profile whose line was collected and evaluated just now."""
    file = site(tmp_path, INPUT, console={"listen": "127.0.0.1:1"}, **profile)
    line = '10.0.0.9 - - [18/Nov/2020:08:01:00 +0700] "GET / HTTP/1.1" 200 1 "-" "curl/8"\n'
    (tmp_path / "logs/a.log").write_text(line)
    for words in (("store", "init"), ("collect", "--once"), ("correlate", "--once")):
        assert 0 == haidang(*words, "--config", file).code
    return file


@pytest.fixture
def plain(tmp_path, site):
    """A site on files that nobody ever used."""
    file = site(tmp_path, INPUT, console={"listen": "127.0.0.1:1"})
    (tmp_path / "logs/a.log").write_text("")
    return file


def found(file, now, environment=None):
    """Findings by key, with their levels."""
    return {one.key: one.level for one in doctor.examine(file, environment or {}, now)}


def change(file, **settings):
    """Other settings."""
    content = yaml.safe_load(file.read_text("utf-8"))
    file.write_text(yaml.safe_dump(content | settings), "utf-8")


def test_everything_that_runs_is_well(used):
    """A collector that holds its lock, a correlator that just worked, a console that answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        change(used, console={"listen": f"127.0.0.1:{server.getsockname()[1]}"})
        with (used.parent / "data/collect.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            levels = found(used, clock() + SECOND)
    machine = {"disk.ok", "disk.low", "memory.ok", "memory.low"}  # of whoever runs this
    levels = {key: level for key, level in levels.items() if key not in machine}

    assert {} == {key: level for key, level in levels.items() if level != "ok"}
    assert len(levels) >= 16


def test_what_does_not_run_is_bad(used):
    """Nobody collects, nobody shows, and the last evaluation is long ago."""
    levels = found(used, clock() + HOUR)

    assert "bad" == levels["collector.away"] == levels["correlator.late"] == levels["console.away"]
    assert "ok" == levels["stores.ok"] == levels["mask_key.ok"]


def test_looking_changes_nothing(used):
    """No file appears, none changes."""

    def content():
        files = (one for one in used.parent.rglob("*") if one.is_file())
        return {one: one.read_bytes() for one in files if one.suffix not in {".db-wal", ".db-shm"}}

    before = content()
    found(used, clock())

    assert before == content()


def test_clock_that_was_set_back_is_bad(used):
    """What was evaluated lies in the future."""
    assert "bad" == found(used, clock() - HOUR)["clock.back"]


def test_clock_apart_from_the_database_is_a_warning(used):
    """On a cluster two clocks can be compared, on files there is one."""
    away = "cluster" in used.read_text("utf-8")

    assert ("clock.off" in found(used, clock() + HOUR)) is away


def test_unused_site_is_told_how_to_begin(plain):
    """No store, no key, nothing evaluated; nothing is made by looking."""
    levels = found(plain, clock())

    assert ("bad", "ok") == (levels["stores.wrong"], levels["folders.ok"])
    assert not (plain.parent / "data").exists()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("threads: 0\n", "configuration.wrong", id="configuration"),
        pytest.param("inventory: none.yml\n", "inventory.wrong", id="inventory"),
        pytest.param("rules: [none]\n", "rules.wrong", id="rules"),
        pytest.param("data_dir: logs/a.log\n", "folders.wrong", id="data folder is a file"),
    ],
)
def test_wrong_setting_is_bad(plain, text, key):
    """What `haidang config check` calls a problem."""
    change(plain, **yaml.safe_load(text))

    assert "bad" == found(plain, clock())[key]


def test_input_without_files_is_a_warning_and_one_that_stopped_too(plain):
    """A pattern that matches nothing; a file that has not changed for a day."""
    assert "growth.ok" in found(plain, clock() + DAY - HOUR)
    assert "warn" == found(plain, clock() + DAY + HOUR)["growth.stopped"]
    (plain.parent / "logs/a.log").unlink()
    assert "warn" == found(plain, clock())["inputs.wrong"]


def test_open_data_folder_open_secret_lost_key_are_bad(used):
    """What others may read, and what cannot be restored."""
    data = used.parent / "data"
    data.chmod(0o755)
    (data / "mask.key").chmod(0o604)
    levels = found(used, clock())
    (data / "mask.key").unlink()

    assert "bad" == levels["folders.open"] == levels["secrets.wrong"]
    assert "bad" == found(used, clock())["mask_key.lost"]


def test_folder_of_another_user_is_a_warning(used):
    """The service runs as one user, this command as another."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to give a folder away")
    os.chown(used.parent / "data", 65534, 65534)

    assert "warn" == found(used, clock())["folders.foreign"]


def test_quarantined_record_is_a_warning(haidang, used):
    """Records that could not become events wait for a person."""
    with (used.parent / "logs/a.log").open("a") as log:
        log.write("this is no access line\n")
    assert 0 == haidang("collect", "--once", "--config", used).code

    assert "warn" == found(used, clock())["quarantine.some"]


def test_full_disk_is_bad(plain, monkeypatch):
    """Below a gigabyte, or 5 %; below 15 % it is a warning."""
    usage = doctor.shutil.disk_usage("/")
    levels = []
    for free, total in ((1 << 29, 1 << 30), (4 << 30, 1 << 40), (100 << 30, 1000 << 30)):
        fake = usage._replace(total=total, free=free, used=total - free)
        monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path, fake=fake: fake)
        levels.append(found(plain, clock())["disk.low"])

    assert ["bad", "bad", "warn"] == levels


def test_no_secret_is_said(haidang, plain, monkeypatch):
    """Neither one of a file nor one of the environment."""
    (plain.parent / "token").write_text(SECRET)
    change(plain, console={"listen": "127.0.0.1:1", "metrics_token_file": "token"})
    monkeypatch.setenv("HAIDANG_METRICS_TOKEN", SECRET)
    for form in ("text", "json"):
        ran = haidang("doctor", "--config", plain, "--format", form)
        assert (2, False) == (ran.code, SECRET in ran.out + ran.err)
        assert "metrics_token_file" in ran.out


def test_text_says_it_in_both_languages_with_what_to_do(haidang, plain):
    """Vietnamese, English below; JSON holds the same."""
    text = haidang("doctor", "--config", plain)
    rows = [json.loads(line) for line in haidang(
        "doctor", "--config", plain, "--format", "json").out.splitlines()]  # fmt: skip
    away = next(one for one in rows if one["key"] == "console.away")

    assert (2, "") == (text.code, text.err)
    assert re.search(
        r"^\[hỏng\] +Bảng điều khiển không trả lời tại 127\.0\.0\.1:1\.\n"
        r" +The console does not answer at 127\.0\.0\.1:1\.\n"
        r"  → làm:  Khởi động `haidang up`.*\n  → do:   Start `haidang up`",
        text.out,
        re.MULTILINE,
    )
    assert "Khởi động `haidang up`; cổng phải còn trống." == away["do_vi"]


def test_every_finding_has_words_and_no_words_are_left_over():
    """Keys of the code are those of doctor.yml; what is not well says what to do."""
    source = (ROOT / "app/doctor.py").read_text("utf-8")
    keys = set(re.findall(r'"([a-z_]+\.[a-z_]+)"', source)) - {"collect.lock", "doctor.yml"}
    areas = re.findall(r'_remarks\("(\w+)"', source)
    keys = {one for one in keys if not one.endswith(".json")}
    keys |= {f"{area}.{kind}" for area in areas for kind in ("ok", "wrong")}

    assert keys == set(WORDS)
    assert [] == [
        key
        for key, said in WORDS.items()
        if key.partition(".")[2] != "ok" and key != "mask_key.none" and "do" not in said
    ]


def test_words_are_complete_and_normal():
    """Both languages everywhere, NFC, and the same facts in both."""
    texts = [one for said in WORDS.values() for one in (said, said.get("do"))]
    for one in filter(None, texts):
        assert {"vi", "en"} <= one.keys()
        assert unicodedata.is_normalized("NFC", one["vi"])
        names = [set(re.findall(r"\{(\w+)\}", one[language])) for language in ("vi", "en")]
        assert names[0] == names[1]


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        pytest.param(["ok", "ok"], 0, id="well"),
        pytest.param(["ok", "warn", "ok"], 1, id="a warning"),
        pytest.param(["warn", "bad", "ok"], 2, id="something bad"),
        pytest.param([], 0, id="nothing"),
    ],
)
def test_exit_code_is_the_worst(levels, code):
    """0, 1, 2 as monitoring plugins have it."""
    assert code == doctor.worst([doctor.Finding("x", level) for level in levels])
    assert set(command._MARKS) == set(doctor.LEVELS)
    assert checks.Remark("x").problem
