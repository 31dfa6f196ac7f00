"""The correlations of the Sigma specification and of a public set load, fire, and stay silent."""

import re
from pathlib import Path

import pytest

from correlator.match import Engine, match_events
from haidang.model.event import encode
from haidang.model.instant import SECOND
from rules.fields import load_fields
from rules.load import load
from tests.support.correlation import run
from tests.support.feed import NOON, event

DATA = Path(__file__).parents[3] / "shared" / "data"
SPEC = DATA / "sigma-spec"
EXAMPLES = SPEC / "tests" / "schema" / "correlation"
TEXT = SPEC / "specification" / "sigma-correlation-rules-specification.md"
HAYABUSA = DATA / "hayabusa-correlation-rules"

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the shared data is not here")

WINDOWS = {"category": "webserver", "product": "windows", "service": "security"}
LEAF = """
title: {0}
id: {0}
logsource: {{category: webserver}}
detection: {{s: {{Probe: {0}}}, condition: s}}
"""
FAILED = "5638f7c0-ac70-491d-8465-2a65075e0d86"
RECON = ("recon_cmd_a", "recon_cmd_b", "recon_cmd_c")
AGENT = {"SourceIP": "203.0.113.7", "User": "an"}
LOGON = {
    "Channel": "Security",
    "EventID": 4625,
    "IpAddress": "203.0.113.7",
    "Computer": "MAY-01",
    "LogonType": 3,
    "TargetUserName": "an",
    "TargetDomainName": "BM",
    "ProcessName": "-",
    "LogonProcessName": "NtLmSsp",
    "WorkstationName": "MAY-02",
}


def fired(rules, rows):
    """The names or ids of the correlations that fire; rows are (second, fields)."""
    assert [] == [one for one in rules.problems if "correlation" in one.field]
    engine = Engine.of(rules, load_fields().as_written())
    events = [
        event(
            number,
            at=NOON + second * SECOND,
            ecs=encode({**fields, "haidang": {"logsource": [WINDOWS]}}),
        )
        for number, (second, fields) in enumerate(rows)
    ]
    matches, poison = match_events(engine, events)
    assert [] == poison
    _opened, found = run(engine.plan, [matches], closing=NOON * 2)
    return {one.card.name for one in found if len(one.members) > 1}


def probes(name, count, fields=(), each=None, step=1):
    """So many events of a rule; `each` names a field that is different in each."""
    return [
        (step * n, {"Probe": name, **dict(fields), **({each: f"v{n}"} if each else {})})
        for n in range(count)
    ]


def numbers(name, field, *values):
    """Events of a rule with these values of a field."""
    return [(n, {"Probe": name, **AGENT, field: one}) for n, one in enumerate(values)]


def recon(*names):
    """Reconnaissance commands of one user on one machine."""
    fields = {"ComputerName": "MAY-01", "User": "an"}
    return [(n, {"Probe": name, **fields}) for n, name in enumerate(names)]


PAIR = {"ComputerName": "MAY-01", "WorkstationName": "MAY-02"}
CASES = {
    "event_count": (
        probes(FAILED, 100, {"ComputerName": "MAY-01"}),
        probes(FAILED, 99, {"ComputerName": "MAY-01"}),
    ),
    "event_count_ecs": (
        probes(FAILED, 100, {"dns.question.name": "example.com"}),
        probes(FAILED, 100, {"dns.question.name": "example.com"}, step=60),
    ),
    "value_count": (
        probes(FAILED, 100, PAIR, "User"),
        probes(FAILED, 99, PAIR, "User") + probes(FAILED, 9, {**PAIR, "User": "v1"}),
    ),
    "value_sum": (
        numbers("website_access", "bytes_sent", 600_000, "400001"),
        numbers("website_access", "bytes_sent", 600_000, "400000", "nhiều"),
    ),
    "value_avg": (
        numbers("rule_a_id", "BytesOut", 400, 601),
        numbers("rule_a_id", "BytesOut", 499, 500),
    ),
    "value_percentile": (
        [(n, {"Probe": "process_creation", "ComputerName": "M", "Image": n}) for n in range(3)],
        [(n, {"Probe": "process_creation", "ComputerName": "M", "Image": "x"}) for n in range(3)],
    ),
    "temporal": (recon(*reversed(RECON)), recon(*RECON[:2])),
    "temporal_ordered": (recon(*RECON), recon(*reversed(RECON))),
}


@pytest.mark.parametrize("name", CASES)
def test_examples_of_the_specification_fire_and_stay_silent(tmp_path, name):
    """Each with the events it is about, and not with one too few or in the wrong order."""
    leaves = (FAILED, *RECON, "website_access", "rule_a_id", "process_creation")
    (tmp_path / "leaves.yml").write_text("---".join(map(LEAF.format, leaves)), encoding="utf-8")
    rules = load([tmp_path, EXAMPLES / f"{name}.yml"])
    (correlation,) = rules.correlations
    enough, too_little = CASES[name]

    assert {correlation.card.name} == fired(rules, enough)
    assert set() == fired(rules, too_little)


def test_every_example_of_the_specification_is_tried():
    """A new file of that folder asks for a case."""
    assert sorted(CASES) == sorted(file.stem for file in EXAMPLES.glob("*.yml"))


def test_the_chained_example_of_the_specification_fires(tmp_path):
    """Ten failed logons, then a good one; not the good one first."""
    blocks = re.findall(r"```ya?ml\n(.*?)```", TEXT.read_text(encoding="utf-8"), re.DOTALL)
    (whole,) = [block for block in blocks if "\n---\n" in block]
    (tmp_path / "r.yml").write_text(whole, encoding="utf-8")
    rules = load([tmp_path])
    failed = [(n, {"EventID": 4625, "User": "an"}) for n in range(10)]
    good = {"EventID": 4624, "User": "an"}

    assert 1 == len(fired(rules, [*failed, (20, good)]))
    assert set() == fired(rules, [(0, good), *failed])
    assert set() == fired(rules, [*failed[1:], (20, good)])


def test_the_note_of_the_specification_on_group_by_holds(tmp_path):
    """The inner correlation groups by machine, the outer one by user alone."""
    inner = (EXAMPLES / "event_count.yml").read_text(encoding="utf-8")
    outer = """
title: Outer
name: outer
correlation:
    type: temporal_ordered
    rules: [0e95725d-7320-415d-80f7-004da920fc11, successful_login]
    group-by: [User]
    timespan: 1h
"""
    documents = [LEAF.format(FAILED), LEAF.format("successful_login"), inner, outer]
    (tmp_path / "r.yml").write_text("\n---\n".join(documents), encoding="utf-8")
    failed = probes(FAILED, 100, {"ComputerName": "MAY-01", "User": "an"})
    good = {"Probe": "successful_login", "ComputerName": "MAY-09"}

    assert {"outer"} == fired(load([tmp_path]), [*failed, (200, {**good, "User": "an"})])
    assert set() == fired(load([tmp_path]), [*failed, (200, {**good, "User": "bình"})])


def test_the_aliases_of_the_specification_join_two_directions(tmp_path):
    """What is destination in one event is source in the other."""
    documents = [LEAF.format("internal_error"), LEAF.format("new_network_connection")]
    blocks = re.findall(r"```ya?ml\n(.*?)```", TEXT.read_text(encoding="utf-8"), re.DOTALL)
    (aliased,) = [block for block in blocks if "internal_ip:" in block]
    named = aliased.replace("title: —", "title: Aliased").replace("id: —", "name: aliased")
    (tmp_path / "r.yml").write_text("\n---\n".join([*documents, named]), encoding="utf-8")
    one, other = {"ip": "192.0.2.1"}, {"ip": "203.0.113.9"}
    out = (0, {"Probe": "internal_error", "source": other, "destination": one})
    back = {"Probe": "new_network_connection"}

    assert {"aliased"} == fired(
        load([tmp_path]), [out, (9, {**back, "source": one, "destination": other})]
    )
    assert set() == fired(
        load([tmp_path]), [out, (9, {**back, "source": other, "destination": one})]
    )


@pytest.mark.parametrize(
    ("title", "event_id", "more", "field", "enough"),
    [
        pytest.param("User Guessing", 4625, "0xc0000064", "TargetUserName", 4, id="guessing"),
        pytest.param("PW Guessing", 4625, "0xc000006a", None, 5, id="one-account"),
        pytest.param("PW Spray", 4648, "", "TargetUserName", 5, id="spray"),
    ],
)
def test_public_correlations_fire_and_stay_silent(title, event_id, more, field, enough):
    """Three rules for failed logons of Windows, with their own base rules."""
    rules = load([HAYABUSA])
    (correlation,) = [one for one in rules.correlations if one.card.title == title]
    logon = {**LOGON, "EventID": event_id, "SubStatus": more}
    rows = [(n, {**logon, **({field: f"u{n}"} if field else {})}) for n in range(enough)]

    assert {correlation.card.name} == fired(rules, rows)
    assert set() == fired(rules, rows[1:])
