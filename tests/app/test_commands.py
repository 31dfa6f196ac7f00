"""Every command on a small site: what it prints, what it refuses, and how it ends."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READ = (
    b"10.9.0.4 - - [18/Nov/2026:08:00:00 +0700] "
    b'"GET /tin-tuc HTTP/1.1" 200 512 "-" "Moz\xe1\xbb\x87"\n'
)
ATTACK = (
    b"203.0.113.9 - - [18/Nov/2026:08:01:00 +0700] "
    b'"GET /tai-ve?tep=../../../../etc/passwd HTTP/1.1" 200 1833 "-" "curl/8.5.0"\n'
)
JUNK = b"this is no access line\n"
NOW = 1_795_000_000_000_000  # 18/11/2026 18:06:40 in Vietnam
RULE = """\
title: Any POST
id: 7d1b9a52-35c1-4a4e-9a2c-5b9f1c0e0002
name: any_post
status: test
level: low
logsource: {category: webserver}
detection: {selection: {cs-method: POST}, condition: selection}
"""


def counts(line):
    """The numbers of a line `name=number …` by name."""
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", line)}


@pytest.fixture
def web(tmp_path, site):
    """Two web servers of two units: both are attacked, one also logs junk and a blank line."""
    inputs = [
        {"name": name, "path": f"logs/{host}.log", "dataset": "nginx.access", "host": host}
        for name, host in (("ha", "HA-WEB01"), ("xu", "XU-WEB01"))
    ]
    file = site(tmp_path, *inputs, interval_secs=1)
    (tmp_path / "logs/HA-WEB01.log").write_bytes(READ + ATTACK + JUNK + b"\n")
    (tmp_path / "logs/XU-WEB01.log").write_bytes(READ + ATTACK)
    return file


@pytest.fixture
def raised(haidang, web):
    """The same, collected and correlated."""
    assert 0 == haidang("collect", "--once", "--config", web, at=NOW).code
    assert 0 == haidang("correlate", "--once", "--config", web, at=NOW).code
    return web


@pytest.fixture
def log(tmp_path):
    """A file with a good line, a blank one, junk."""
    file = tmp_path / "a.log"
    file.write_bytes(READ + b"\n" + JUNK)
    return file


def parsed(ran):
    """The JSON lines that a command printed."""
    return [json.loads(line) for line in ran.out.splitlines()]


def test_parse_prints_each_record_as_it_is_understood(haidang, log):
    """One JSON line a record in order: the event, the named drop, the reason."""
    ran = haidang("parse", "--dataset", "nginx.access", log)
    event, blank, junk = parsed(ran)

    assert "/tin-tuc" == event["url"]["path"]
    assert "Mozệ" == event["user_agent"]["original"]
    assert {"dropped": "blank-line", "line": 2} == blank
    assert {"error": "no pattern of the dataset fits the line", "line": 3} == junk
    assert (0, "") == (ran.code, ran.err)


@pytest.mark.parametrize("words", [pytest.param([], id="nothing"), pytest.param(["-"], id="-")])
def test_parse_reads_standard_input(haidang, words):
    """Without a file, and for `-`, the lines come from standard input."""
    ran = haidang("parse", "--dataset", "nginx.access", *words, stdin=ATTACK)

    assert ["203.0.113.9"] == [event["source"]["ip"] for event in parsed(ran)]


def test_parse_explains_how_far_a_line_fitted(haidang):
    """--explain says for each record which pattern fitted, or where it stopped."""
    ran = haidang("parse", "--dataset", "nginx.access", "--explain", stdin=READ + JUNK)
    _, good, _, bad = parsed(ran)

    assert "10.9.0.4" in json.dumps(good["explain"]["groups"])
    # The plain pattern took three words for address and names; then no time followed.
    reached = min(one["fits_to_column"] for one in bad["explain"]["patterns"])
    assert (2, len("this is no ")) == (bad["line"], reached)
    assert "no pattern of the dataset fits the line" == bad["explain"]["refused"]


@pytest.mark.parametrize("command", ["parse", "match"])
def test_empty_input_is_no_output_and_no_error(haidang, tmp_path, command):
    """Nothing in, nothing out."""
    (tmp_path / "r.yml").write_text(RULE, "utf-8")
    words = {"parse": ["--dataset", "auditd.log"], "match": ["--rules", tmp_path / "r.yml"]}

    ran = haidang(command, *words[command])
    assert (0, "", "") == (ran.code, ran.out, ran.err)


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        pytest.param(
            ["parse", "--dataset", "nginx.access", "absent.log"],
            2,
            "'absent.log': No such file or directory",
            id="missing log",
        ),
        pytest.param(
            ["parse", "--dataset", "nginx.acess"],
            2,
            "'nginx.acess' is not one of 'apache.access', ",
            id="unknown data set",
        ),
        pytest.param(["parse"], 2, "Missing option '--dataset'", id="no data set"),
        pytest.param(
            ["match", "--rules", "absent.yml"],
            2,
            "Path 'absent.yml' does not exist",
            id="missing rules",
        ),
        pytest.param(
            ["match", "--rules", ".", "--events", "absent.ndjson"],
            2,
            "'absent.ndjson': No such file or directory",
            id="missing events",
        ),
        *[
            pytest.param(
                [command, "--config", "absent.yml"],
                1,
                "absent.yml: cannot be read: No such file or directory",
                id=f"{command} without its configuration",
            )
            for command in ("collect", "correlate", "alerts", "coverage")
        ],
    ],
)
def test_wrong_word_is_named(haidang, tmp_path, monkeypatch, words, code, expected):
    """A missing file and an unknown name are said so, without a traceback."""
    monkeypatch.chdir(tmp_path)
    ran = haidang(*words)

    assert expected in " ".join(ran.err.split())
    assert (code, "") == (ran.code, ran.out)
    assert ran.clean


def test_collect_counts_every_record(haidang, web):
    """Read = indexed + quarantined + dropped, in this pass and in all."""
    ran = haidang("collect", "--once", "--config", web, at=NOW)
    first, second = map(counts, ran.out.splitlines())
    quarantine = (web.parent / "data/quarantine.ndjson").read_text("utf-8").splitlines()

    expected = {"events": 6, "indexed": 4, "quarantined": 1, "dropped": 1, "derived": 0}
    assert [expected, expected] == [
        {name: one[name] for name in expected} for one in (first, second)
    ]
    assert [("ha", len(READ + ATTACK), "this is no access line")] == [
        (one["input"], one["offset"], one["record"]) for one in map(json.loads, quarantine)
    ]
    assert (0, "") == (ran.code, ran.err)


def test_collect_twice_adds_nothing(haidang, web):
    """What was read is not read again; what was appended meanwhile is."""
    haidang("collect", "--once", "--config", web, at=NOW)
    again = haidang("collect", "--once", "--config", web, at=NOW + 1)
    with (web.parent / "logs/XU-WEB01.log").open("ab") as file:
        file.write(READ)
    more = haidang("collect", "--once", "--config", web, at=NOW + 2)

    passes = [counts(line)["events"] for ran in (again, more) for line in ran.out.splitlines()]
    assert [0, 6, 1, 7] == passes


def test_correlate_twice_raises_nothing_again(haidang, raised):
    """The feed is taken once."""
    ran = haidang("correlate", "--once", "--config", raised, at=NOW + 1)

    expected = {"events": 0, "matches": 0, "detections": 0, "set_aside": 0, "alerts": 0}
    assert {"ticks": 1, **expected} == counts(ran.out)


def test_alerts_are_told_in_the_table(haidang, raised):
    """Level, time, unit, short id, and the sentence in both languages, within 100 columns."""
    ran = haidang("alerts", "--config", raised)
    text = " ".join(ran.out.split())

    assert "Cao 18/11 18:06 Sở Hạ" in text
    assert "Trang của Sở Xuân trả lời yêu cầu vượt thư mục lúc 08:01 từ địa chỉ 203.0.113.9" in text
    assert "A site of Department Xu answered a path traversal at 08:01 from 203.0.113.9" in text
    assert max(map(len, ran.out.splitlines())) <= 100


def test_alerts_can_be_proved(haidang, raised):
    """Each alert comes with the copies of its events, which hash to what is said."""
    found = parsed(haidang("alerts", "--format", "json", "--evidence", "--config", raised))

    assert found
    for copy in (copy for alert in found for copy in alert["evidence"]):
        assert hashlib.sha256(copy["ecs"].encode()).hexdigest() == copy["sha256"]
    assert all(alert["evidence"] for alert in found)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        pytest.param("ha", [["ha"]], id="only its own"),
        pytest.param("xu", [["xu"]], id="only its own, the other"),
        pytest.param("dc", [["ha"], ["xu"]], id="the operator sees what it runs"),
    ],
)
def test_unit_sees_only_its_own_alerts(haidang, raised, unit, expected):
    """--unit shows what affects the unit or what it operates, and names nobody else."""
    ran = haidang("alerts", "--config", raised, "--format", "json", "--unit", unit)
    table = haidang("alerts", "--config", raised, "--unit", unit).out
    names = {"ha": "Sở Hạ", "xu": "Sở Xuân"}
    shown = {key for key, name in names.items() if name in ran.out + table}

    assert expected == sorted(alert["affected"] for alert in parsed(ran))
    assert {key for keys in expected for key in keys} == shown
    assert (0, "") == (ran.code, ran.err)


def test_unit_that_does_not_exist_is_no_unit_without_alerts(haidang, raised):
    """A misspelt unit is named; "no alerts" would be a wrong answer."""
    ran = haidang("alerts", "--config", raised, "--unit", "ha", "--unit", "haa")

    assert ran.err.startswith("--unit: 'haa' is not in ")
    assert "did you mean ha? known: dc, ha, xu" in ran.err
    assert (1, "") == (ran.code, ran.out)


def test_coverage_shows_evaluated_time_and_the_ledger(haidang, raised):
    """A range for each source, and what became of its records."""
    ran = haidang("coverage", "--config", raised)
    ha = f"{raised.parent}/logs/HA-WEB01.log: events=4 indexed=2 quarantined=1 dropped=1 derived=0"
    ranges = re.findall(r"  +(\d+)  +[\d.]+ \w+(?: \d+ \w+)?  \w{8}  (.+)", ran.out)

    assert f"nginx.access {ha}" in ran.out
    assert {"2"} == {events for events, _ in ranges}
    expected = [f"{raised.parent}/logs/{host}.log" for host in ("HA-WEB01", "XU-WEB01")]
    assert expected == sorted(path for _, path in ranges)
    assert (0, "") == (ran.code, ran.err)


@pytest.mark.parametrize("source", ["file", "stdin"])
@pytest.mark.parametrize(
    ("names", "event"),
    [
        pytest.param(
            "sigma", {"logcategory": "webserver", "cs-method": "POST"}, id="names of Sigma"
        ),
        pytest.param(
            "ecs",
            {
                "http": {"request": {"method": "post"}},
                "haidang": {"logsource": [{"category": "webserver"}]},
            },
            id="names of ECS",
        ),
    ],
)
def test_match_prints_one_line_a_match(haidang, tmp_path, source, names, event):
    """The rule's id and the number of the event's line; others pass by, junk is named."""
    (tmp_path / "r.yml").write_text(RULE, "utf-8")
    other = json.dumps(event).replace("POST", "GET").replace("post", "get")
    content = "\n".join([other, json.dumps(event), "junk", ""]).encode()
    (tmp_path / "events").write_bytes(content)
    place = "-" if source == "stdin" else tmp_path / "events"
    words = ["--rules", tmp_path / "r.yml", "--events", place, "--fields", names]
    ran = haidang("match", *words, stdin=content)

    assert [("7d1b9a52-35c1-4a4e-9a2c-5b9f1c0e0002", 1)] == [
        (found["rule"], found["index"]) for found in parsed(ran)
    ]
    assert ran.err.startswith("line 2: ")
    assert (0, 1) == (ran.code, ran.err.count("\n"))


def test_match_goes_on_without_broken_rules(haidang, tmp_path):
    """A broken rule is named with its line; where none is left, that is an error."""
    (tmp_path / "a.yml").write_text(RULE.replace("condition: selection", "condition: nothing"))
    (tmp_path / "b.yml").write_text(RULE)
    event = b'{"logcategory": "webserver", "cs-method": "POST"}\n'
    words = ["match", "--fields", "sigma", "--rules"]
    both = haidang(*words, tmp_path, stdin=event)
    none = haidang(*words, tmp_path / "a.yml", stdin=event)

    assert [0] == [found["index"] for found in parsed(both)]
    assert f"rule left out: {tmp_path}/a.yml:7: " in both.err
    assert (0, 1) == (both.code, none.code)
    assert f"{tmp_path}/a.yml: no rule here can be used" in none.err


def shell(line, **environment):
    """Runs a line of bash in which `haidang` is the command; paths may hold spaces."""
    command = f'haidang() {{ "{sys.executable}" -m haidang "$@"; }}; '
    return subprocess.run(
        ["bash", "-c", command + line],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )


def test_events_are_utf8_where_the_locale_is_c(log):
    """LC_ALL=C changes no byte of the output."""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "", "LOG": str(log)}
    ran = shell('haidang parse --dataset nginx.access "$LOG"', **plain)

    assert "Mozệ" == json.loads(ran.stdout.splitlines()[0])["user_agent"]["original"]
    assert (0, b"") == (ran.returncode, ran.stderr)


@pytest.mark.slow
def test_alerts_are_utf8_where_the_locale_is_c(raised):
    """Vietnamese sentences arrive whole under LC_ALL=C."""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "CONFIG": str(raised)}
    ran = shell('haidang alerts --config "$CONFIG"', **plain)

    assert "trả lời yêu cầu vượt thư mục" in " ".join(ran.stdout.decode().split())
    assert (0, b"") == (ran.returncode, ran.stderr)


def test_reader_that_leaves_is_no_error(log):
    """`| head -1` gets its line; nobody complains about the pipe."""
    log.write_bytes(READ * 5_000)
    line = 'haidang parse --dataset nginx.access "$LOG" | head -1; echo "${PIPESTATUS[0]}"'
    ran = shell(line, LOG=str(log))
    event, code = ran.stdout.splitlines()

    assert "/tin-tuc" == json.loads(event)["url"]["path"]
    assert (b"141", b"") == (code, ran.stderr)


SIGNALS = [
    pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
    pytest.param(signal.SIGTERM, 0, id="SIGTERM"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), SIGNALS)
def test_collect_goes_on_until_it_is_told_to_end(haidang, start, web, sent, code):
    """A new line is picked up within moments; a signal ends the command, nothing is lost."""
    process = start("collect", "--config", web)
    process.wait_for("in all:    events=6 ")
    with (web.parent / "logs/XU-WEB01.log").open("ab") as file:
        file.write(READ)
    process.wait_for("this pass: events=1 indexed=1 ")
    ended = process.end(sent)
    after = haidang("collect", "--once", "--config", web)

    assert (code, "") == (ended.code, ended.err)
    assert [0, 7] == [counts(line)["events"] for line in after.out.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), SIGNALS)
def test_correlate_goes_on_until_it_is_told_to_end(haidang, start, web, sent, code):
    """Events that come while it runs are taken at the next interval."""
    process = start("correlate", "--config", web)
    process.wait_for("ticks=1 events=0 ")
    haidang("collect", "--once", "--config", web)
    process.wait_for("events=4 matches=2 detections=2 set_aside=0 alerts=2")
    ended = process.end(sent)

    assert code == ended.code
    assert ended.clean
    assert [] == [one for one in ended.err.splitlines() if not one.startswith("rule can never")]
