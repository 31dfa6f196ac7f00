"""The Health page: what is not seen comes first, then what is, source by source."""

from fastapi import APIRouter, Request, Response

from dashboards.page import respond
from dashboards.reader import Asking, console_of
from dashboards.seen import read_seen

router = APIRouter()


@router.get("/health")
def health_page(request: Request, asking: Asking) -> Response:
    """The page, or the same as JSON. Raises Unavailable."""
    return respond(request, asking, "health.html", read_seen(console_of(request), asking.scope))
