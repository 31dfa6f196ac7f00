"""`haidang rules status`, `show`, `fires`, `backtest` on a small site, on both profiles."""

import json
from contextlib import closing

import pytest
from sqlalchemy import select

from app import config
from app.stores import init, open_database
from haidang.model.instant import DAY
from haidang.store.state import tables
from tests.support.site import ATTACK, INPUT, NOW, counts

RULE = """\
title: {title}
id: {id}
author: Mai
status: test
level: high
logsource: {{category: {category}}}
detection: {{s: {{cs-method: {method}}}, condition: s}}
"""
GET = RULE.format(title="Any GET", id="any-get", category="webserver", method="GET")
PUT = RULE.format(title="Any PUT", id="any-put", category="webserver", method="PUT")
DNS = RULE.format(title="Any DNS", id="any-dns", category="dns", method="GET")


@pytest.fixture
def web(tmp_path, site, haidang, profile):
    """A site with one web server that was attacked once, and a set of three rules."""
    file = site(tmp_path, INPUT, rule_days=1, **profile)
    list(init(config.load(file)))
    (tmp_path / "logs/a.log").write_bytes(ATTACK)
    (tmp_path / "set").mkdir()
    for name, text in (("get", GET), ("put", PUT), ("dns", DNS)):
        (tmp_path / f"set/{name}.yml").write_text(text, "utf-8")
    assert 0 == haidang("rules", "import", tmp_path / "set", "--config", file).code
    return file


def correlate(haidang, file, at=NOW):
    """Collect and correlate; the titles of the alerts that stand then."""
    assert 0 == haidang("collect", "--once", "--config", file, at=at).code
    ran = haidang("correlate", "--once", "--config", file, at=at)
    assert 0 == ran.code, ran.err
    return alerts(haidang, file)


def alerts(haidang, file):
    """The titles of all alerts."""
    ran = haidang("alerts", "--format", "json", "--config", file)
    return sorted(json.loads(line)["title"] for line in ran.out.splitlines())


def lines(haidang, file, *words):
    """What `haidang rules status --json` says, by rule id."""
    ran = haidang("rules", "status", "--json", "--config", file, *words, at=NOW)
    assert 0 == ran.code, ran.err
    return {one["id"]: one for one in map(json.loads, ran.out.splitlines())}


def modes(haidang, file):
    """The modes of the set's rules."""
    return {id_: one["mode"] for id_, one in lines(haidang, file, "--set", "set").items()}


def audited(file):
    """(action, subject, detail) of what was noted about modes and backtests."""
    with closing(open_database(config.load(file))) as database, database.reading() as connection:
        rows = connection.execute(select(tables.audit).order_by(tables.audit.c.id)).all()
    return [
        (row.action, row.subject, json.loads(row.detail))
        for row in rows
        if row.action in {"rule.mode", "rules.backtest"}
    ]


def test_rule_in_trial_is_counted_and_tells_nobody(haidang, web):
    """The match, its event and its day are there; the only alert is that of our own rule."""
    assert ["Path Traversal to a System File Answered by the Server"] == correlate(haidang, web)
    shown = lines(haidang, web)["any-get"]

    assert ("trial", 1, 1, 1) == (
        shown["mode"],
        shown["matches_today"],
        shown["matches_7_days"],
        len(shown["examples"]),
    )
    assert ("Mai", "set") == (shown["author"], shown["from"])
    assert {"any-get": "trial", "any-put": "trial", "any-dns": "trial"} == modes(haidang, web)
    total = haidang("rules", "status", "--config", web, at=NOW).out.splitlines()
    assert {"on": 0, "trial": 3, "off": 0} == counts(total[-1])


def test_backtest_turns_on_what_stays_under_the_budget(haidang, web, tmp_path, site, profile):
    """From the correlator's next start; over the budget stays in trial; the change is audited."""
    at = NOW - NOW % DAY
    correlate(haidang, web)
    ran = haidang("rules", "backtest", "--days", "7", "--config", web, at=NOW)
    assert {
        "events": 1,
        "days": 1,
        "tried": 2,
        "over_budget": 0,
        "failed": 0,
        "budget": 5,
    } == counts(ran.out.splitlines()[-1])
    assert "ok   alerts=1 busiest_day=1 high any-get Any GET [Mai]" in ran.out
    assert {"any-get": "on", "any-put": "on", "any-dns": "trial"} == modes(haidang, web)

    site(tmp_path, INPUT, rule_days=1, rule_budget=0, **profile)
    assert {"any-get": "trial", "any-put": "on", "any-dns": "trial"} == modes(haidang, web)

    site(tmp_path, INPUT, rule_days=1, **profile)
    with (tmp_path / "logs/a.log").open("ab") as log:
        log.write(ATTACK.replace(b"tai-ve?tep=../../../../etc/passwd", b"tin-tuc"))
    assert "Any GET" in correlate(haidang, web, at + 2 * DAY)
    assert [("rules.backtest", "rules"), ("rule.mode", "any-get"), ("rule.mode", "any-put")] == [
        one[:2] for one in audited(web)
    ]
    assert ("trial", "on") == tuple(audited(web)[1][2][key] for key in ("before", "mode"))


def test_backtest_of_too_few_days_turns_nothing_on(haidang, web, tmp_path, site, profile):
    """One quiet day proves little; the result is kept and counts once enough is asked for."""
    correlate(haidang, web)
    site(tmp_path, INPUT, rule_days=2, **profile)
    ran = haidang("rules", "backtest", "--days", "7", "--config", web, at=NOW)

    assert "fewer than rule_days=2 days" in ran.err
    assert {"trial"} == set(modes(haidang, web).values())


def test_edited_rule_loses_its_backtest(haidang, web, tmp_path):
    """What was proven was proven of other content."""
    correlate(haidang, web)
    haidang("rules", "backtest", "--config", web, at=NOW)
    (tmp_path / "set/put.yml").write_text(PUT.replace("PUT", "PATCH"), "utf-8")
    haidang("rules", "import", tmp_path / "set", "--config", web)

    assert {"any-get": "on", "any-put": "trial", "any-dns": "trial"} == modes(haidang, web)


def test_backtest_without_events_proves_nothing(haidang, web):
    """Silence of an empty store must not turn a thousand rules on."""
    ran = haidang("rules", "backtest", "--config", web, at=NOW)

    assert 0 == counts(ran.out)["events"]
    assert "nothing is proven" in ran.err
    assert {"trial"} == set(modes(haidang, web).values())


def test_choice_of_a_person_beats_all_until_its_last_day(haidang, web, tmp_path, site, profile):
    """Off is not evaluated at all; the reason is shown; a misspelt one is said at the start."""
    choices = [
        {"rule": "web_path_traversal_answered", "mode": "off", "reason": "quét định kỳ"},
        {"set": "set", "mode": "on", "reason": "thử", "until": "2026-11-18"},
        {"tag": "attack.t0000", "mode": "off", "reason": "nhầm"},
    ]
    text = site(tmp_path, INPUT, rule_modes=choices, **profile)
    text.write_text(text.read_text("utf-8").replace("'2026-11-18'", "2026-11-18"), "utf-8")
    assert 0 == haidang("collect", "--once", "--config", web, at=NOW).code
    ran = haidang("correlate", "--once", "--config", web, at=NOW)

    assert ["Any GET"] == alerts(haidang, web)
    assert "rule_modes: no rule here has the tag 'attack.t0000'" in ran.err
    shown = lines(haidang, web)
    [own] = [one for one in shown.values() if one["name"] == "web_path_traversal_answered"]
    assert ("off", "chosen: quét định kỳ", 0) == (own["mode"], own["reason"], own["matches_today"])
    later = haidang("rules", "status", "--json", "--set", "set", "--config", web, at=NOW + DAY)
    assert {"trial"} == {json.loads(line)["mode"] for line in later.out.splitlines()}


def test_show_says_all_about_one_rule(haidang, web):
    """By id or name; the author of a rule of others is named, as its licence asks."""
    ran = haidang("rules", "show", "any-dns", "--config", web)

    assert "author          Mai" in ran.out
    assert "reach           no source has its log source: category: dns" in ran.out
    assert "no rule that loaded has this id" in haidang("rules", "show", "x", "--config", web).err


def test_fires_names_what_is_missing(haidang, web):
    """Reason, log source and count; as JSON with the ids."""
    ran = haidang("rules", "fires", "--set", "set", "--config", web)
    told = haidang("rules", "fires", "--set", "set", "--json", "--config", web)

    assert 0 == ran.code
    assert "sources seen: nginx.access" in ran.out
    assert {"rules": 3, "can_fire": 2, "never": 1} == counts(ran.out.splitlines()[1])
    assert "     1  category: dns" in ran.out
    expected = {
        "reason": "no source has its log source",
        "detail": "category: dns",
        "rules": ["any-dns"],
    }
    assert [expected] == json.loads(told.out)["never"]


def test_set_with_faults_is_one_line_at_the_start(haidang, web, tmp_path):
    """Hundreds of remarks about rules of others would hide the one about our own."""
    (tmp_path / "set/bad.yml").write_text("title: [", "utf-8")
    haidang("rules", "import", tmp_path / "set", "--config", web)
    ran = haidang("correlate", "--once", "--config", web, at=NOW)

    assert "set set: 2 remarks, see `haidang rules report set`\n" == ran.err
