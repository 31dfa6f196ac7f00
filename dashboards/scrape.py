"""`/metrics`: who may read the figures, and the answer. It has no session and no page."""

import hmac
import ipaddress

from fastapi import APIRouter, Request, Response
from starlette.responses import PlainTextResponse

from alerts import wording
from dashboards.console import Console
from dashboards.metrics import CONTENT_TYPE, Metrics, exposition
from dashboards.reader import Refusal, console_of
from haidang.model.instant import MINUTE
from haidang.store import audit

PATH = "/metrics"
ACTOR = "system:metrics"
# With one of these a proxy on this machine asks, for a stranger.
_PROXY_HEADERS = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


router = APIRouter()


@router.get(PATH, include_in_schema=False)
def scrape(request: Request) -> Response:
    """Answer this machine, and whoever brings the token; a wrong one is noted, not the token."""
    console = console_of(request)
    metrics = console.metrics
    if metrics is None:
        raise Refusal
    given = request.headers.get("authorization")
    if given is None and not _is_local(request):
        return PlainTextResponse("forbidden", 403)
    if given is not None and not _is_token(given, metrics.token):
        _note(console, metrics, request)
        return PlainTextResponse("forbidden", 403)
    return Response(exposition(metrics.parts, console.clock()), media_type=CONTENT_TYPE)


def _is_local(request: Request) -> bool:
    """Whether a process of this machine asks for itself."""
    if request.client is None or any(name in request.headers for name in _PROXY_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _is_token(given: str, token: str) -> bool:
    """The time that it takes does not tell how much of it was right."""
    scheme, _, secret = given.partition(" ")
    same = hmac.compare_digest(secret.strip().encode(), token.encode())
    return same and token != "" and scheme.lower() == "bearer"


def _note(console: Console, metrics: Metrics, request: Request) -> None:
    """At most one row a minute, with the number since: guessing must not fill the audit trail."""
    now = console.wall()
    with metrics.lock:
        metrics.refused += 1
        if metrics.noted is not None and metrics.noted <= now < metrics.noted + MINUTE:
            return
        attempts, metrics.refused, metrics.noted = metrics.refused, 0, now
    peer = wording.clean(request.client.host if request.client else "")
    with console.database.transaction("metrics.refused") as connection:
        detail = {"peer": peer, "attempts": attempts}
        audit.record(connection, now, ACTOR, "metrics.refused", PATH, detail)
