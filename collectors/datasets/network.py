"""What the datasets of network metadata share: URLs, DNS answers, TLS versions, sums, related.*."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from collectors.datasets.nginx import split_url
from collectors.mapping import put_if_free
from haidang.model.event import Document
from haidang.model.fields import first_text, values
from haidang.model.zone import parse_address

_RELATED: Mapping[str, tuple[str, ...]] = {
    "related.ip": ("source.ip", "destination.ip", "client.ip", "dns.resolved_ip"),
    "related.hosts": (
        "dns.question.name",
        "url.domain",
        "tls.client.server_name",
        "source.domain",
        "destination.domain",
        "client.domain",
    ),
    "related.user": ("user.name",),
    "related.hash": (
        "file.hash.md5",
        "file.hash.sha1",
        "file.hash.sha256",
        "tls.client.ja3",
        "tls.server.ja3s",
        "tls.server.hash.sha1",
        "tls.server.hash.sha256",
    ),
}
_RELATED_PARTS = [
    (target, [path.split(".") for path in paths]) for target, paths in _RELATED.items()
]
_AT_LEAST: Mapping[str, object] = {
    "event.kind": "event",
    "event.category": ["network"],
    "event.type": ["info"],
}
_FIRST_ERROR = 400
_TLS = re.compile(r"(?P<protocol>d?tls|ssl)v?\s*(?P<major>\d)\.?(?P<minor>\d)?", re.IGNORECASE)


def complete(document: Document) -> None:
    """Add network.type, network.bytes and .packets, related.*, and what an event must say."""
    for path, value in _AT_LEAST.items():
        put_if_free(document, path, value)
    address = parse_address(first_text(document, "source.ip"))
    if address is not None:
        put_if_free(document, "network.type", f"ipv{address.version}")
    for what in ("bytes", "packets"):
        sent = values(document, f"source.{what}") + values(document, f"destination.{what}")
        if sent:
            put_if_free(document, f"network.{what}", sum(sent))
    _add_outcome(document)
    for target, paths in _RELATED_PARTS:
        found = _distinct(one for parts in paths for one in _values(document, parts))
        if found:
            put_if_free(document, target, found)


def _add_outcome(document: Document) -> None:
    """What the answer says, of a DNS query or a web request; an alert has no outcome."""
    code = first_text(document, "dns.response_code")
    status = values(document, "http.response.status_code")
    if first_text(document, "event.kind") == "alert" or not (code or status):
        return
    succeeded = code == "NOERROR" if code else status[0] < _FIRST_ERROR
    put_if_free(document, "event.outcome", "success" if succeeded else "failure")


def add_url(document: Document) -> None:
    """url.path, .query, .extension of url.original, and url.full where the host is known."""
    target = first_text(document, "url.original")
    if not target:
        return
    for name, part in split_url(target).items():
        put_if_free(document, f"url.{name}", part)
    host = first_text(document, "url.domain")
    if "://" in target[:16]:
        put_if_free(document, "url.full", target)
    elif host and target.startswith("/"):
        put_if_free(document, "url.full", f"http://{host}{target}")


def add_answers(document: Document, answers: list[str]) -> None:
    """dns.answers as objects, and dns.resolved_ip."""
    if answers:
        put_if_free(document, "dns.answers", [{"data": one} for one in answers])
    addresses = [one for one in answers if parse_address(one)]
    if addresses:
        put_if_free(document, "dns.resolved_ip", addresses)


def add_tls_version(document: Document, text: str) -> None:
    """tls.version and .version_protocol of `TLSv12`, `TLS 1.2`, `SSLv3`."""
    match = _TLS.fullmatch(text)
    if match:
        put_if_free(document, "tls.version", f"{match['major']}.{match['minor'] or 0}")
        put_if_free(document, "tls.version_protocol", match["protocol"].lower())


def _values(document: Document, parts: Iterable[str]) -> list[object]:
    """What `values` gives of a document without dots in its keys: this one is ours."""
    found: Any = document
    for part in parts:
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, list) else [found]


def _distinct(found: Iterable[object]) -> list[str]:
    return list(dict.fromkeys(one for one in found if isinstance(one, str) and one))
