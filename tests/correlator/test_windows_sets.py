"""Real Windows events through the product: what SigmaHQ's rules find, as the page says.

Dataset, masks, store, feed and matcher are the product's own; nothing passes by `rules/fields.yml`.
"""

from itertools import count

import pytest

from collectors import evtx
from collectors.dataset import load_dataset
from collectors.record import Context
from correlator.evaluate import compile_rules
from correlator.view import logsources
from haidang.store.events.parquet.store import ParquetStore
from rules.fields import load_fields
from tests.support import event_stores, windows_sets

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not windows_sets.SIGMA.exists(), reason="the shared rules are not here"),
]
elastic_connection, store = event_stores.elastic_connection, event_stores.event_store


@pytest.fixture
def fresh(tmp_path):
    """A function that gives an empty embedded store and an empty folder."""
    numbers = count()

    def made():
        folder = tmp_path / str(next(numbers))
        return ParquetStore.open(folder / "events"), folder

    return made


@pytest.mark.parametrize("form", ["evtx", "json"])
def test_every_case_of_sigmas_own_is_found_by_its_rule(store, tmp_path, form):
    """All 122, but for one that holds a raw Cisco line instead of an event."""
    assert [windows_sets.EXCEPTION] == windows_sets.regression(store, tmp_path / form, form)
    assert 122 == len(windows_sets.cases())


@pytest.mark.parametrize("section", list(windows_sets.SECTIONS)[1:])
def test_the_page_says_what_is_measured(section, fresh):
    """`python -m tests.support.windows_sets` writes the page."""
    text = "\n".join(windows_sets.SECTIONS[section](fresh))
    assert text in windows_sets.PAGE.read_text("utf-8")


def test_no_loud_match_on_ordinary_logs_is_left_unexplained():
    """Each has its reason on the page."""
    assert "not explained" not in windows_sets.PAGE.read_text("utf-8")


def windows_rules():
    """SigmaHQ's active rules for Windows."""
    return [one for one in windows_sets.rules().values() if one.logsource.product == "windows"]


def test_no_field_of_a_windows_rule_is_unmapped():
    """Whatever its log source, it is found somewhere below `winlog` at least."""
    fields = load_fields()
    found = {one.card.id: fields.unmapped(one) for one in windows_rules()}
    assert len(found) > 2800
    assert {} == {rule: names for rule, names in found.items() if names}


def test_every_log_source_of_a_windows_rule_is_given_to_some_event():
    """By the branches that all Windows datasets share."""
    branches = load_dataset("windows.evtx")._definition.branches
    given = {
        (source.get("category", ""), source.get("service", ""))
        for table in branches.tables.values()
        for contents in table.values()
        for content in contents
        for source in content.logsource
    }
    wanted = {(one.logsource.category, one.logsource.service) for one in windows_rules()}
    assert {("", "")} == wanted - given  # one rule asks for the product only


def as_written(document):
    """An event by Sigma's own names, as it came, without any map."""
    winlog = document["winlog"]
    flat = {**winlog.get("event_data", {}), **winlog.get("user_data", {})}
    names = {
        "EventID": "event_id",
        "Channel": "channel",
        "Computer": "computer_name",
        "Provider_Name": "provider_name",
        "Level": "level",
        "Keywords": "keywords",
    }
    return flat | {name: winlog[key] for name, key in names.items() if key in winlog}


@pytest.mark.parametrize("folder", ["sigma-regression", "evtx-to-mitre", "evtx-attack-samples"])
def test_the_map_of_fields_loses_no_match(folder):
    """What a rule finds in the event as it came, it finds by way of the map."""
    dataset = load_dataset("windows.evtx")
    written = compile_rules(windows_rules(), load_fields().as_written())
    events = lost = 0
    for file in sorted((windows_sets.DATA / folder).rglob("*.evtx")):
        with file.open("rb") as opened:
            for line in evtx.lines(opened):
                document = dataset.parse(line.rstrip(), Context(), {})[0].document
                raw = written.match_as(as_written(document), logsources(document))
                mapped = {rule.card.id for rule in windows_sets.matcher().match(document)}
                events += 1
                lost += len({rule.card.id for rule in raw} - mapped)
    assert events > 150
    assert 0 == lost
