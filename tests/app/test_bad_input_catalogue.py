"""Every input of the catalogue ends as one line with its place, everywhere where YAML is read."""

import os
import time
from pathlib import Path

import pytest

from app import config
from collectors.dataset_file import read_definition
from haidang.errors import InputError
from haidang.store.inventory import Inventory
from rules.load import load
from tests.support.bad_input import CATALOGUE, RULE
from tests.support.site import ATTACK, INPUT, counts

PAGE = Path(__file__).parents[2] / "docs/bad-input.md"
PLACES = {"inventory": Inventory.load, "configuration": config.load, "data set": read_definition}
SECONDS = 20.0  # of work for four readers, by far; memory is bounded by the same limits


def said_of(one, path):
    """The line that tells of it."""
    return f"{path}:{one.line}: {one.said}" if one.line else f"{path}: {one.said}"


def case(one):
    """A parameter; what is large takes its time."""
    return pytest.param(one, id=one.what, marks=[pytest.mark.slow] if one.large else [])


@pytest.mark.parametrize("one", [case(one) for one in CATALOGUE])
def test_bad_yaml_is_one_line_with_its_place(one, tmp_path):
    """The same words for every kind of file; a good rule beside a bad one still loads."""
    path = tmp_path / "bad.yml"
    one.make(path)
    (tmp_path / "good.yml").write_text(RULE, "utf-8")
    start = time.process_time()
    loaded = load([tmp_path])
    found = {"rules": [str(problem) for problem in loaded.problems]}
    for name, read in list(PLACES.items())[: 1 if one.large else None]:
        with pytest.raises(InputError) as caught:
            read(path)
        found[name] = str(caught.value).splitlines()
    work = time.process_time() - start

    for name, said in found.items():
        assert 1 == len(said), (name, said)
        assert said[0].startswith(said_of(one, path)), name
    assert ["Everything"] == [rule.card.title for rule in loaded.rules]
    assert work < SECONDS


def test_decomposed_vietnamese_is_no_mistake(tmp_path):
    """A Mac writes ệ as three characters: the rule loads, and matches as if it were one."""
    text = RULE.replace("GET", "'Đăng nhập: thất bại'").replace("ậ", "a\u0323\u0302")
    (tmp_path / "rule.yml").write_text(text, "utf-8")
    loaded = load([tmp_path])
    assert ((), 1) == (loaded.problems, len(loaded.rules))


@pytest.mark.parametrize("place", PLACES)
def test_a_rule_in_the_wrong_place_is_told_by_its_keys(place, tmp_path):
    """What it would have to say is listed."""
    path = tmp_path / "rule.yml"
    path.write_text(RULE, "utf-8")
    with pytest.raises(InputError) as caught:
        PLACES[place](path)
    assert f"{path}:1: title: unknown key; known here: " in str(caught.value)


@pytest.mark.slow
def test_a_folder_of_bad_rules_stops_nobody(haidang, site, tmp_path):
    """All of the catalogue at once, loops and a pipe beside it; the good rule still fires."""
    file = site(tmp_path, INPUT, rules=["more"])
    (tmp_path / "logs/a.log").write_bytes(ATTACK)
    more = tmp_path / "more"
    more.mkdir()
    (more / "good.yml").write_text(RULE, "utf-8")
    (more / "loop").symlink_to(more, target_is_directory=True)
    os.mkfifo(more / "pipe.yml")
    places = [(one, more / f"bad-{number}.yml") for number, one in enumerate(CATALOGUE)]
    for one, path in places:
        one.make(path)
    collected = haidang("collect", "--once", "--config", file)
    ran = haidang("correlate", "--once", "--config", file)

    wanted = {
        f"rule left out: {said_of(one, more / f'bad-{n}.yml')}" for n, one in enumerate(CATALOGUE)
    }
    wanted.add(f"rule left out: {more}/pipe.yml: is not a file")
    said = [line for line in ran.err.splitlines() if f"{more}" in line]
    assert len(wanted) == len(said)
    assert not [one for one in wanted if not any(line.startswith(one) for line in said)]
    assert (0, 0, True) == (collected.code, ran.code, ran.clean)
    assert 2 == counts(ran.out)["alerts"]


def test_the_page_lists_the_catalogue():
    """`HAIDANG_WRITE=1` writes its table anew."""
    rows = ["| input | what is said |", "|---|---|"]
    rows += [f"| {one.what} | `{said_of(one, 'FILE')}` |" for one in CATALOGUE]
    table = "\n".join(rows) + "\n"
    before, mark, rest = PAGE.read_text("utf-8").partition("<!-- catalogue -->\n")
    after = rest.partition("<!-- end -->")[2]
    page = f"{before}{mark}{table}<!-- end -->{after}"
    if os.environ.get("HAIDANG_WRITE"):
        PAGE.write_text(page, "utf-8")
    assert page == PAGE.read_text("utf-8")
