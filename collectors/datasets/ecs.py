"""Pieces of ECS documents that the hooks of several datasets write alike."""

from functools import lru_cache
from typing import Any

from collectors.mapping import TYPES
from haidang.model.event import Document
from haidang.model.fields import put
from haidang.model.zone import parse_address

_RELATED = (
    ("ip", (("source", "ip"), ("destination", "ip"))),
    ("user", (("user", "name"), ("user", "effective", "name"), ("user", "target", "name"))),
    ("hosts", (("host", "hostname"), ("destination", "domain"))),
)


def put_source(document: Document, address: str, port: str = "") -> None:
    """source.address, its ip or domain, and the port; nothing for an empty address or `-`."""
    if address not in ("", "-"):
        put(document, "source.address", address)
        ip = TYPES["ip"](address)
        put(document, "source.ip" if ip else "source.domain", ip or address)
    if port:
        put(document, "source.port", int(port))


@lru_cache(maxsize=16_384)
def split_port(text: str, *, always: bool) -> tuple[str, str]:
    """Address and port of `address:port`.

    IPv6 has colons of its own; `always` says that a port is expected, so that it wins.
    """
    head, _, tail = text.rpartition(":")
    has_port = tail.isascii() and tail.isdigit() and len(tail) <= 5
    if has_port and parse_address(head.strip("[]")) and (always or not parse_address(text)):
        return head.strip("[]"), tail
    return text, ""


def put_outcome(document: Document, action: str, outcome: str) -> None:
    """An authentication: action, outcome, and the category beside those that are there."""
    event = document["event"]
    event["action"], event["outcome"] = action, outcome
    event["category"] = [*event.get("category", ()), "authentication"]


def relate(document: Document) -> None:
    """related.ip, .user and .hosts from the fields that hold such values."""
    for leaf, paths in _RELATED:
        found = [text for path in paths if (text := _text(document, path))]
        if found:
            document.setdefault("related", {}).setdefault(leaf, list(dict.fromkeys(found)))


def _text(document: Document, path: tuple[str, ...]) -> str:
    value: Any = document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
