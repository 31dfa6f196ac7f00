"""Hook of the zeek datasets: what several members of a record say together."""

from collections.abc import Callable, Mapping
from typing import Any

from collectors.datasets import network
from collectors.formats.regex import Groups
from collectors.mapping import put_if_free
from haidang.model.event import Document

_FLAGS = ("AA", "TC", "RD", "RA")


def complete(document: Document, groups: Groups) -> None:
    """Move the record to zeek.<log>; add what it says and what all network metadata share."""
    del groups  # the whole document is the source
    zeek = document["zeek"]
    record = zeek.pop("record")
    log = record.pop("_path")
    zeek[log] = record
    if log in _BY_LOG:
        _BY_LOG[log](document, record)
    network.complete(document)


def _add_dns(document: Document, record: dict[str, Any]) -> None:
    answered = record.get("rcode_name") is not None
    put_if_free(document, "dns.type", "answer" if answered else "query")
    flags = [flag for flag in _FLAGS if record.get(flag) is True]
    if flags:
        put_if_free(document, "dns.header_flags", flags)
    answers = [one for one in _list(record.get("answers")) if isinstance(one, str)]
    network.add_answers(document, answers)


def _add_http(document: Document, record: dict[str, Any]) -> None:
    del record  # url.original is there already
    network.add_url(document)


def _add_ssl(document: Document, record: dict[str, Any]) -> None:
    network.add_tls_version(document, str(record.get("version") or ""))
    established = record.get("established")
    if isinstance(established, bool):
        put_if_free(document, "event.outcome", "success" if established else "failure")


def _add_smb_files(document: Document, record: dict[str, Any]) -> None:
    share, name = record.get("path"), record.get("name")
    if isinstance(name, str):
        path = f"{share}\\{name.lstrip(chr(92))}" if isinstance(share, str) else name
        put_if_free(document, "file.path", path)


def _add_x509(document: Document, record: dict[str, Any]) -> None:
    names = record.get("san")
    if isinstance(names, dict):
        found = [one for kind in ("dns", "email", "uri", "ip") for one in _list(names.get(kind))]
        if found:
            put_if_free(document, "file.x509.alternative_names", found)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


_BY_LOG: Mapping[str, Callable[[Document, dict[str, Any]], None]] = {
    "dns": _add_dns,
    "http": _add_http,
    "ssl": _add_ssl,
    "smb_files": _add_smb_files,
    "x509": _add_x509,
}
