"""Other people's network metadata through everything; the page docs/conformance/network.md."""

from contextlib import closing

import pytest

from haidang.store.events.elastic.client import Client
from haidang.store.events.elastic.store import ElasticStore
from haidang.store.events.parquet.store import ParquetStore
from tests.support import elasticsearch
from tests.support import network_sets as sets
from tests.support.beats import check_page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sets.RULES.exists(), reason=f"no test data at {sets.DATA}"),
]

# Why a SigmaHQ rule of level high or critical matches here.
REASONS = {
    "Windows WebDAV User Agent": "the attack itself: `python.exe` is fetched from the attacker's"
    " WebDAV share (the log lies there twice, alone and in `combined_zeek.log`)",
}


@pytest.fixture(name="taken", scope="module")
def _taken(tmp_path_factory):
    """Every log, through the embedded store."""
    folder = tmp_path_factory.mktemp("network")
    logs = [*sets.logs(), *sets.baselines(folder)]
    with closing(ParquetStore.open(folder / "events")) as store:
        return sets.collect(logs, store, folder / "data")


@pytest.fixture(name="matched", scope="module")
def _matched(taken):
    """Matches of SigmaHQ's rules."""
    return sets.matches(taken, sets.matcher())


@pytest.fixture(name="agreed", scope="module")
def _agreed(taken):
    """Zeek's own expected logs, cell by cell."""
    return sets.agreement(one for one in taken if one.log.of == "zeek-btest")


def test_every_line_becomes_an_event_or_is_a_header(taken):
    """Nothing is quarantined, and everything is in the store."""
    wrong = [
        one.log.file
        for one in taken
        if one.counts.quarantined
        or set(one.counts.dropped) - {"header"}
        or one.counts.read != len(one.events) + one.counts.dropped.total()
    ]
    assert [] == wrong
    lines = {"wrccdc": 8571, "aminer": 3425}
    assert lines == {of: sum(len(one.events) for one in taken if one.log.of == of) for of in lines}


def test_times_are_those_of_the_records(taken):
    """But where a record has none (two rows of Zeek's tests), or one of 1970."""
    flags = [event["haidang"].get("time", {}) for one in taken for event in one.events]
    assert 2 == sum("missing" in flag for flag in flags)
    assert {"1970-01-01"} == {flag["replaced"][:10] for flag in flags if "replaced" in flag}


def test_zeeks_own_logs_are_kept_and_copied_value_by_value(agreed):
    """All cells of all rows, as a reader of our tests reads them."""
    wrong = {
        log: dict(one)
        for log, one in agreed.items()
        if (one["rows"], one["cells"], one["copies"]) != (one["events"], one["kept"], one["copied"])
    }
    assert {} == wrong
    assert {"conn", "dns", "http", "ssl"} <= set(agreed)


def test_serious_matches_are_explained(matched):
    """A rule of level high or critical that is loud on ordinary traffic would be no use."""
    titles = {title for level, title, _ in matched if level in sets.SERIOUS}
    assert set(REASONS) == titles


def test_both_stores_give_the_same_events(taken, tmp_path):
    """A sample of the logs through Elasticsearch."""
    sample = [one for one in taken if one.counts.read < 60 and one.log.of != "zeek-btest"]
    assert {"suricata.eve", "zeek.dns"} & {one.log.dataset for one in sample}
    with elasticsearch.prepared() as connection:
        with closing(Client.open(connection)) as client:
            elasticsearch.empty(client)
        with closing(ElasticStore.open(connection)) as store:
            again = sets.collect([one.log for one in sample], store, tmp_path)
    assert [one.events for one in sample] == [one.events for one in again]


def test_the_page_says_what_is_measured(taken, agreed, matched):
    """A figure that nobody measures is a promise without a witness."""
    parts = (
        [*HEAD.splitlines(), ""],
        sets.summary(taken),
        [*AGREEMENT.splitlines(), ""],
        sets.agreement_table(agreed),
        [*MATCHES.splitlines(), ""],
        sets.matches_table(matched, REASONS),
    )
    check_page("network.md", [line for part in parts for line in part])


HEAD = """\
# Network metadata

Other people's logs through the collector into a store, and back.
Measured by `tests/collectors/test_network_sets.py`.

* `wrccdc`: an attack and defence competition (Zeek, JSON)
* `aminer`: a quiet testbed (Suricata)
* `otrf LSASS`: four attacks on Windows' LSASS (Zeek, rows)
* `otrf APT29`: the group's way through a network (Zeek, JSON by another exporter)
* `zeek-btest`: what Zeek must write in its own tests (rows; a time stands where theirs is cut out)

## Every line
"""
AGREEMENT = """
## Zeek's own tests

Each value of each row, read a second time by the tests, against the event: below `zeek.<log>`,
and in ECS where the test names a copy. Absent values count as values.
"""
MATCHES = """
## SigmaHQ's rules

Matches of all rules that these log sources reach, on all the logs above.
Those of level high and critical are explained.
"""
