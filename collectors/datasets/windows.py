"""Hook of the Windows datasets: outcomes, data without names, registry paths, relations."""

import re
from typing import Any

from collectors.formats.regex import Groups
from collectors.mapping import put_if_free
from haidang.model.event import Document
from haidang.model.fields import first_text, values

_NOBODY = frozenset({"-", "", "ANONYMOUS LOGON"})
_UNNAMED = re.compile(r"param[0-9]{1,3}")
_HIVES = (("\\REGISTRY\\MACHINE\\", "HKLM\\"), ("\\REGISTRY\\USER\\", "HKU\\"))
_DATA = "winlog.event_data"


def complete(document: Document, groups: Groups) -> None:
    """Add what depends on several fields; never changes what the source sent."""
    del groups  # the whole document is the source
    _add_outcome(document)
    _add_unnamed(document)
    _add_registry_path(document)
    users = _distinct(document, ("user.name", f"{_DATA}.SubjectUserName"))
    if users:
        put_if_free(document, "related.user", users)
    addresses = _distinct(document, ("source.ip", "destination.ip"))
    if addresses:
        put_if_free(document, "related.ip", addresses)


def _add_outcome(document: Document) -> None:
    keywords = {str(word).lower() for word in values(document, "winlog.keywords")}
    if "audit failure" in keywords:
        put_if_free(document, "event.outcome", "failure")
    elif "audit success" in keywords:
        put_if_free(document, "event.outcome", "success")


def _add_unnamed(document: Document) -> None:
    """Data without names as Sigma calls it: all of it together is `Data`."""
    for data in values(document, _DATA):
        if isinstance(data, dict) and "param1" in data:
            unnamed = [value for name, value in data.items() if _UNNAMED.fullmatch(name)]
            put_if_free(document, f"{_DATA}.Data", unnamed)


def _add_registry_path(document: Document) -> None:
    """The key and value of Security 4657, written as Sysmon writes them."""
    name = first_text(document, f"{_DATA}.ObjectValueName")
    if first_text(document, "event.code") == "4657" and name:
        key = first_text(document, f"{_DATA}.ObjectName")
        for native, short in _HIVES:
            if key.upper().startswith(native):
                key = short + key[len(native) :]
        put_if_free(document, "registry.path", f"{key}\\{name}")


def _distinct(document: Document, paths: tuple[str, ...]) -> list[Any]:
    found = (first_text(document, path) for path in paths)
    return list(dict.fromkeys(text for text in found if text not in _NOBODY))
