"""`haidang store` on both profiles: made, checked, dropped, held, and every act in the audit."""

import hashlib
import json
import re

import pytest
from sqlalchemy import select

from app import config, wiring
from app.stores.secret import read_secret
from haidang.errors import InputError
from haidang.store.state import tables
from tests.support.site import ATTACK, INPUT, NOW

READ = b'10.9.0.4 - - [18/Nov/2026:08:00:00 +0700] "GET / HTTP/1.1" 200 5 "-" "-"\n'
DAY = 86_400_000_000
LATER = NOW + 2 * DAY
OLD = ["--level", "2", "--before", "2026-11-20"]


@pytest.fixture
def web(tmp_path, site, profile):
    """Two web servers of two units, each with a reader and an attack; nothing collected yet."""
    inputs = [
        {**INPUT, "name": one, "host": host, "path": f"logs/{host}.log"}
        for one, host in (("ha", "HA-WEB01"), ("xu", "XU-WEB01"))
    ]
    file = site(tmp_path, *inputs, **profile)
    for host in ("HA-WEB01", "XU-WEB01"):
        (tmp_path / f"logs/{host}.log").write_bytes(READ + ATTACK)
    return file


@pytest.fixture
def run(haidang, web):
    """Runs a command on the site; at the time of the logs unless another is given."""
    return lambda *words, at=NOW: haidang(*words, "--config", web, at=at)


@pytest.fixture
def raised(run):
    """The two alerts of the site, collected and correlated."""
    assert 0 == run("collect", "--once").code
    assert 0 == run("correlate", "--once").code
    return [json.loads(line) for line in alerts(run)]


def alerts(run):
    """The alerts as lines of JSON with their evidence."""
    return run("alerts", "--format", "json", "--evidence").out.splitlines()


def audited(web, *actions):
    """(actor, action, subject, detail) of these audit rows, the oldest first."""
    table = tables.audit
    with (
        wiring.open_stores(config.load(web)) as one,
        one.database.reading() as connection,
    ):
        rows = connection.execute(select(table).order_by(table.c.id)).all()
    found = [(row.actor, row.action, row.subject, json.loads(row.detail)) for row in rows]
    return [row for row in found if row[1] in actions]


def test_init_can_be_repeated_and_check_then_finds_nothing(run):
    """It says what it made, the same each time; check is one line with versions and head."""
    first, second = run("store", "init"), run("store", "init")
    found = run("store", "check")

    assert (0, "", 2) == (first.code, first.err, first.out.count("\n"))
    assert first == second
    assert re.fullmatch(r"ok: \w+ .*\d.*, head \S+; \w+ [\d.]+.*, schema version \d+\n", found.out)
    assert (0, "") == (found.code, found.err)


def test_check_tells_everything_that_was_never_made(haidang, tmp_path, site):
    """An embedded site before its first use: both stores are named, and neither is made."""
    ran = haidang("store", "check", "--config", site(tmp_path))

    assert [
        f"{tmp_path}/data/{name}: is missing; run haidang store init"
        for name in ("events", "state.db")
    ] == ran.err.splitlines()
    assert (1, "") == (ran.code, ran.out)
    assert not (tmp_path / "data").exists()


def test_check_of_a_cluster_tells_everything_that_was_never_made(
    haidang, tmp_path, site, clustered, cluster
):
    """Template and tables are both named in one run."""
    clustered["elasticsearch"]["prefix"] = "never-made"
    with cluster.database(template="template0") as name:
        clustered["postgresql"]["url"] = cluster.server(name).url
        ran = haidang("store", "check", "--config", site(tmp_path, **clustered))

    assert "template never-made-events is missing: run `haidang store init`" in ran.err
    assert "tables are missing (" in ran.err
    assert (1, "", 2) == (ran.code, ran.out, ran.err.count("\n"))


def test_init_of_a_cluster_needs_the_owner(haidang, tmp_path, site, clustered):
    """The run-time role could not make tables; which key is missing is said."""
    del clustered["postgresql"]["owner"]
    ran = haidang("store", "init", "--config", site(tmp_path, **clustered))

    assert ran.err.startswith("postgresql.owner: is missing; ")
    assert (1, "", 1) == (ran.code, ran.out, ran.err.count("\n"))


def test_what_is_not_matched_yet_is_never_dropped(run, web):
    """However old it is: the correlator has not seen it."""
    run("collect", "--once")
    found = [run("store", "drop", *OLD, at=LATER).out for _ in range(2)]
    run("correlate", "--once", at=LATER)

    expected = "dropped: 0 events of level 2 received before 2026-11-20\n"
    assert [expected, expected] == found
    assert 2 == len(alerts(run))


def test_old_events_are_dropped_for_ever_and_that_is_audited(run, web, raised):
    """Alerts and evidence stay; the young, and other levels, too."""
    young = run("store", "drop", "--level", "2", "--before", "2026-11-18", at=LATER)
    other = run("store", "drop", "--level", "3", "--before", "2026-11-20", at=LATER)
    # A stream's youngest index is only closed by the first call.
    old = [run("store", "drop", *OLD, at=LATER) for _ in range(2)]
    rows = audited(web, "store.dropping", "store.dropped")

    assert [0, 0] == [int(ran.out.split()[1]) for ran in (young, other)]
    assert 4 == sum(int(ran.out.split()[1]) for ran in old)
    assert raised == [json.loads(line) for line in alerts(run)]
    assert ["store.dropping", "store.dropped"] * 4 == [row[1] for row in rows]
    assert {("system:store", "level 2"), ("system:store", "level 3")} == {
        (row[0], row[2]) for row in rows
    }
    assert 4 == sum(row[3].get("events", 0) for row in rows)
    assert {"2026-11-19T17:00:00.000Z", "2026-11-17T17:00:00.000Z"} == {
        row[3]["before"] for row in rows
    }


def test_a_day_to_come_is_wrong_usage(run):
    """What has not happened cannot be old."""
    ran = run("store", "drop", "--level", "2", "--before", "2026-11-20")

    assert "--before: is a day to come" in ran.err
    assert (2, "") == (ran.code, ran.out)


def test_held_events_outlive_retention(run, web, raised):
    """By alert and by event; again adds nothing; each unit sees its own."""
    first, second = raised
    event = second["evidence"][0]["event"]
    words = ["store", "hold", "vu-1", "--alert", first["id"], "--event", event]
    held = [run(*words) for _ in range(2)]
    dropped = sum(int(run("store", "drop", *OLD, at=LATER).out.split()[1]) for _ in range(2))
    found = [json.loads(line) for line in run("store", "held", "vu-1").out.splitlines()]
    own = run("store", "held", "vu-1", "--unit", first["affected"][0]).out.splitlines()

    assert [
        "held for vu-1: 2 events, 2 of them new\n",
        "held for vu-1: 2 events, 0 of them new\n",
    ] == [ran.out for ran in held]
    assert 4 == dropped
    assert {first["evidence"][0]["event"], event} == {one["event"] for one in found}
    assert [hashlib.sha256(one["ecs"].encode()).hexdigest() for one in found] == [
        one["sha256"] for one in found
    ]
    assert [first["evidence"][0]["event"]] == [json.loads(line)["event"] for line in own]
    detail = {"alerts": [first["id"]], "events": 2, "gone": 0, "new": 2}
    rows = audited(web, "store.held")
    assert [
        ("system:store", "store.held", "vu-1", detail),
        ("system:store", "store.held", "vu-1", {**detail, "new": 0}),
    ] == rows


def test_everything_unknown_is_named_and_nothing_held(run, raised):
    """A slip of the pen must not leave a case with half of its events."""
    event = raised[0]["evidence"][0]["event"]
    both = run("store", "hold", "vu-1", "--alert", "a", "--alert", "b", "--event", event)
    one = run("store", "hold", "vu-1", "--event", "x", "--event", event, "--event", "y")

    assert ["'a'", "'b'"] == re.findall(r"^--alert: ('.') is no alert; ", both.err, re.MULTILINE)
    expected = ["--event: 'x' is no event of this store", "--event: 'y' is no event of this store"]
    assert expected == one.err.splitlines()
    assert [(1, ""), (1, "")] == [(ran.code, ran.out) for ran in (both, one)]
    assert (0, "") == (run("store", "held", "vu-1").code, run("store", "held", "vu-1").out)


def test_events_that_only_evidence_remembers_are_counted(run, raised):
    """Retention was faster: that is said, not hidden."""
    for _ in range(2):
        run("store", "drop", *OLD, at=LATER)
    ran = run("store", "hold", "vu-1", "--alert", raised[0]["id"])

    assert "held for vu-1: 0 events, 0 of them new\n" == ran.out
    assert (0, "1 events are left only as their alert's evidence\n") == (ran.code, ran.err)


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        pytest.param(["hold", "vu-1"], 2, "name at least one --alert or --event", id="nothing"),
        pytest.param(["hold", "Vụ 1", "--event", "x"], 1, "Vụ 1", id="name of the case"),
        pytest.param(["held", "Vụ 1"], 1, "Vụ 1", id="name of the case to list"),
        pytest.param(["held", "vu-1", "--unit", "haa"], 1, "did you mean ha?", id="unit"),
    ],
)
def test_wrong_words_are_refused(run, raised, words, code, expected):
    """In one line, without a traceback."""
    if words[0] == "hold":
        words = [raised[0]["evidence"][0]["event"] if word == "x" else word for word in words]
    ran = run("store", *words)

    assert expected in ran.err
    assert (code, "") == (ran.code, ran.out)
    assert ran.clean


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", "is empty; a password belongs there", id="empty"),
        pytest.param(b"\n", "is empty; a password belongs there", id="only a newline"),
        pytest.param(b"geheim\nzwei\n", "must be one line without control characters", id="lines"),
        pytest.param(b"geheim\xff", "is not UTF-8", id="bytes"),
        pytest.param(None, "cannot be read: No such file or directory", id="no file"),
    ],
)
def test_secret_that_cannot_be_one_is_refused(tmp_path, content, expected):
    """By its file's name and why, and never repeated."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_secret(file, "NAME", {})

    assert f"{file}: {expected}" == str(caught.value)
    assert "geheim" not in repr(caught.value.__context__)


def test_secret_comes_from_the_file_or_the_environment(tmp_path):
    """Without the newline that editors add; "" where neither says one."""
    (tmp_path / "secret").write_text("bí mật \r\n", "utf-8")

    assert "bí mật " == read_secret(tmp_path / "secret", "NAME", {})
    assert "x" == read_secret(None, "NAME", {"NAME": "x\n"})
    assert "" == read_secret(None, "NAME", {"OTHER": "x"})
