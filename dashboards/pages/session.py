"""What a reader does with the own account: log out, choose a password."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from dashboards import passwords
from dashboards.login import LOGIN_PATH, open_session
from dashboards.page import respond
from dashboards.reader import LOGOUT_PATH, PASSWORD_PATH, Asking, Reader, console_of, cookie_name
from haidang.store import accounts, sessions, throttle

router = APIRouter()


@dataclass(frozen=True, slots=True)
class PasswordModel:
    """The form: whether the present password is asked for, and what was wrong with the choice."""

    first: bool
    least: int = passwords.LEAST
    trouble: str = ""


@router.post(LOGOUT_PATH)
def log_out(request: Request, asking: Asking) -> Response:
    """End the session, here and in the store."""
    console = console_of(request)
    sessions.end(console.database, asking.account, asking.token, console.wall())
    answer = RedirectResponse(LOGIN_PATH, 303)
    answer.delete_cookie(cookie_name(console), secure=console.secure, httponly=True)
    return answer


@router.get(PASSWORD_PATH)
def form(request: Request, asking: Asking) -> Response:
    """The form."""
    return _form(request, asking)


@router.post(PASSWORD_PATH)
def choose(
    request: Request,
    asking: Asking,
    old: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Take a new password; all sessions end but the new one that this browser gets."""
    console, account = console_of(request), asking.account
    trouble = "" if new == again else "again"
    trouble = trouble or passwords.weakness(new, account.name)
    trouble = trouble or ("" if account.one_time else _old_trouble(request, asking, old))
    if trouble:
        return _form(request, asking, trouble, 429 if trouble == "wait" else 422)
    hash_, now = passwords.hashed(new), console.wall()
    changed = accounts.choose_password(console.database, account, hash_, now)
    answer = RedirectResponse("/", 303)
    open_session(console, changed, answer)
    return answer


def _old_trouble(request: Request, asking: Reader, old: str) -> str:
    """What is wrong with the present password as given; guessing it is slow here, too."""
    console = console_of(request)
    key = throttle.key("change", asking.account.id)
    if throttle.attempt(console.database, {key: throttle.DEVICE}, console.wall()):
        return "wait"
    _, hash_ = accounts.credentials(console.database, asking.account.name) or (None, "")
    if not passwords.matches(hash_, old):
        return "old"
    throttle.forgive(console.database, key)
    return ""


def _form(request: Request, asking: Reader, trouble: str = "", status: int = 200) -> Response:
    model = PasswordModel(bool(asking.account.one_time), trouble=trouble)
    return respond(request, asking, "password.html", model, status)
