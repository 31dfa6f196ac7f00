"""Logging in: the only page without a session.

A wrong name and a wrong password are answered alike, after the same work.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from dashboards import passwords
from dashboards.console import Console
from dashboards.page import respond
from dashboards.reader import PASSWORD_PATH, console_of, cookie_name, set_cookie
from haidang.model.instant import SECOND, Instant
from haidang.store import accounts, audit, sessions, throttle
from haidang.store.accounts import Account
from haidang.store.state.database import Database

LOGIN_PATH = "/login"
router = APIRouter()
_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20]*")
_DEVICE = "device"


@dataclass(frozen=True, slots=True)
class LoginModel:
    """The form: where to go afterwards, and what was wrong (`wrong`, `wait`)."""

    next: str
    trouble: str = ""
    wait: Instant = 0


@dataclass(frozen=True, slots=True)
class _Try:
    """Who tries, from where."""

    name: str
    password: str
    peer: str
    device: str
    now: Instant


@router.get(LOGIN_PATH)
def form(request: Request, next: str = "/") -> Response:  # noqa: A002 - the address says so
    """The form."""
    return respond(request, None, "login.html", LoginModel(own_path(next)))


@router.post(LOGIN_PATH)
def log_in(
    request: Request,
    name: Annotated[str, Form(max_length=256)] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the form says so
) -> Response:
    """Open a session with a new token, or say that name or password is wrong, or to wait."""
    console, target = console_of(request), own_path(next)
    peer = request.client.host if request.client else ""
    device = request.cookies.get(_device_cookie(console), "")
    tried = _Try(name.strip(), password, peer, device, console.wall())
    account_key, limits = _limits(console.database, tried)
    wait = throttle.attempt(console.database, limits, tried.now)
    if wait:
        return respond(request, None, "login.html", LoginModel(target, "wait", wait), 429)
    account = _account(console.database, tried)
    if account is None:
        return respond(request, None, "login.html", LoginModel(target, "wrong"), 401)
    throttle.forgive(console.database, account_key, throttle.key("peer", peer))
    answer = RedirectResponse(PASSWORD_PATH if account.one_time else target, 303)
    if not open_session(console, account, answer, device):
        return respond(request, None, "login.html", LoginModel(target, "wrong"), 401)
    return answer


def own_path(text: str) -> str:
    """Where a log in may lead: a path of ours, else the first page."""
    return text if _OWN_PATH.fullmatch(text) else "/"


def open_session(console: Console, account: Account, answer: Response, device: str = "") -> bool:
    """Give the browser a new session, and a mark by which it is known later.

    False where a one-time password was used twice.
    """
    now, token = console.wall(), secrets.token_urlsafe(32)
    if not sessions.start(console.database, account, token, now):
        return False
    device = device or secrets.token_urlsafe(32)
    if not account.one_time:
        sessions.remember(console.database, account, device, now)
    set_cookie(console, answer, cookie_name(console), token)
    set_cookie(console, answer, _device_cookie(console), device, sessions.REMEMBERED // SECOND)
    return True


def _device_cookie(console: Console) -> str:
    return f"{cookie_name(console)}-{_DEVICE}"


def _limits(database: Database, tried: _Try) -> tuple[str, dict[str, throttle.Limit]]:
    """The key that the right password clears, and all keys under which the try counts."""
    if tried.device and sessions.knows(database, tried.name, tried.device, tried.now):
        key = throttle.key("device", tried.device)
        return key, {key: throttle.DEVICE}
    key = throttle.key("account", tried.name)
    return key, {key: throttle.ACCOUNT, throttle.key("peer", tried.peer): throttle.PEER}


def _account(database: Database, tried: _Try) -> Account | None:
    """The account that may come in; a failure is in the audit trail."""
    account, hash_ = accounts.credentials(database, tried.name) or (None, "")
    right = passwords.matches(hash_, tried.password)
    if account and right and not account.disabled and not 0 < account.one_time <= tried.now:
        return account
    with database.transaction("login.failed") as connection:
        subject, detail = account.id if account else "", {"peer": tried.peer}
        audit.record(connection, tried.now, "system:console", "login.failed", subject, detail)
    return None
