"""Hook of suricata.eve: what several members of a record say together."""

from typing import Any

from collectors.datasets import network
from collectors.formats.regex import Groups
from collectors.mapping import put_if_free
from haidang.model.event import Document
from haidang.model.fields import first_text, values

_EVE = "suricata.eve"


def complete(document: Document, groups: Groups) -> None:
    """Add answers, versions and what all network metadata share."""
    del groups  # the whole document is the source
    record: dict[str, Any] = document["suricata"]["eve"]
    if "dns" in record:
        _add_dns(document)
    if "http" in record:
        _add_http(document)
    if "tls" in record:
        network.add_tls_version(document, first_text(document, f"{_EVE}.tls.version"))
    network.complete(document)


def _add_dns(document: Document) -> None:
    """Answers stand in a list of objects, by type in `grouped`, or (version 1) alone in rdata."""
    paths = ("dns.answers.rdata", "dns.rdata")
    found = [one for path in paths for one in values(document, f"{_EVE}.{path}")]
    for grouped in values(document, f"{_EVE}.dns.grouped"):
        if isinstance(grouped, dict):
            found += [one for kind in grouped for one in values(grouped, kind)]
    network.add_answers(document, [one for one in found if isinstance(one, str) and one])


def _add_http(document: Document) -> None:
    network.add_url(document)
    version = first_text(document, f"{_EVE}.http.protocol").partition("/")[2]
    if version:
        put_if_free(document, "http.version", version)
