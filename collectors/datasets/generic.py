"""Hooks of the data sets that serve any product: cef, leef, kv, json."""

import re

from collectors.formats.regex import Groups
from collectors.mapping import put_if_free
from haidang.model.event import Document
from haidang.model.fields import values

_ADDRESSES = ("source.ip", "destination.ip", "host.ip")
_USERS = ("user.name", "destination.user.name", "source.user.name")
_LABEL = re.compile(r"((?:cs|cn|cfp|c6a|deviceCustomDate|flexString|flexDate|flexNumber)\d)Label")
_FORTIGATE = re.compile(r"F[A-Z0-9]{3,7}[A-Z0-9]{8,12}")  # a serial number such as FGT60E…


def complete(document: Document, groups: Groups) -> None:
    """Add related.ip and related.user."""
    del groups  # what is needed is in the document
    for target, paths in (("related.ip", _ADDRESSES), ("related.user", _USERS)):
        found = [value for path in paths for value in values(document, path)]
        if found:
            put_if_free(document, target, list(dict.fromkeys(map(str, found))))


def cef(document: Document, groups: Groups) -> None:
    """Add `labels`: what cs1 is called by cs1Label, and so on (a dot becomes `_`)."""
    labels = document.setdefault("labels", {})
    for name, label in groups.items():
        found = _LABEL.fullmatch(name)
        value = groups.get(found[1]) if found else None
        if label and value and label.strip():
            labels[label[:120].replace(".", "_")] = value
    if not labels:
        del document["labels"]
    complete(document, groups)


def kv(document: Document, groups: Groups) -> None:
    """Add FortiGate's log source, by its serial number and type of log."""
    if _FORTIGATE.fullmatch(groups.get("devid") or "") and groups.get("type"):
        source = {"product": "fortigate", "service": (groups["type"] or "").lower()}
        more = [{"category": "firewall"}] if source["service"] == "traffic" else []
        inner = document["haidang"]
        inner["logsource"] = [*inner["logsource"], source, *more]
        put_if_free(document, "observer.vendor", "Fortinet")
    complete(document, groups)
