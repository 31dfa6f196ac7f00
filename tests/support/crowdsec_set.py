"""Agreement with CrowdSec: the logs of its hub's tests through our datasets, field by field.

A case of crowdsec-hub is a log beside `parser.assert`, what CrowdSec's parsers make of its lines:
`results["s01-parse"]["PARSER"][NUMBER].Evt.Meta["NAME"] == "VALUE"`. An entry does not say which
line it is of, but it holds the line's message.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from collectors.dataset import Dataset, load_dataset
from collectors.record import Context, Dropped
from haidang.errors import Refused
from haidang.model.fields import as_text, values
from haidang.model.instant import from_iso
from tests.support.beats import DATA, Agreement

CASES = DATA / "crowdsec-hub/tests"
_CONTEXT = Context(seen=from_iso("2026-11-18T00:00:00Z"))
# CrowdSec's parsers whose lines a dataset of ours reads; the first that takes a line counts.
PARSERS: Mapping[str, tuple[str, ...]] = {
    "crowdsecurity/apache2-logs": ("apache.access", "apache.error"),
    "crowdsecurity/haproxy-logs": ("haproxy.log",),
    "crowdsecurity/nginx-logs": ("nginx.access", "nginx.error"),
    "crowdsecurity/pam-logs": ("system.auth",),
    "crowdsecurity/pgsql-logs": ("postgresql.log",),
    "crowdsecurity/sshd-logs": ("system.auth",),
    "crowdsecurity/sshd-success-logs": ("system.auth",),
    "crowdsecurity/suricata-evelogs": ("suricata.eve",),
}
# CrowdSec's names and ours.
FIELDS: Mapping[str, str] = {
    "Meta.http_path": "url.original",
    "Meta.http_status": "http.response.status_code",
    "Meta.http_user_agent": "user_agent.original",
    "Meta.http_verb": "http.request.method",
    "Meta.machine": "log.syslog.hostname",
    "Meta.source_ip": "source.ip",
    "Meta.suricata_alert_signature_id": "rule.id",
    "Meta.target_fqdn": "url.domain",
    "Meta.target_user": "user.name",
    "Parsed.backend_name": "haproxy.backend_name",
    "Parsed.body_bytes_sent": "http.response.body.bytes",
    "Parsed.bytes": "http.response.body.bytes",
    "Parsed.client_port": "source.port",
    "Parsed.dest_ip": "destination.ip",
    "Parsed.dest_port": "destination.port",
    "Parsed.frontend_name": "haproxy.frontend_name",
    "Parsed.http_referer": "http.request.referrer",
    "Parsed.http_version": "http.version",
    "Parsed.httpversion": "http.version",
    "Parsed.pgsql_target_user": "user.name",
    "Parsed.pid": "process.pid",
    "Parsed.proto": "network.transport",
    "Parsed.referrer": "http.request.referrer",
    "Parsed.suricata_alert_signature": "rule.name",
}
_ASSERTED = re.compile(
    r'results\["s01-parse"\]\["(?P<parser>[^"]+)"\]\[(?P<number>\d+)\]\.Evt\.'
    r'(?P<name>(?:Parsed|Meta)\["[^"]+)"\] == (?P<value>".*")'
)
_ABSENT = ("", "-")

Entries = dict[tuple[str, int], dict[str, str]]


def agreement() -> list[Agreement]:
    """By dataset: lines, expected and agreeing fields."""
    datasets = {name: load_dataset(name) for names in PARSERS.values() for name in names}
    found: dict[str, Agreement] = {}
    for case in sorted(CASES.glob("*/parser.assert")):
        lines = _lines(case.parent)
        for (parser, _), entry in sorted(entries(case.read_text("utf-8")).items()):
            line = _taken(lines, entry["Parsed.message"].strip())
            if line is None:
                continue  # wrapped in JSON by the case's own platform
            name, document = _parsed([datasets[one] for one in PARSERS[parser]], line)
            _compare(entry, document, found.setdefault(name, Agreement(name)))
    return [found[name] for name in sorted(found)]


def entries(text: str) -> Entries:
    """What is asserted of each line that a parser of `PARSERS` took, by name."""
    found: Entries = {}
    for match in _ASSERTED.finditer(text):
        if match["parser"] in PARSERS:
            entry = found.setdefault((match["parser"], int(match["number"])), {})
            entry[match["name"].replace('["', ".")] = json.loads(match["value"], strict=False)
    return found


def _lines(case: Path) -> list[str]:
    said = yaml.safe_load((case / "config.yaml").read_text("utf-8"))
    text = (case / said["log_file"]).read_text("utf-8", "replace")
    return [line for line in text.split("\n") if line.strip()]


def _taken(lines: list[str], message: str) -> str | None:
    """The first line that holds a message; it is taken out."""
    places = (at for at, line in enumerate(lines) if message in line)
    place = next(places, None)
    return None if place is None else lines.pop(place)


def _parsed(candidates: list[Dataset], line: str) -> tuple[str, dict[str, Any] | None]:
    """The dataset that takes a line, and its document; the first dataset where none does."""
    for dataset in candidates:
        try:
            return dataset.name, dataset.parse(line.encode(), _CONTEXT, {})[0].document
        except (Refused, Dropped):
            continue
    return candidates[0].name, None


def _compare(entry: dict[str, str], document: dict[str, Any] | None, found: Agreement) -> None:
    found.documents += 1
    found.without += document is None
    for name, expected, path in _expected(entry):
        ours = {as_text(one).lower() for one in values(document or {}, path)}
        same = expected.lower() in ours
        found.expected += 1
        found.agreeing += same
        if not same:
            found.differing[f"{name} ({path})"] += 1


def _expected(entry: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, path in FIELDS.items():
        if (expected := entry.get(name, "")) not in _ABSENT:
            yield name, expected, path
