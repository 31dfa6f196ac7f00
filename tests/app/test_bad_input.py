"""What people and machines get wrong: clear words, all at once, nothing lost, no traceback."""

import json
import random
import re
import shutil
import signal
from pathlib import Path

import pytest

from collectors import dataset
from tests.support.site import ATTACK, INPUT, MINUTE, NOW, counts

GOOD_RULE = """\
title: Everything
id: 7d1b9a52-35c1-4a4e-9a2c-5b9f1c0e0009
status: test
level: low
logsource: {category: webserver}
detection: {selection: {cs-method: GET}, condition: selection}
"""


def edit(file, text):
    """Replaces a file's text; the file."""
    file.write_text(text, "utf-8")
    return file


INVENTORY = """\
units:
  - {id: dc, name: Trung tâm, name_en: Centre, form: '2010-01-01'}
  - {id: ha, name: 7}
zones: {}
"""
CONFIG = """\
data_dir: data
inventroy: inventory.yml
threads: many
inputs:
  - {name: ha, path: logs/a.log, dataset: nginx.acess, operator: dc, zone: dc}
"""
RULES = {
    "syntax.yml": ("title: [", 2, "YAML: "),
    "type.yml": (GOOD_RULE.replace("title: Everything", "title: [1]"), 1, "title: must be text"),
    "condition.yml": (GOOD_RULE.replace("condition: selection", "condition: nobody"), 6, "nobody"),
    "modifier.yml": (GOOD_RULE.replace("cs-method:", "cs-method|contians:"), 6, "contians"),
    "level.yml": (GOOD_RULE.replace("level: low", "level: lwo"), 4, "level: "),
    "key.yml": (
        GOOD_RULE + "haidang: {sentense: {vi: A}}\n",
        7,
        "unknown key; known here: sentence",
    ),
    "nothing.yml": ("title: A\nid: 7d1b9a52-35c1-4a4e-9a2c-5b9f1c0e0008\n", 1, "has neither"),
    "latin.yml": (None, 1, "is not UTF-8; save the file as UTF-8"),
}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param(
            "haidang.yml",
            CONFIG,
            [
                "1: inventory: is missing",
                "2: inventroy: unknown key; did you mean inventory?",
                "3: threads: must be a whole number, not text",
                "5: inputs.0.dataset: no such data set; did you mean nginx.access? ",
            ],
            id="configuration",
        ),
        pytest.param("haidang.yml", "a: [", ["2: YAML: "], id="configuration that is no YAML"),
        pytest.param("haidang.yml", "\t", ["1: YAML: "], id="configuration with a tab"),
        pytest.param("inventory.yml", "units: }", ["1: YAML: "], id="inventory that is no YAML"),
        pytest.param(
            "inventory.yml",
            INVENTORY,
            ["2: units.0.form: ", "3: units.1.name: must be text", "4: zones: must be a list"],
            id="inventory",
        ),
    ],
)
@pytest.mark.parametrize("command", ["collect", "correlate"])
def test_every_problem_of_a_file_is_a_line_with_its_place(
    haidang, web, command, name, text, expected
):
    """file:line, what it is, what to do; all at once, and nothing is made."""
    file = edit(web.parent / name, text)
    ran = haidang(command, "--once", "--config", web)

    for one in expected:
        assert f"{file}:{one}" in ran.err
    assert {f"{file}"} == {line.split(":")[0] for line in ran.err.splitlines()}
    assert (1, "") == (ran.code, ran.out)
    assert ran.clean
    assert not (web.parent / "data").exists()


def test_broken_data_set_names_its_lines(haidang, web, tmp_path, monkeypatch):
    """A data set's definition is checked like every file that people write."""
    folder = tmp_path / "datasets"
    shutil.copytree(dataset._FOLDER, folder)
    file = folder / "nginx.access.yml"
    broken = re.sub(r"(?m)^format:.*$", "format: cvs", file.read_text("utf-8"))
    edit(file, broken + "colour: red\n")
    monkeypatch.setattr(dataset, "_FOLDER", folder)
    ran = haidang("collect", "--once", "--config", web)
    found = [
        re.match(rf"{re.escape(str(file))}:(\d+): (\w+): ", one) for one in ran.err.splitlines()
    ]

    lines = (broken + "colour: red\n").splitlines()
    expected = {(str(lines.index("format: cvs") + 1), "format"), (str(len(lines)), "colour")}
    assert expected == {one.groups() for one in found}
    assert (1, True) == (ran.code, ran.clean)


def test_broken_rules_are_left_out_and_the_others_go_on(haidang, site, tmp_path):
    """Each broken file is named with line and reason; the good rule and ours still fire."""
    file = site(tmp_path, INPUT, rules=["more"])
    (tmp_path / "logs/a.log").write_bytes(ATTACK)
    (tmp_path / "more").mkdir()
    edit(tmp_path / "more/good.yml", GOOD_RULE)
    for name, (text, _, _) in RULES.items():
        content = GOOD_RULE.encode().replace(b"Everything", b"M\xf4i")
        (tmp_path / "more" / name).write_bytes(content if text is None else text.encode())
    collected = haidang("collect", "--once", "--config", file)
    ran = haidang("correlate", "--once", "--config", file)

    for name, (_, line, what) in RULES.items():
        place = f"rule left out: {tmp_path}/more/{name}:{line}: "
        said = [one for one in ran.err.splitlines() if one.startswith(place)]
        assert said, (name, ran.err)
        assert what in said[0]
    assert (0, 0) == (collected.code, ran.code)
    assert 2 == counts(ran.out)["alerts"]
    assert ran.clean


NOISE = random.Random(1)  # noqa: S311 - bytes that are the same in every run, no secret
JUNK = [
    pytest.param(NOISE.randbytes(200_000), id="random bytes"),
    pytest.param(("\ufeff" + ATTACK.decode() * 50).encode("utf-16-le"), id="UTF-16"),
    pytest.param(b"\0" * 100_000, id="NUL alone"),
    pytest.param(b"\0\n" * 1_000 + ATTACK, id="NUL and a good line"),
    pytest.param(b"\x7fELF" + NOISE.randbytes(50_000) + b"\n" + ATTACK, id="a program"),
    pytest.param(b"\n\r\n \n" + ATTACK + b"\r" * 9 + b"\n", id="blank lines"),
    pytest.param(b'{"a":' * 60_000 + b"\n" + ATTACK, id="deep JSON"),
]


@pytest.mark.parametrize("name", ["nginx.access", "auditd.log", "windows.winlogbeat"])
@pytest.mark.parametrize("content", JUNK)
def test_junk_is_counted_and_harms_nothing(haidang, site, tmp_path, name, content):
    """Whatever lies in a log: every framed record is accounted for, commands end in order."""
    file = site(tmp_path, {**INPUT, "dataset": name})
    (tmp_path / "logs/a.log").write_bytes(content)
    passes = [haidang("collect", "--once", "--config", file, at=NOW + n) for n in (0, 10 * MINUTE)]
    ledger = counts(passes[-1].out.splitlines()[1])
    correlated = haidang("correlate", "--once", "--config", file, at=NOW + 10 * MINUTE)

    assert ledger["events"] == ledger["indexed"] + ledger["quarantined"] + ledger["dropped"]
    assert content.count(b"\n") == ledger["events"]
    assert [(0, "")] * 2 == [(ran.code, ran.err) for ran in passes]
    expected = ledger["indexed"] + ledger["derived"]
    assert (0, expected) == (correlated.code, counts(correlated.out)["events"])
    wanted = 1 if ATTACK[:-1] in content and name == "nginx.access" else 0
    assert wanted == counts(correlated.out)["alerts"]
    kept = (tmp_path / "data/quarantine.ndjson").read_bytes().splitlines()
    assert ledger["quarantined"] == sum("reason" in json.loads(line) for line in kept)


@pytest.mark.slow
def test_line_of_50_megabytes_does_not_fill_the_memory(start, web):
    """An endless line is cut, the next line is read, and memory stays bounded."""
    log = web.parent / "logs/a.log"
    log.write_bytes(b"A" * 50_000_000 + b"\n" + ATTACK)
    process = start("collect", "--config", web)
    process.wait_for("in all:    events=2 indexed=1 quarantined=1 ")
    # Of this program alone: a child's `ru_maxrss` begins with its parent's.
    status = Path(f"/proc/{process.process.pid}/status").read_text("ascii")
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) >> 10
    ended = process.end(signal.SIGTERM)

    assert (0, "") == (ended.code, ended.err)
    assert peak < 150  # MiB; one short line takes some 105


def test_input_that_the_inventory_does_not_know_ends_the_start(haidang, site, tmp_path):
    """An operator or zone that does not exist is an error at once, not silence later."""
    file = site(tmp_path, {**INPUT, "operator": "sxd", "zone": "dcc"})
    ran = haidang("collect", "--once", "--config", file)

    what = f"is not in {tmp_path}/inventory.yml;"
    place = file.read_text("utf-8").splitlines().index("inputs:") + 2
    assert [
        f"{file.name}:{place}: inputs.ha.operator: 'sxd' {what} known: dc, ha, xu",
        f"{file.name}:{place}: inputs.ha.zone: 'dcc' {what} did you mean dc? known: dc",
    ] == [line.removeprefix(f"{tmp_path}/") for line in ran.err.splitlines()]
    assert (1, "") == (ran.code, ran.out)


def test_log_that_cannot_be_read_does_not_stop_the_others(haidang, site, tmp_path):
    """A folder in a log's place, and a link to nowhere, are passed over."""
    file = site(tmp_path, {**INPUT, "path": "logs/*.log"})
    (tmp_path / "logs/b.log").mkdir()
    (tmp_path / "logs/c.log").symlink_to(Path("nowhere"))
    (tmp_path / "logs/a.log").write_bytes(ATTACK)
    ran = haidang("collect", "--once", "--config", file)

    assert (0, True) == (ran.code, ran.clean)
    assert 1 == counts(ran.out.splitlines()[1])["indexed"]
