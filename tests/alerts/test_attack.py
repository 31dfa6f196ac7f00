"""Names of ATT&CK for the tags that rules carry."""

import re
from pathlib import Path

import pytest

from alerts.attack import TABLE, tactic, tactic_keys, technique_ids, technique_name

RULES = Path(__file__).parents[3] / "shared" / "data" / "sigma-rules"
TAGS = ("attack.t1059.001", "attack.Execution", "attack.command_and_control", "cve.2021-44228")


def test_techniques_and_tactics_are_found_among_tags():
    """However they are written; what is none of them is left out."""
    assert ("T1059.001",) == technique_ids((*TAGS, "attack.t1059.001", "attack.t9999", "t1110"))
    assert ("execution", "command-and-control") == tactic_keys((*TAGS, "attack.g0016"))


def test_a_sub_technique_is_named_after_its_technique():
    """`LSASS Memory` alone says nothing."""
    assert "OS Credential Dumping: LSASS Memory" == technique_name("T1003.001")
    assert "Brute Force" == technique_name("T1110")


def test_a_tactic_has_a_name_in_both_languages():
    """The one that attackers begin with."""
    found = tactic("initial-access")
    assert ("TA0001", "Xâm nhập ban đầu") == (found.id, found.names["vi"])


def test_table_is_whole():
    """Every line is a tactic, a technique or a comment; the notice of MITRE's licence is there."""
    lines = TABLE.read_text("utf-8").splitlines()
    assert "The MITRE Corporation" in " ".join(lines[:4])
    for line in lines:
        assert re.fullmatch(r"#.*|TA\d{4}\t[a-z-]+\t[^\t]+\t[^\t]+|T\d{4}(\.\d{3})?\t[^\t]+", line)
    ids = [line.split("\t")[0] for line in lines if line.startswith("T1")]
    assert len(ids) == len(set(ids)) > 700


def test_every_technique_of_sigmahq_has_a_name():
    """Also those that ATT&CK has retired since the rule was written."""
    if not RULES.exists():
        pytest.skip(f"{RULES} is absent: no public rule's tags were looked up")
    pattern = re.compile(r"attack\.t\d{4}(?:\.\d{3})?", re.IGNORECASE)
    tags = {
        tag for file in RULES.rglob("*.yml") for tag in pattern.findall(file.read_text("utf-8"))
    }
    assert len(tags) > 300
    assert set() == {tag for tag in tags if not technique_ids([tag])}
