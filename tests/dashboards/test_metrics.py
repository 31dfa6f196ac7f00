"""The text of `/metrics`: bounded whatever the logs say, and never lost whole."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from collectors.dataset import dataset_names
from dashboards.metrics import DROP_RULES, FAMILIES, MOST, OTHER, exposition, table
from haidang.errors import Unavailable

ROOT = Path(__file__).parents[2]
HOSTILE = [
    'x"} 1\nhaidang_fake_total 9\n',
    "10.20.3.9",
    "mc-db01.tinhmau.example",
    "UBND xã Bản Mẫu",
    "a" * 100_000,
    "\x00\ud800",
    "",
    *(f"value-{number}" for number in range(2000)),
]


def samples(parts, now=0):
    """Value by (sample name, label values), as Prometheus would read it."""
    text = exposition(parts, now).decode()
    return {
        (one.name, *one.labels.values()): one.value
        for family in parsed(text)
        for one in family.samples
    }


def part(*found):
    """A part that always has these samples."""
    return lambda _now: found


@pytest.mark.parametrize(
    "family", [one for one in FAMILIES if one.labels], ids=lambda one: one.name
)
def test_hostile_label_values_make_no_series(family):
    """Names that are no known ones are counted under `other`, and none is lost."""
    name = family.samples[0]
    width = len(family.labels_of(name))
    found = samples({"logs": part(*((name, (value,) * width, 1) for value in HOSTILE))})

    mine = {
        labels: value
        for (sample, *labels), value in (
            ((key[0], *key[1:]), value) for key, value in found.items()
        )
        if sample == name and "logs" not in labels
        for labels in [tuple(labels)]
    }
    assert len(HOSTILE) == sum(mine.values())
    assert len(mine) <= MOST + 1
    assert "haidang_fake_total" not in {key[0] for key in found}
    fixed = {"dataset", "severity", "mode", "reason", "state"} & {*family.labels}
    if fixed:
        assert {OTHER} == {value for labels in mine for value in labels}


def test_known_labels_stay_and_unknown_ones_are_added_up():
    """Two unknown data sets are one series."""
    name = "haidang_records_read_total"
    known = dataset_names()[0]
    found = samples({"a": part((name, (known,), 2), (name, ("x",), 3), (name, ("y",), 4))})

    assert (2, 7) == (found[name, known], found[name, OTHER])


def test_part_that_is_unavailable_costs_only_itself():
    """The others are there, and it is named."""

    def away(_now):
        yield "haidang_ticks_total", (), 1
        raise Unavailable("the state store is away")

    def gone(_now):
        raise PermissionError

    found = samples(
        {"state": away, "disk": gone, "records": part(("haidang_rules_failing", (), 3))}
    )

    errors = {key[1]: value for key, value in found.items() if key[0] == "haidang_scrape_errors"}
    assert {"state": 1, "disk": 1, "records": 0} == errors
    assert 3 == found["haidang_rules_failing",]


def test_families_are_named_as_prometheus_wants():
    """Counters end in `_total`, others do not; a unit where there is one; every one explained."""
    for family in FAMILIES:
        assert re.fullmatch(r"haidang_[a-z]+(_[a-z]+)*", family.name)
        assert (family.kind == "counter") == family.name.endswith("_total")
        assert family.help.endswith(".")
    assert len(FAMILIES) == len({one.name for one in FAMILIES})


def test_every_drop_rule_of_the_collectors_is_a_known_reason():
    """A new one must be named here, or it is counted as another."""
    code = "".join(file.read_text() for file in (ROOT / "collectors").rglob("*.py"))
    found = set(re.findall(r'(?<!raises )\bDropped\("([a-z-]+)"\)', code, re.IGNORECASE))
    found |= set(re.findall(r'dropped\["([a-z-]+)"\]', code))

    assert set(DROP_RULES) == found


def test_documentation_names_every_metric():
    """docs/metrics.md holds this table; copy it there when it changes."""
    assert table() in (ROOT / "docs/metrics.md").read_text("utf-8")
