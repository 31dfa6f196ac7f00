"""The pattern that tells a rule without a sentence; and the patterns themselves."""

import re
import unicodedata

import pytest

from alerts.attack import tactic_keys, technique_ids
from alerts.template import Reference, check_template, parse_template, references
from alerts.why import LAST_KIND, _patterns, choose

PROCESS = {"haidang": {"logsource": [{"product": "windows"}, {"category": "process_creation"}]}}
LANGUAGES = ("vi", "en")


def templates():
    """Every template of the file with the language it is in."""
    written = _patterns()
    for language in LANGUAGES:
        yield from ((language, text) for text in written["place"][language])
        yield language, written["many"][language]
        yield language, written["untagged"][language]
        for kind in written["kinds"]:
            yield from ((language, text) for text in kind[language])
        for meaning in written["meanings"]:
            yield language, meaning[language]


@pytest.mark.parametrize(
    ("tags", "by", "meaning"),
    [
        pytest.param(["attack.execution", "attack.t1059.001"], "technique", "PowerShell", id="own"),
        pytest.param(["attack.t1059.003"], "parent technique", "scripts and commands", id="parent"),
        pytest.param(
            ["attack.t1003.001", "attack.t1105"], "technique", "tools brought in", id="exact first"
        ),
        pytest.param(["attack.exfiltration"], "tactic", "data carried out", id="tactic"),
        pytest.param(["attack.t1127.001", "attack.impact"], "parent technique", "borrowed programs",
                     id="technique before tactic"),
        pytest.param(["attack.g0016", "cve.2021-44228"], "kind of log", "untagged", id="no tag"),
    ],
)  # fmt: skip
def test_meaning_follows_the_tags(tags, by, meaning):
    """Exact technique, parent, tactic; without any the kind of log must do."""
    chosen = choose(tags, PROCESS)
    assert (by, meaning, "process") == (chosen.by, chosen.meaning, chosen.kind)


def test_the_last_resort_is_named():
    """No tag, and a log of no known kind."""
    chosen = choose([], {})
    assert ("last resort", "untagged", LAST_KIND) == (chosen.by, chosen.meaning, chosen.kind)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        pytest.param({"event": {"category": ["web"]}}, "web", id="ECS category"),
        pytest.param({"event": {"code": 7045}}, "service", id="a number as text"),
        pytest.param(
            {**PROCESS, "event": {"category": ["file"]}}, "process", id="log source before category"
        ),
        pytest.param({"event": {"category": ["nothing"]}}, LAST_KIND, id="unknown"),
    ],
)
def test_kind_follows_the_event(event, kind):
    """By Sigma's log source, the event's code, or ECS's category."""
    assert kind == choose([], event).kind


def test_every_template_is_right():
    """No template holds a mistake, names a rule, or is not NFC."""
    found = list(templates())
    assert len(found) > 100
    assert [] == [(text, check_template(text, set())) for _, text in found if check_template(text)]
    assert [] == [text for _, text in found if unicodedata.normalize("NFC", text) != text]


def test_languages_tell_the_same_facts():
    """What is said in Vietnamese is said in English too."""
    for kind in _patterns()["kinds"]:
        facts = [
            {
                one.path
                for text in kind[language]
                for one in references(parse_template(text))
                if isinstance(one, Reference)
            }
            for language in LANGUAGES
        ]
        assert facts[0] == facts[1], kind["name"]


def test_meanings_name_only_known_tags_and_each_once():
    """A tag in two meanings, or one that no rule can carry, is a mistake of ours."""
    tags = [tag for meaning in _patterns()["meanings"] for tag in meaning["tags"]]
    assert len(tags) == len(set(tags))
    known = [
        bool(technique_ids([f"attack.{tag}"]) or tactic_keys([f"attack.{tag}"])) for tag in tags
    ]
    assert all(known)
    assert 25 <= len(_patterns()["meanings"])


def test_every_tactic_has_a_meaning():
    """So a rule with any tag of ATT&CK's tactics is told by it."""
    for line in ("initial-access", "execution", "persistence", "privilege-escalation", "stealth",
                 "defense-impairment", "defense-evasion", "credential-access", "discovery",
                 "lateral-movement", "collection", "command-and-control", "exfiltration", "impact",
                 "reconnaissance", "resource-development"):  # fmt: skip
        assert "tactic" == choose([f"attack.{line}"], {}).by


def test_no_word_of_the_law_is_used():
    """`nghiêm trọng`, `sự cố` and `chứng cứ` start legal clocks and procedures."""
    said = " ".join(text for _, text in templates()).casefold()
    assert [] == re.findall("nghiêm trọng|chứng cứ|sự cố", said)
