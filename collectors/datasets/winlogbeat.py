"""Hook of windows.winlogbeat: the outcome of audits, and related accounts and addresses."""

from typing import Any

from collectors.formats.regex import Groups
from collectors.mapping import put_if_free
from haidang.model.event import Document
from haidang.model.fields import first_text, values

_NOBODY = frozenset({"-", "", "ANONYMOUS LOGON"})


def complete(document: Document, groups: Groups) -> None:
    """Add what depends on several fields; never changes what the source sent."""
    del groups  # the whole document is the source
    _add_outcome(document)
    users = _distinct(document, ("user.name", "winlog.event_data.SubjectUserName"))
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


def _distinct(document: Document, paths: tuple[str, ...]) -> list[Any]:
    found = (first_text(document, path) for path in paths)
    return list(dict.fromkeys(text for text in found if text not in _NOBODY))
