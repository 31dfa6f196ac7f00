"""What must agree between the records of an inventory."""

import pytest

from haidang.errors import InputError
from haidang.store.inventory import Inventory
from haidang.yamldoc import parse

BASE = """\
zones: [{id: z, name: Z}, {id: y, name: Y}]
systems: [{id: s, name: S, level: 1, kind: lgsp, operator: a, owner: a}]
units:
- {id: a, name: A}
- {id: b, name: B}
"""


def problems_of(text):
    """Return "line: what" for each problem of the base and this text."""
    (document,) = parse((BASE + text).encode(), "i.yml")
    try:
        Inventory.of(document)
    except InputError as error:
        return [f"{problem.line}: {problem.what}" for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(
            "9: the name h in zone z is claimed for the same days in line 7",
            "hosts:\n- {name: h, zone: z, unit: a}\n- {name: i, zone: z, unit: a}\n"
            "- {name: H, zone: z, unit: b}\n",
            id="host-name",
        ),
        pytest.param(
            "8: the name x in zone z is claimed for the same days in line 7",
            "hosts:\n- {name: h, zone: z, unit: a, aliases: [x]}\n- {name: x, zone: z, unit: a}\n",
            id="alias",
        ),
        pytest.param(
            "8: the address z/10.0.0.1 is claimed for the same days in line 7",
            "hosts:\n- {name: h, zone: z, unit: a, addresses: [10.0.0.1]}\n"
            "- {name: i, zone: z, unit: b, addresses: ['::ffff:10.0.0.1']}\n",
            id="private-address",
        ),
        pytest.param(
            "8: the address 203.0.113.1 is claimed for the same days in line 7",
            "hosts:\n- {name: h, zone: z, unit: a, addresses: [203.0.113.1]}\n"
            "- {name: i, zone: y, unit: b, addresses: [203.0.113.1]}\n",
            id="public-address-in-two-zones",
        ),
        pytest.param(
            "8: the network 10.0.0.0/8 in zone z is claimed for the same days in line 7",
            "networks:\n- {cidr: 10.0.0.0/8, zone: z, unit: a}\n"
            "- {cidr: 10.0.0.0/8, zone: z, unit: b}\n",
            id="private-network",
        ),
        pytest.param(
            "8: the network 203.0.113.0/24 is claimed for the same days in line 7",
            "networks:\n- {cidr: 203.0.113.0/24, zone: z, unit: a}\n"
            "- {cidr: 203.0.113.0/24, zone: y, unit: b}\n",
            id="public-network-in-two-zones",
        ),
        pytest.param(
            "8: the mail domain a.example is claimed for the same days in line 7",
            "mail_domains:\n- {domain: a.example, unit: a}\n- {domain: A.example., unit: b}\n",
            id="mail-domain",
        ),
        pytest.param(
            "8: the key k is claimed for the same days in line 7",
            "api_keys:\n- {key: k, unit: a, until: 2026-01-01}\n"
            "- {key: k, unit: b, from: 2026-01-01}\n",
            id="key-on-one-day",
        ),
        pytest.param(
            "9: the key k is claimed for the same days in line 7",
            "api_keys:\n- {key: k, unit: a}\n- {key: j, unit: a}\n"
            "- {key: k, unit: b, from: 2026-01-01, until: 2026-01-01}\n",
            id="key-inside",
        ),
    ],
)
def test_two_claims_on_one_thing_at_one_time_are_a_problem(expected, text):
    """Whose an event is must have one answer."""
    assert [expected] == problems_of(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "networks:\n- {cidr: 10.0.0.0/8, zone: z, unit: a}\n"
            "- {cidr: 10.0.0.0/8, zone: y, unit: b}\n- {cidr: 10.0.0.0/9, zone: z, unit: b}\n",
            id="private-network-in-two-zones",
        ),
        pytest.param(
            "api_keys:\n- {key: k, unit: a, until: 2025-12-31}\n"
            "- {key: k, unit: b, from: 2026-01-01}\n",
            id="one-after-the-other",
        ),
        pytest.param(
            "hosts:\n- {name: h, zone: z, unit: a, addresses: [10.0.0.1]}\n"
            "- {name: h, zone: y, unit: b, addresses: [10.0.0.1]}\n",
            id="host-in-two-zones",
        ),
    ],
)
def test_claims_that_do_not_meet_are_no_problem(text):
    """Zones and days keep them apart."""
    assert [] == problems_of(text)


def test_each_further_claim_inside_a_long_one_is_a_problem():
    """A short claim between does not hide the next."""
    text = (
        "api_keys:\n- {key: k, unit: a}\n"
        "- {key: k, unit: b, from: 2026-01-01, until: 2026-01-01}\n"
        "- {key: k, unit: b, from: 2026-02-01, until: 2026-02-01}\n"
    )
    assert [8, 9] == [int(problem.partition(":")[0]) for problem in problems_of(text)]


@pytest.mark.parametrize(
    ("expected", "units"),
    [
        pytest.param(
            [],
            "- {id: c, name: C, until: 2025-06-30, successors: [d]}\n"
            "- {id: d, name: D, predecessors: [c]}\n",
            id="good",
        ),
        pytest.param(
            ["6: b does not name c as one of its predecessors"],
            "- {id: c, name: C, until: 2025-06-30, successors: [b]}\n",
            id="successor",
        ),
        pytest.param(
            ["6: b does not name c as one of its successors"],
            "- {id: c, name: C, predecessors: [b]}\n",
            id="predecessor",
        ),
        pytest.param(
            ["6: is missing: a unit with successors has a last day"],
            "- {id: c, name: C, successors: [d]}\n- {id: d, name: D, predecessors: [c]}\n",
            id="no-last-day",
        ),
        pytest.param(
            ["6: c would succeed itself", "7: d would succeed itself"],
            "- {id: c, name: C, until: 2025-06-30, successors: [d], predecessors: [d]}\n"
            "- {id: d, name: D, until: 2025-07-30, successors: [c], predecessors: [c]}\n",
            id="circle",
        ),
    ],
)
def test_succession_is_told_the_same_from_both_sides(expected, units):
    """Routing follows successors; a circle or a forgotten side would lose notices."""
    assert expected == problems_of(units)
