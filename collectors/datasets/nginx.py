"""Hooks of nginx.access and nginx.error: addresses, the parts of the URL, and the outcome."""

import re
from collections.abc import Mapping
from functools import lru_cache

from collectors.datasets.ecs import put_outcome, put_source, relate
from collectors.formats.regex import Groups
from haidang.model.event import Document
from haidang.model.fields import put
from haidang.model.zone import is_private, parse_address

_SEPARATORS = re.compile(r'[\s,"]+')
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_VIRTUAL_HOST = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]{0,252})(?::\d{1,5})? (?=[0-9a-fA-F.:]+$)")
_REQUEST = re.compile(r"([A-Za-z][A-Za-z_-]{0,31}) (\S.*?)(?: HTTP/(\d(?:\.\d)?))?", re.DOTALL)
# ngx_http_auth_basic_module, and the PAM module.
_REFUSED = re.compile(
    r'user "(.*)":?(?: password mismatch| was not found in "[^"]*+")'
    r"|PAM: user '(.*)' - not authenticated: .*",
    re.DOTALL,
)
_FIRST_ERROR = "400"


def complete_access(document: Document, groups: Groups) -> tuple[str, ...]:
    """Add source, url, outcome, and what an access line of any server says; its addresses."""
    status = groups["status"] or ""
    if status != "-":
        document["event"]["outcome"] = "success" if status < _FIRST_ERROR else "failure"
    remote = groups["remote"] or ""
    host = _VIRTUAL_HOST.match(remote) if " " in remote else None
    addresses = _add_source(document, remote[host.end() :] if host else remote)
    target = groups["target"]
    if target is None and groups["request"]:
        target = _odd_request(document, groups["request"])
    if target:
        document["url"] = split_url(target)
    if host and not parse_address(host[1]):
        document["destination"] = {"domain": host[1]}
        document.setdefault("url", {}).setdefault("domain", host[1])
    if "user" in document:
        document.setdefault("related", {})["user"] = [document["user"]["name"]]
    rest = groups["rest"]
    if rest is not None and (forwarded := _first_source(rest)[1]):
        document["network"] = {"forwarded_ip": forwarded}
    return addresses


def complete(document: Document, groups: Groups) -> None:
    """An access line, and nginx.access.remote_ip_list."""
    if addresses := complete_access(document, groups):
        document["nginx"] = {"access": {"remote_ip_list": list(addresses)}}


def complete_error(document: Document, groups: Groups) -> None:
    """Add source, url and method, and what a message says about a logon."""
    put_source(document, groups["client"] or "")
    if request := groups["request"]:
        put_request(document, request)
    if refused := _REFUSED.fullmatch(groups["message"] or ""):
        put(document, "user.name", refused[1] or refused[2])
        put_outcome(document, "logon-failed", "failure")
    relate(document)


def _add_source(document: Document, remote: str) -> tuple[str, ...]:
    address, ip, addresses = _first_source(remote)
    document["source"] = source = {"address": address}
    if ip:
        source["ip"] = ip
        document["related"] = {"ip": [ip]}
    elif _HOST_NAME.fullmatch(address):
        source["domain"] = address
    return addresses


@lru_cache(maxsize=16_384)
def _first_source(remote: str) -> tuple[str, str, tuple[str, ...]]:
    """The client's address, the same if it is an IP, and all addresses of a list.

    The client is the first public address of the list, else the first address of any kind. The
    front of a list was written by the client's side and proves nothing.
    """
    parts = [part for part in _SEPARATORS.split(remote) if part not in ("", "-")]
    ips = [part for part in parts if parse_address(part)]
    ip = next((one for one in ips if not is_private(one)), ips[0] if ips else "")
    address = ip or (parts[0] if parts else "")
    return address, ip, tuple(part for part in parts if not part.endswith(":") or part in ips)


def put_request(document: Document, request: str) -> None:
    """http.request.method, http.version and url of a request line."""
    if target := _odd_request(document, request):
        document["url"] = {**split_url(target), **document.get("url", {})}


def _odd_request(document: Document, request: str) -> str:
    """The target of a request line that is out of the ordinary but still has a method."""
    match = _REQUEST.fullmatch(request)
    if match is None:
        return ""
    method, target, version = match.groups()
    http = document.setdefault("http", {})
    http.setdefault("request", {})["method"] = method
    if version:
        http["version"] = version
    return target


def split_url(target: str) -> Mapping[str, str]:
    """original, path, query, extension of a request target; nothing is percent-decoded."""
    path, mark, query = target.partition("?")
    url = {"original": target}
    if "://" in path[:16]:
        scheme, _, rest = path.partition("://")
        url["scheme"] = scheme
        url["domain"], slash, path = rest.partition("/")
        path = slash + path
    url["path"] = path or "/"
    name = path[path.rfind("/") + 1 :]
    dot = name.rfind(".")
    if dot >= 0 and dot + 1 < len(name):
        url["extension"] = name[dot + 1 :]
    if mark:
        url["query"] = query
    return url
