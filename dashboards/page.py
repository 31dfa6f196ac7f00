"""One answer for both kinds of readers: a page for a browser, the same model as JSON for programs.

@router.get("/health")
def health(request: Request, asking: Asking) -> Response:
    return respond(request, asking, "health.html", health_model(...))
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response

from alerts.names import LANGUAGES
from dashboards import templating
from dashboards.reader import Reader, console_of, set_cookie
from haidang.model.instant import DAY, SECOND

THEMES = ("auto", "light", "dark")
NAVIGATION = (("/", "frame.queue"), ("/health", "frame.health"), ("/rules", "frame.rules"))
_YEAR_SECS = 365 * DAY // SECOND


@dataclass(frozen=True, slots=True)
class Look:
    """How this browser wants its pages."""

    language: str
    theme: str


def look(request: Request, asking: Reader | None) -> Look:
    """By the address, else by the cookie, else by the account."""
    own = asking.account.language if asking else LANGUAGES[0]
    return Look(
        _chosen(request, "lang", LANGUAGES, own), _chosen(request, "theme", THEMES, THEMES[0])
    )


def _chosen(request: Request, name: str, known: tuple[str, ...], default: str) -> str:
    given = (request.query_params.get(name), request.cookies.get(name))
    return next((one for one in given if one in known), default)


def wants_json(request: Request) -> bool:
    """Whether the reader is a program: it asks for JSON and not for HTML."""
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept


def respond(
    request: Request, asking: Reader | None, template: str, model: Any, status: int = 200
) -> Response:
    """`model` (a frozen dataclass) as page or JSON; in templates it is `model`.

    Templates also get `request`, `reader`, `banner`, `navigation`, `look`, `language`, `now`,
    and `here(name=value)`: this page's address with other parameters.
    """
    if wants_json(request):
        return json_response(model, status)
    chosen = look(request, asking)
    console = console_of(request)
    values = {
        "model": model,
        "request": request,
        "reader": asking,
        "banner": console.banner,
        "navigation": NAVIGATION,
        "look": chosen,
        "language": chosen.language,
        "now": console.clock(),
        "here": lambda **changes: _here(request, changes),
    }
    page = Response(templating.render(template, values), status, media_type="text/html")
    _keep(request, page)
    return page


def json_response(model: Any, status: int = 200) -> Response:
    """A model as JSON; instants are microseconds since 1970 UTC."""
    return Response(orjson.dumps(model, default=_plain), status, media_type="application/json")


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


def _here(request: Request, changes: Mapping[str, str | None]) -> str:
    asked = {**request.query_params, **changes}
    kept = {name: value for name, value in asked.items() if value}
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path


def _keep(request: Request, page: Response) -> None:
    """Remember what the address chose."""
    for name, known in (("lang", LANGUAGES), ("theme", THEMES)):
        value = request.query_params.get(name, "")
        if value in known:
            set_cookie(console_of(request), page, name, value, _YEAR_SECS)
