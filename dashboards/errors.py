"""What people read when a page cannot be had; never a stack trace, never why in detail."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from dashboards.guard import HEADERS
from dashboards.login import LOGIN_PATH
from dashboards.page import json_response, respond, wants_json
from dashboards.reader import (
    PASSWORD_PATH,
    Forged,
    MustChoosePassword,
    NotLoggedIn,
    Reader,
    Refusal,
)
from haidang.errors import Unavailable

_KNOWN = (400, 403, 404, 405, 500, 503)


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """What went wrong, as its HTTP status."""

    status: int


def register(app: FastAPI) -> None:
    """Let the application answer with these."""
    for kind, status in (
        (Refusal, 404),
        (Forged, 403),
        (RequestValidationError, 400),
        (Unavailable, 503),
        (Exception, 500),
    ):
        app.add_exception_handler(kind, _telling(status))
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(NotLoggedIn, _log_in)
    app.add_exception_handler(MustChoosePassword, _choose_password)


def _telling(status: int) -> Callable[[Request, Exception], Response]:
    def tell(request: Request, _error: Exception) -> Response:
        return _error_page(request, status)

    return tell


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _error_page(request, status if status in _KNOWN else 400)


def _error_page(request: Request, status: int) -> Response:
    asking: Reader | None = getattr(request.state, "reader", None)
    answer = respond(request, asking, "error.html", ErrorModel(status), status)
    answer.headers.update(HEADERS)  # an unexpected error is answered outside of the guard
    return answer


def _log_in(request: Request, _error: Exception) -> Response:
    if wants_json(request):
        return json_response(ErrorModel(401), 401)
    if request.method != "GET":
        return RedirectResponse(LOGIN_PATH, 303)
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    ask = "" if path == "/" else "?" + urlencode({"next": path})
    return RedirectResponse(LOGIN_PATH + ask, 303)


def _choose_password(request: Request, _error: Exception) -> Response:
    if wants_json(request):
        return json_response(ErrorModel(401), 401)
    return RedirectResponse(PASSWORD_PATH, 303)
