"""The commented configuration: complete, current, usable as it is and with every line of it."""

import dataclasses
import re
from pathlib import Path

import pytest

from app import config, example, settings
from app.settings import Config
from haidang.store.inventory import Inventory

ROOT = Path(__file__).parents[2]
TEXT = example.build()


def load(folder, text):
    """The settings of this text."""
    file = folder / "haidang.yml"
    file.write_text(text, "utf-8")
    return config.load(file)


def uncommented(text):
    """The text with every setting made that is not."""
    outer = re.sub(r"^#(?! \S)", "", text, flags=re.MULTILINE)
    return re.sub(r"^( +)#(?=\w)", r"\1", outer, flags=re.MULTILINE)


def test_example_is_current():
    """docs/haidang.yml is what `python -m app.example` writes now."""
    assert TEXT == (ROOT / "docs/haidang.yml").read_text("utf-8")


def test_example_names_every_setting_with_its_meaning():
    """No key is left out, and no line is longer than the code's own."""
    kinds = [one for one in vars(settings).values() if dataclasses.is_dataclass(one)]
    names = [one.name for kind in kinds for one in dataclasses.fields(kind) if one.metadata]
    lines = TEXT.splitlines()

    assert len(names) > 30
    assert [] == [one for one in names if not re.search(rf"^[# -]*{one}: ?", TEXT, re.MULTILINE)]
    assert [] == [line for line in lines if len(line) > 100]


def test_every_setting_without_a_default_has_an_example():
    """A key shown as `None` or as nothing would teach nobody; only sections stand alone."""
    alone = re.findall(r"^[#\s-]*(\w+): ?(?:None|\(\)|)$", TEXT, re.MULTILINE)

    assert {"elasticsearch", "postgresql", "console", "rule_modes", "inputs"} == set(alone)


def test_example_is_usable_as_it_is(tmp_path):
    """One input, everything else by default."""
    found = load(tmp_path, TEXT)
    [one] = found.inputs

    assert Config(tmp_path / "data", tmp_path / "inventory.yml", inputs=(one,)) == found
    assert ("web", "nginx.access", "ttdl") == (one.name, one.dataset, one.operator)


def test_inventory_of_the_example_is_the_one_of_compose_and_knows_its_unit():
    """The two examples fit together."""
    records = Inventory.load(example.INVENTORY).records

    assert "ttdl" in {one.id for one in records.units} & {one.id for one in records.zones}
    assert (ROOT / "deploy/inventory.yml").read_text("utf-8") == example.INVENTORY.read_text(
        "utf-8"
    )


@pytest.mark.parametrize("profile", ["embedded", "cluster"])
def test_every_setting_can_be_made_by_removing_its_mark(tmp_path, profile):
    """Uncommented, each line is read: the defaults change nothing, the examples arrive."""
    text = uncommented(TEXT).replace("profile: embedded", f"profile: {profile}")
    for name in ("memory_limit", "threads") if profile == "cluster" else ():
        text = re.sub(rf"^{name}:", f"#{name}:", text, flags=re.MULTILINE)
    for name in ("elasticsearch", "postgresql") if profile == "embedded" else ():
        text = re.sub(rf"^{name}:\n(  .*\n)+", "", text, flags=re.MULTILINE)
    text = re.sub(r"^    (tag|set): .*\n", "", text, flags=re.MULTILINE)
    found = load(tmp_path, text)
    made = load(tmp_path, TEXT)
    kept = ("interval_secs", "allowance_secs", "rule_days", "memory_limit", "threads")

    assert profile == found.profile
    assert [getattr(made, name) for name in kept] == [getattr(found, name) for name in kept]
    assert "DỮ LIỆU MÔ PHỎNG" == found.console.banner
    assert 2026 == found.rule_modes[0].until.year
    assert ("web01", 400) == (found.inputs[0].host, found.inputs[0].max_behind_days)
    if profile == "cluster":
        assert ("haidang", "haidang_owner") == (found.elasticsearch.user, found.postgresql.owner)
