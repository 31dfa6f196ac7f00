"""Hook of iis.access: the whole URL, the version's number, the outcome, related addresses."""

from collectors.datasets.nginx import split_url
from collectors.formats.regex import Groups
from collectors.mapping import put_if_free
from haidang.model.event import Document
from haidang.model.fields import first_text

_FIRST_ERROR = 400


def complete(document: Document, groups: Groups) -> None:
    """Add url.original and url.extension, event.outcome, related.*; http.version loses HTTP/."""
    del groups  # what is needed is in the document
    url = document.get("url", {})
    if "path" in url:
        parts = split_url(url["path"])
        query = f"?{url['query']}" if "query" in url else ""
        url["original"] = url["path"] + query
        if "extension" in parts:
            url["extension"] = parts["extension"]
    http = document.get("http", {})
    if "version" in http:
        http["version"] = http["version"].removeprefix("HTTP/")
    status = http.get("response", {}).get("status_code")
    if status is not None:
        document["event"]["outcome"] = "success" if status < _FIRST_ERROR else "failure"
    addresses = [first_text(document, path) for path in ("destination.ip", "source.ip")]
    if found := list(dict.fromkeys(filter(None, addresses))):
        put_if_free(document, "related.ip", found)
    if user := first_text(document, "user.name"):
        put_if_free(document, "related.user", [user])
