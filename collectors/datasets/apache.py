"""Hooks of apache.access, and of apache.error: client, missing file, referrer, failed logons."""

import re

from collectors.datasets import nginx
from collectors.datasets.ecs import put_outcome, put_source, relate, split_port
from collectors.formats.regex import Groups
from haidang.model.event import Document
from haidang.model.fields import put

_REFERRER = re.compile(r", referer: (\S++)\Z")
_MISSING = re.compile(r"(?:AH\d{5}: )?File does not exist: ([^,]++)")
# mod_auth_basic, mod_auth_digest: unknown user, wrong password.
_REFUSED = re.compile(
    r"(?:AH\d{5}: )?(?:Digest: )?user [`'\"]?(?P<user>.{1,256}?)['\"]?"
    r"(?: in realm .{1,256}?)?(?:: authentication failure| not found|: password mismatch)"
)


def complete_access(document: Document, groups: Groups) -> None:
    """What an access line of any server says; `-` stays a referrer, but is nobody's name."""
    if groups["user"] == "-":
        del document["user"]
    nginx.complete_access(document, groups)


def complete_error(document: Document, groups: Groups) -> None:
    """Add what the message says."""
    client = groups["client"] or groups.get("later")
    if client:
        put_source(document, *split_port(client, always=groups.get("module") is not None))
    message = groups["message"] or ""
    if referrer := _REFERRER.search(message):
        put(document, "http.request.referrer", referrer[1])
    if missing := _MISSING.match(message):
        put(document, "file.path", missing[1])
    if refused := _REFUSED.match(message):
        put(document, "user.name", refused["user"])
        put_outcome(document, "logon-failed", "failure")
    relate(document)
