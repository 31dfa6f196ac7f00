"""Every problem of an inventory file, at once, with its line."""

import pytest

from haidang.errors import InputError
from haidang.store.inventory import Inventory
from haidang.yamldoc import parse

GOOD = {
    "units": "{id: a, name: A}",
    "zones": "{id: z, name: Z}",
    "systems": "{id: s, name: S, level: 3, kind: web-server, operator: a, owner: a}",
    "networks": "{cidr: 10.0.0.0/8, zone: z, unit: a}",
    "hosts": "{name: h, zone: z, system: s, addresses: [10.0.0.1]}",
    "mail_domains": "{domain: a.example, unit: a}",
    "api_keys": "{key: k, unit: a}",
}


def inventory_of(**changed):
    """Load an inventory of one good entry a section, some of them replaced."""
    lines = [f"{section}: [{entry}]" for section, entry in {**GOOD, **changed}.items()]
    (document,) = parse("\n".join(lines).encode(), "i.yml")
    return Inventory.of(document)


def problems_of(**changed):
    """Return the problems of such an inventory as text."""
    with pytest.raises(InputError) as caught:
        inventory_of(**changed)
    return [str(problem) for problem in caught.value.problems]


def test_good_entries_of_all_sections_load():
    """The entries that the other tests change are good themselves."""
    assert 3 == inventory_of().records.systems[0].level


@pytest.mark.parametrize("section", GOOD)
def test_unknown_key_is_a_problem(section):
    """A misspelt key must not be silent."""
    (problem,) = problems_of(**{section: GOOD[section].replace("}", ", untill: 2026-01-01}")})
    assert f"{section}.0.untill: unknown key; known here: " in problem


@pytest.mark.parametrize("section", [name for name in GOOD if name != "zones"])
def test_last_day_before_the_first_is_a_problem(section):
    """A claim that never holds is a mistake."""
    dates = ", from: 2026-01-02, until: 2026-01-01}"
    (problem,) = problems_of(**{section: GOOD[section].replace("}", dates)})
    assert problem.endswith(f"{section}.0.until: is before from (2026-01-02)")


@pytest.mark.parametrize(
    ("expected", "section", "entry"),
    [
        pytest.param("units.0.name: is missing", "units", "{id: a}", id="missing"),
        pytest.param("units.0.name: must not be blank", "units", "{id: a, name: ' '}", id="blank"),
        pytest.param(
            "units.1.id: must be text, not a whole number",
            "units",
            "{id: a, name: A}, {id: 7, name: B}",
            id="number-as-id",
        ),
        pytest.param(
            "units.1.id: must be 1 to 64 of the letters A-Z a-z 0-9 . _ - and begin with one",
            "units",
            "{id: a, name: A}, {id: a/b, name: A}",
            id="id-with-slash",
        ),
        pytest.param("units.1: must be a mapping", "units", "{id: a, name: A}, b", id="no-mapping"),
        pytest.param(
            "units.1.id: a is there twice; first in line 1",
            "units",
            "{id: a, name: A}, {id: a, name: B}",
            id="unit-twice",
        ),
        pytest.param(
            "units.0.from: must be a day such as 2025-07-01",
            "units",
            "{id: a, name: A, from: 01/07/2025}",
            id="day-in-another-form",
        ),
        pytest.param(
            "units.0.from: must be a day such as 2025-07-01",
            "units",
            "{id: a, name: A, from: 2025-07-01 10:00:00}",
            id="time-of-day",
        ),
        pytest.param(
            "systems.0.level: must be 1 to 5, not 6",
            "systems",
            GOOD["systems"].replace("3", "6"),
            id="level",
        ),
        pytest.param(
            "systems.0.operator: b is not the id of a unit of this file",
            "systems",
            GOOD["systems"].replace("operator: a", "operator: b"),
            id="unknown-unit",
        ),
        pytest.param(
            "systems.0.users.1: b is not the id of a unit of this file",
            "systems",
            GOOD["systems"].replace("}", ", users: [a, {unit: b}]}"),
            id="unknown-user",
        ),
        pytest.param(
            "systems.0.sections.hoi-dap: must begin with / (a URL path)",
            "systems",
            GOOD["systems"].replace("}", ", sections: {hoi-dap: Hỏi đáp}}"),
            id="section-without-slash",
        ),
        pytest.param(
            "systems.0.sections./a: must be the section's name",
            "systems",
            GOOD["systems"].replace("}", ", sections: {/a: }}"),
            id="section-no-name",
        ),
        pytest.param(
            "networks.0.cidr: is not a network such as 10.1.0.0/16 (bits outside the mask are set)",
            "networks",
            "{cidr: 10.1.2.3/16, zone: z, unit: a}",
            id="host-bits",
        ),
        pytest.param(
            "networks.0.cidr: is not a network such as 10.1.0.0/16",
            "networks",
            "{cidr: 10.1.x, zone: z, unit: a}",
            id="no-network",
        ),
        pytest.param(
            "networks.0.zone: y is not the id of a zone of this file",
            "networks",
            "{cidr: 10.1.0.0/16, zone: y, unit: a}",
            id="unknown-zone",
        ),
        pytest.param(
            "hosts.0.system: x is not the id of a system of this file",
            "hosts",
            "{name: h, zone: z, system: x}",
            id="unknown-system",
        ),
        pytest.param(
            "hosts.0.system: is missing: a host belongs to a system, a unit or both",
            "hosts",
            "{name: h, zone: z}",
            id="nobody's-host",
        ),
        pytest.param(
            "hosts.0.addresses.1: is not an IP address",
            "hosts",
            "{name: h, zone: z, unit: a, addresses: [10.0.0.1, 10.0.0.999]}",
            id="address",
        ),
        pytest.param(
            "mail_domains.0.domain: is not a mail domain such as so-a.example",
            "mail_domains",
            "{domain: '@a.example', unit: a}",
            id="domain",
        ),
    ],
)
def test_wrong_value_is_a_problem_at_its_place(expected, section, entry):
    """File, line, field, and what to write instead."""
    line = list(GOOD).index(section) + 1
    assert [f"i.yml:{line}: {expected}"] == problems_of(**{section: entry})


def test_unknown_kind_lists_the_known_ones():
    """The person picks a word instead of guessing."""
    (problem,) = problems_of(systems=GOOD["systems"].replace("web-server", "webserver"))
    assert "unknown kind webserver; known: antivirus-server, " in problem
    assert problem.endswith(", web-server")


def test_all_problems_come_at_once_with_their_lines():
    """One run of the command shows all that must be mended."""
    text = """\
units:
  - id: a
    name: 5
    until: 2026-01-01
hosts:
  - name: h
    zone: z
    unit: a
kinds: {}
"""
    (document,) = parse(text.encode(), "i.yml")
    with pytest.raises(InputError) as caught:
        Inventory.of(document)
    found = [(problem.line, problem.field) for problem in caught.value.problems]
    assert [(3, "units.0.name"), (7, "hosts.0.zone"), (9, "kinds")] == found


@pytest.mark.parametrize("text", ["[]", "abc", "7"])
def test_file_that_is_no_mapping_is_one_problem(text):
    """A list or a word is no inventory."""
    (document,) = parse(text.encode(), "i.yml")
    with pytest.raises(InputError, match="must be a mapping with units, zones"):
        Inventory.of(document)


def test_empty_sections_are_lists_of_nothing():
    """A key without a value is what a person leaves behind who deleted its entries."""
    (document,) = parse(b"units:\nzones: []\n", "i.yml")
    assert () == Inventory.of(document).records.units
