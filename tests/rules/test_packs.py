"""Packs: each file is sound, and names rules of ours or of the public corpus."""

from pathlib import Path

import pytest

from haidang.errors import InputError
from rules.load import load
from rules.packs import PACKS_FOLDER, load_pack, pack_names, packs_by_rule

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "../shared/data/sigma-rules"
OURS = (ROOT / "rules/sigma", ROOT / "rules/correlation")


@pytest.mark.parametrize("name", pack_names())
def test_pack_says_what_it_is_for(name):
    """And has rules, each once."""
    pack = load_pack(name)

    assert pack.about
    assert pack.rules


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpus of rules is not here")
def test_every_id_of_every_pack_is_a_rule_worth_it():
    """High or critical, test or stable; a misspelt id would turn nothing on."""
    loaded = load([*OURS, CORPUS / "rules", CORPUS / "rules-emerging-threats"])
    cards = {one.card.id: one.card for one in (*loaded.rules, *loaded.correlations)}
    named = {rule for name in pack_names() for rule in load_pack(name).rules}

    assert set() == named - cards.keys()
    assert [] == [
        rule
        for rule in named
        if cards[rule].level not in {"high", "critical"}
        or cards[rule].status not in {"test", "stable"}
    ]


def test_pack_with_faults_names_them_all(tmp_path):
    """With file, line and field, like every file that people write."""
    (tmp_path / "a.yml").write_text("about: a\nrules: [x, x]\nother: 1\n", "utf-8")

    with pytest.raises(InputError) as caught:
        load_pack("a", tmp_path)
    assert [("rules", 2), ("other", 3)] == [(one.field, one.line) for one in caught.value.problems]


def test_unknown_pack_is_refused_with_what_is_known():
    """A typing mistake turns nothing on in silence."""
    with pytest.raises(InputError, match=r"webb: packs: no such pack; known: day-one, "):
        load_pack("webb")
    assert PACKS_FOLDER.is_dir()


def test_rule_may_be_in_several_packs():
    """The reason names all of them."""
    packs = [load_pack("web"), load_pack("linux-server")]
    both = next(iter(packs[0].rules & packs[1].rules))

    assert ("web", "linux-server") == packs_by_rule(packs)[both]
