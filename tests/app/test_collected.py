"""What the console reads of the collector on its machine, while it may run."""

from app import config, wiring
from app.collected import read_collected
from collectors.ledger import Counts
from dashboards.collected import Collected, Expected
from tests.support.site import ATTACK, NOW

EXPECTED = (Expected("ha", "nginx.access", "dc", "dc", "HA-WEB01"),)


def test_figures_are_as_the_collector_committed_them(web):
    """Its ledger by data set and source, and what waits in quarantine, also when that grew."""
    settings = config.load(web)
    log = web.parent / "logs/a.log"
    log.write_bytes(ATTACK + b"no access line\n")

    for number in (1, 2):
        with wiring.open_collecting(settings) as collecting:
            collecting.run_once(NOW)
        found = read_collected(settings)
        counts = Counts(read=1 + number, indexed=1, quarantined=number)
        assert (EXPECTED, "here") == (found.inputs, found.place)
        assert counts.to_json() == {**found.datasets["nginx.access"].to_json(), "unresolved": {}}
        assert number == sum(one.count for one in found.waiting)
        assert [found.datasets["nginx.access"]] == [one.counts for one in found.sources]
        with log.open("ab") as file:
            file.write(b"no access line either\n")


def test_collector_elsewhere_and_damaged_figures_are_told_apart(web):
    """The page goes on without them."""
    settings = config.load(web)

    assert Collected(EXPECTED) == read_collected(settings)
    settings.data_dir.mkdir()
    (settings.data_dir / "offsets.json").write_text("{")
    assert Collected(EXPECTED, "unreadable") == read_collected(settings)
