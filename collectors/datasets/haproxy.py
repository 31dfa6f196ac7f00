"""Hook of haproxy.log: the client, the request, captured headers, and the outcome."""

from collectors.datasets.ecs import put_outcome, put_source, relate
from collectors.datasets.nginx import put_request
from collectors.formats.regex import Groups
from haidang.model.event import Document
from haidang.model.fields import put

_MILLISECOND = 1_000_000  # event.duration is in nanoseconds
_BY_PROXY = "PR"  # the proxy refused the request itself


def complete(document: Document, groups: Groups) -> None:
    """Add what needs more than a copy."""
    if client := groups.get("client"):
        put_source(document, client, groups["port"] or "")
    if duration := groups.get("duration"):
        put(document, "event.duration", int(duration) * _MILLISECOND)
    for side in ("request", "response"):
        headers = groups.get(f"{side}_headers")
        if headers is not None:
            captured = [one for one in headers.split("|") if one]
            put(document, f"haproxy.http.{side}.captured_headers", captured)
    if domain := groups.get("domain"):
        put(document, "destination.address", domain)
        put(document, "destination.domain", domain)
    if request := groups.get("request"):
        put_request(document, request)
    _add_outcome(document, groups)
    relate(document)


def _add_outcome(document: Document, groups: Groups) -> None:
    status = groups.get("status")
    if status is not None:
        put(document, "http.response.bytes", int(groups["bytes"] or 0))
        outcome = "success" if "100" <= status < "400" else "failure"
        put(document, "event.outcome", outcome)
        if status == "401" and (groups["state"] or "").startswith(_BY_PROXY):
            put_outcome(document, "logon-failed", outcome)
    elif groups.get("error") is not None:
        put(document, "event.outcome", "failure")
