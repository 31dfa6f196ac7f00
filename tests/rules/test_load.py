"""Loading rules from files and folders, and the whole public corpus."""

from collections import Counter
from pathlib import Path

import pytest

from rules.load import load
from rules.rule import LogSource

DATA = Path(__file__).parents[2] / "../shared/data"
CORPUS = DATA / "sigma-rules"
ACTIVE = ("rules", "rules-compliance", "rules-emerging-threats", "rules-threat-hunting")
RULE = """
title: {title}
id: {id}
logsource: {{category: webserver}}
detection: {{s: {{a: x}}, condition: s}}
"""


def write(folder, name, text):
    """A rule file."""
    (folder / name).write_text(text, encoding="utf-8")


def test_broken_files_leave_their_neighbours(tmp_path):
    """Bad YAML, a bad rule in a file of several and a file of another kind are told apart."""
    write(tmp_path, "a.yml", "title: [")
    write(tmp_path, "b.yaml", RULE.format(title="B", id="b") + "---\ntitle: C\n")
    write(tmp_path, "c.yml", "- just\n- a list\n")
    write(tmp_path, "d.txt", "not looked at")
    write(tmp_path, "e.yml", RULE.format(title="E", id="e"))
    found = load([tmp_path])
    assert ["b", "e"] == [rule.card.id for rule in found.rules]
    assert ["a.yml", "b.yaml", "c.yml"] == [Path(one.file).name for one in found.problems]


def test_missing_file_is_a_problem(tmp_path):
    """A path that does not exist is told like any other fault."""
    found = load([tmp_path / "nope.yml"])
    assert ["cannot be read"] == [one.what.partition(":")[0] for one in found.problems]


def test_second_use_of_an_id_or_name_is_refused(tmp_path):
    """Ids and names are one space: a correlation could mean either."""
    write(tmp_path, "a.yml", RULE.format(title="A", id="same"))
    write(tmp_path, "b.yml", RULE.format(title="B", id="same"))
    write(tmp_path, "c.yml", RULE.format(title="C", id="c") + "name: same\n")
    found = load([tmp_path])
    assert ["A"] == [rule.card.title for rule in found.rules]
    assert ["id", "name"] == [one.field for one in found.problems]


def test_rule_without_id_gets_one_that_stays(tmp_path):
    """The derived id depends on the content and not on the file."""
    text = RULE.format(title="A", id="x").replace("id: x", "")
    write(tmp_path, "a.yml", text)
    first = load([tmp_path]).rules[0].card.id
    (tmp_path / "a.yml").rename(tmp_path / "b.yml")
    assert first == load([tmp_path]).rules[0].card.id
    assert 32 == len(first)


@pytest.mark.parametrize(
    ("expected", "extra"),
    [
        pytest.param("filter", "filter: {rules: [a]}", id="filter"),
        pytest.param("action", "action: global", id="collection"),
        pytest.param("level", "level: severe", id="level"),
        pytest.param("status", "status: new", id="status"),
        pytest.param("taxonomy", "taxonomy: mine", id="taxonomy"),
        pytest.param("taxonomy", "taxonomy: ecs", id="ecs-with-a-name-of-sigma"),
        pytest.param("tags", "tags: [1]", id="tags"),
        pytest.param("haidang.sentences", "haidang: {sentences: {}}", id="misspelt-own-key"),
        pytest.param("haidang.sentence.fr", "haidang: {sentence: {fr: a}}", id="language"),
        pytest.param("logsource.product", "logsource: {product: 5}", id="logsource"),
        pytest.param("logsource", "logsource: {definition: a}", id="empty-logsource"),
    ],
)
def test_document_with_a_fault_is_refused(tmp_path, expected, extra):
    """The problem names the field."""
    text = RULE.format(title="A", id="a")
    if extra.startswith("logsource"):
        text = text.replace("logsource: {category: webserver}", "")
    write(tmp_path, "a.yml", text + extra)
    found = load([tmp_path])
    assert () == found.rules
    assert expected in [one.field for one in found.problems]


def test_card_holds_what_people_are_shown(tmp_path):
    """Title, level, status, author, tags, false positives and our sentences."""
    more = (
        "level: high\nstatus: test\nauthor: Ai\ntags: [attack.t1110]\nfalsepositives: none\n"
        "haidang: {sentence: {vi: Có việc, en: Work}}\ncustom: {a: 1}\n"
    )
    write(tmp_path, "a.yml", RULE.format(title="A", id="a") + more)
    card = load([tmp_path]).rules[0].card
    assert ("a", "A", "high", "test", "Ai") == (
        card.name,
        card.title,
        card.level,
        card.status,
        card.author,
    )
    assert (("attack.t1110",), {"en": ("none",)}) == (card.tags, card.falsepositives)
    assert {"vi": "Có việc", "en": "Work"} == card.sentences


def test_any_edit_changes_hash_and_version(tmp_path):
    """Also one in a key that matching does not read; the order of keys is no edit."""
    write(tmp_path, "a.yml", RULE.format(title="A", id="a"))
    before = load([tmp_path])
    write(tmp_path, "a.yml", RULE.format(title="A", id="a") + "description: new\n")
    after = load([tmp_path])
    assert before.rules[0].card.hash != after.rules[0].card.hash
    assert before.version != after.version
    write(tmp_path, "a.yml", "id: a" + RULE.format(title="A", id="a").replace("id: a", ""))
    assert before.version == load([tmp_path]).version


def test_logsource_is_folded(tmp_path):
    """Log sources compare without regard to case."""
    text = RULE.format(title="A", id="a").replace("webserver", "WebServer")
    write(tmp_path, "a.yml", text)
    assert [LogSource(category="webserver")] == [rule.logsource for rule in load([tmp_path]).rules]


def test_fields_are_listed_once_with_referenced_ones(tmp_path):
    """Keywords are no field; the target of `fieldref` is one."""
    text = RULE.format(title="A", id="a").replace(
        "{a: x}", "[{a: x, b: y, a|re: z}, {c|fieldref: d}, keyword]"
    )
    write(tmp_path, "a.yml", text)
    assert [("a", "b", "c", "d")] == [rule.fields for rule in load([tmp_path]).rules]


def kinds(problems):
    """How many problems of each kind."""
    words = ("placeholder", "obsolete", "is missing", "must be text", "no search is named")
    return Counter(next((word for word in words if word in one.what), one.what) for one in problems)


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpus of rules is not here")
def test_public_rules_load_except_those_with_placeholders():
    """A rule whose placeholder nobody resolves must be refused; no other rule is."""
    found = load([CORPUS / folder for folder in ACTIVE])
    files = [file for folder in ACTIVE for file in (CORPUS / folder).rglob("*.yml")]
    refused = {one.file for one in found.problems}
    assert 3757 == len(files)
    assert {"placeholder"} == set(kinds(found.problems))
    assert len(files) == len(found.rules) + len(refused)
    assert (3755, 2) == (len(found.rules), len(refused))


@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpus of rules is not here")
def test_placeholder_rules_are_refused():
    """Every rule that loads from this folder uses no placeholder."""
    found = load([CORPUS / "rules-placeholder"])
    assert {"placeholder"} == set(kinds(found.problems))
    assert 23 == len(found.rules) + len({one.file for one in found.problems})
    assert 23 == len({one.file for one in found.problems})


@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpus of rules is not here")
def test_obsolete_rules_are_refused_with_a_reason():
    """The folder of unsupported rules: aggregations, `near` and collections."""
    found = load([CORPUS / "unsupported"])
    expected = {"obsolete": 59, "is missing": 5, "must be text": 5, "no search is named": 3}
    assert expected == kinds(found.problems)
    assert 87 == len(found.rules) + len({one.file for one in found.problems})
