"""`haidang rules import` and its neighbours on a small site, on both profiles."""

import json
import re
import signal
import time
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from app import config, rulesets, wiring
from app.stores import init, open_database
from haidang.errors import InputError
from haidang.store.state import tables
from rules import sets
from tests.support.site import INPUT

CORPUS = Path(__file__).parents[2] / "../shared/data/sigma-rules"
RULE = """\
title: {title}
id: {id}
author: Mai, Lan
status: test
level: high
logsource: {{category: {category}}}
detection: {{s: {{{field}: x}}, condition: s}}
"""
GOOD = RULE.format(title="Good", id="good-1", category="webserver", field="cs-method")
BLIND = RULE.format(title="Blind", id="blind-1", category="webserver", field="no-such-field")
FOREIGN = RULE.format(title="Foreign", id="foreign-1", category="mainframe", field="a")
BROKEN = "title: Broken\nlogsource: {category: webserver}\ndetection: {s: {a|expand: '%b%'}}\n"


def pack(file, **rules):
    """A ZIP archive of rules by file name."""
    with zipfile.ZipFile(file, "w") as made:
        for name, text in rules.items():
            made.writestr(f"rules/{name}.yml", text)
    return file


@pytest.fixture
def web(tmp_path, site, profile):
    """A site with one web server, its stores made."""
    file = site(tmp_path, INPUT, **profile)
    list(init(config.load(file)))
    return file


def audited(file):
    """(action, subject, version) of the audit trail."""
    with closing(open_database(config.load(file))) as database, database.reading() as connection:
        rows = connection.execute(select(tables.audit).order_by(tables.audit.c.id)).all()
    return [(row.action, row.subject, json.loads(row.detail)["version"]) for row in rows]


def loaded(file):
    """Titles of the rules that the correlator evaluates, beside our own, with where from."""
    settings = config.load(file)
    with closing(open_database(settings)) as database:
        found = rulesets.site_rules(settings, rulesets.used_versions(database))
    every = {card.id: card.title for _, card in rulesets.cards(found.rules)}
    return {every[id_]: name for id_, name in found.origins.items() if name != "haidang"}


def test_import_says_what_can_be_used_and_why_the_rest_cannot(tmp_path, haidang, web):
    """Refused with file and line; blind fields and foreign log sources as warnings."""
    archive = pack(tmp_path / "a.zip", good=GOOD, blind=BLIND, foreign=FOREIGN, broken=BROKEN)
    ran = haidang("rules", "import", archive, "--set", "other", "--version", "r1", "--config", web)
    report = haidang("rules", "report", "other", "--config", web)

    assert 0 == ran.code
    assert "refused: rules/broken.yml:3: detection" in ran.out
    assert (
        "imported: other r1: files=4 rules=3 refused_files=1 unmapped_fields=2 without_data_set=1"
        in ran.out
    )
    assert "rules/blind.yml: reads as absent what is mapped nowhere: no-such-field" in report.out
    assert "no data set has the log source category: mainframe: 1 rules" in report.out
    assert {"Good": "other", "Blind": "other", "Foreign": "other"} == loaded(web)


@pytest.mark.slow
def test_second_import_adds_nothing_and_a_person_can_switch_back(tmp_path, haidang, web):
    """The versions stay side by side; each switch is in the audit trail once."""
    first, second = pack(tmp_path / "a.zip", good=GOOD), pack(tmp_path / "b.zip", blind=BLIND)
    words = ("--set", "other", "--config", web)
    said = [
        haidang("rules", "import", archive, "--version", version, *words).out.splitlines()[-1][:12]
        for archive, version in ((first, "r1"), (first, "r1"), (second, "r2"))
    ]
    assert ["imported: ot", "was here alr", "imported: ot"] == said
    assert {"Blind": "other"} == loaded(web)

    assert "used from now on" in haidang("rules", "use", "other", "r1", "--config", web).out
    assert "in use already" in haidang("rules", "use", "other", "r1", "--config", web).out
    listed = haidang("rules", "sets", "--config", web).out.splitlines()
    assert ["* other r1", "  other r2"] == [line[:10] for line in listed]
    assert {"Good": "other"} == loaded(web)
    assert [("rules.used", "other", version) for version in ("r1", "r2", "r1")] == audited(web)


def test_refused_archive_leaves_everything_as_it_was(tmp_path, haidang, web):
    """Nothing half-imported, nothing used, exit code 1."""
    broken = tmp_path / "a.zip"
    broken.write_bytes(pack(tmp_path / "b.zip", good=GOOD).read_bytes()[:-20])
    ran = haidang("rules", "import", broken, "--config", web)

    assert (1, "") == (ran.code, ran.out)
    assert "cannot be read: File is not a zip file" in ran.err
    assert not (tmp_path / "data/rules").exists()
    assert {} == loaded(web)


def test_unknown_set_and_version_are_refused_with_what_is_known(tmp_path, haidang, web):
    """A typing mistake changes nothing."""
    haidang("rules", "import", pack(tmp_path / "a.zip", good=GOOD), "--config", web)
    version = sets.versions(tmp_path / "data/rules")[0].version

    ran = haidang("rules", "use", "a", "r9", "--config", web)
    assert (1, f"rules/a/r9: no such version was imported here; known: {version}\n") == (
        ran.code,
        ran.err,
    )
    assert "no such set is used; known: a" in haidang("rules", "report", "b", "--config", web).err


def test_first_use_of_an_id_wins_and_the_second_is_named(tmp_path, haidang, web, site, profile):
    """A site's own edited copy takes the place of a set's rule."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/good.yml").write_text(GOOD.replace("Good", "Better"), "utf-8")
    site(tmp_path, INPUT, rules=["mine"], **profile)
    ran = haidang("rules", "import", pack(tmp_path / "a.zip", good=GOOD), "--config", web)

    assert {"Better": "site"} == loaded(web)
    assert re.search(r"refused: .*good.yml:2: id: 'good-1' is used before, in .*mine", ran.out)


def test_version_that_another_machine_imported_must_be_here_too(tmp_path, haidang, web):
    """The state store says what is used; the folder must hold the same."""
    haidang(
        "rules", "import", pack(tmp_path / "a.zip", good=GOOD), "--version", "r1", "--config", web
    )
    manifest = tmp_path / "data/rules/a/r1/manifest.json"
    manifest.write_text(manifest.read_text().replace('"hash": "', '"hash": "0'))
    with (
        pytest.raises(InputError, match="differs from what is used"),
        wiring.open_soc(config.load(web)),
    ):
        pass
    manifest.unlink()
    with (
        pytest.raises(InputError, match="no such version was imported here"),
        wiring.open_soc(config.load(web)),
    ):
        pass


@pytest.mark.slow
def test_killed_import_leaves_nothing_half(tmp_path, site, start, haidang):
    """A kill -9 between the files and their name; the next import is whole."""
    file = site(tmp_path, INPUT)
    archive = pack(tmp_path / "a.zip", good=GOOD)
    words = ("rules", "import", archive, "--version", "r1", "--config", file)
    process = start(*words, HAIDANG_HALT_AT="rule_set.before_rename")
    process.wait_for("halted at rule_set.before_rename")
    process.end(signal.SIGKILL)

    assert [] == sets.versions(tmp_path / "data/rules")
    assert {} == loaded(file)
    assert 0 == haidang(*words).code
    assert {"Good": "a"} == loaded(file)
    assert ["r1"] == [path.name for path in (tmp_path / "data/rules/a").iterdir()]


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpus of rules is not here")
def test_whole_public_corpus_imports_within_half_a_minute(tmp_path, site, haidang):
    """3,868 files: what loads is usable, every other file is named with its line."""
    file = site(tmp_path, INPUT)
    begun = time.process_time()  # the clock on the wall runs on while others work
    ran = haidang("rules", "import", CORPUS, "--set", "sigmahq", "--config", file)

    assert time.process_time() - begun < 30
    assert "files=3868 rules=3780 refused_files=88" in ran.out
    refused = [line for line in ran.out.splitlines() if line.startswith("refused: ")]
    assert refused
    assert [] == [line for line in refused if not re.match(r"refused: \S+\.yml:\d+: ", line)]
