"""The map of fields for network metadata: SigmaHQ's rules find theirs."""

from pathlib import Path

import pytest

from rules.fields import load_fields
from rules.load import load
from rules.rule import LogSource

CORPUS = Path(__file__).parents[2] / "../shared/data/sigma-rules"
FIELDS = load_fields()
CATEGORIES = ("antivirus", "dns", "firewall", "proxy")
# Names that stay unmapped, each with its reason.
UNMAPPED = {
    "blocked": "no source says it: what a firewall did is `action`",
    "query_etld_plus_one": "an unsupported rule; it needs a list of public suffixes",
    "query_length": "an unsupported rule; it compares text with `> 70`",
}
# Names with a dot that no section maps: they are read as ECS paths, and lead nowhere.
NOWHERE = {
    "http.bodyMagic": "an unsupported rule, for a sensor other than Zeek",
    "http.method": "as above",
}


@pytest.mark.skipif(not CORPUS.exists(), reason=f"no test data at {CORPUS}")
@pytest.mark.slow
def test_every_field_of_these_log_sources_is_mapped_or_has_a_reason():
    """An unmapped name is a silent miss."""
    unmapped, nowhere, rules = set(), set(), 0
    for rule in load([CORPUS]).rules:
        source = rule.logsource
        if source.product == "zeek" or source.category in CATEGORIES:
            rules += 1
            unmapped.update(FIELDS.unmapped(rule))
            nowhere.update(one for one in rule.fields if FIELDS.paths(source, one) == (one,))
    assert 100 < rules
    assert set(UNMAPPED) == unmapped
    assert set(NOWHERE) == nowhere


@pytest.mark.parametrize(
    ("expected", "source", "name"),
    [
        ("zeek.dns.qtype_name", LogSource(product="zeek", service="dns"), "qtype_name"),
        ("destination.port", LogSource(product="zeek", service="dns"), "id.resp_p"),
        ("zeek.smb_files.path", LogSource(product="zeek", service="smb_files"), "path"),
        ("url.original", LogSource(product="zeek", service="http"), "c-uri"),
        ("url.full", LogSource(category="proxy"), "c-uri"),
        ("dns.answers.data", LogSource(category="dns"), "answer"),
        ("destination.ip", LogSource(category="firewall"), "dst_ip"),
        ("rule.name", LogSource(category="antivirus"), "Signature"),
    ],
)
def test_a_field_is_looked_for_where_its_log_source_keeps_it_first(expected, source, name):
    """Zeek's own names below zeek.<log>, the others in ECS."""
    assert expected == FIELDS.paths(source, name)[0]
