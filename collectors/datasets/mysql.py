"""Hook of mysql.error: refused logons, and users that a message names."""

import re

from collectors.datasets.ecs import put_outcome, put_source, relate
from collectors.formats.regex import Groups
from haidang.model.event import Document
from haidang.model.fields import put

# The mask of a secret may take the last bracket along.
_REFUSED = re.compile(
    r"(?:\[MY-\d{6}\] \[[A-Za-z]++\] )?Access denied for user '(?P<user>[^']*+)'@'(?P<host>[^']*+)'"
    r"(?: to database '[^']*+')?(?: \(using password: [^\s)]++\)?+)?\s*+"
)
_USER = re.compile(r"\buser: '([^']++)'")


def complete_error(document: Document, groups: Groups) -> None:
    """Add category, and user, source and outcome of a refused logon."""
    message = groups["message"] or ""
    event = document["event"]
    if refused := _REFUSED.fullmatch(message):
        put_outcome(document, "logon-failed", "failure")
        put_source(document, refused["host"])
        user = refused["user"]
    else:
        found = _USER.search(message)
        user = found[1] if found else ""
    event["category"] = [*event.get("category", ()), "database"]
    if user:
        put(document, "user.name", user)
    relate(document)
