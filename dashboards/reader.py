"""Who is asking: the account of a session as it is at this request, and what it may see."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from alerts import wording
from dashboards.console import Console
from haidang.model.scope import Scope
from haidang.store import audit, sessions
from haidang.store.accounts import Account

# Requests that a page makes by itself: they do not keep a session alive.
LIVE_PATHS = frozenset({"/events"})
PASSWORD_PATH, LOGOUT_PATH = "/password", "/logout"
_UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Reader:
    """An account that is logged in, with the scope of everything it reads."""

    account: Account
    scope: Scope
    token: str = field(repr=False)

    @property
    def csrf(self) -> str:
        """What a form of this session carries; it does not tell the session's token."""
        mark = sha256(b"csrf\0" + self.token.encode()).digest()
        return urlsafe_b64encode(mark).decode()


class NotLoggedIn(Exception):  # noqa: N818 - the sentence is "the reader is not logged in"
    """There is no session, or it ended."""


class MustChoosePassword(Exception):  # noqa: N818 - the sentence is "the reader must choose one"
    """The account came in by a one-time password and may do nothing else yet."""


class Refusal(Exception):  # noqa: N818 - the sentence is "it was a refusal"
    """What was asked for is not there for this reader: told as if it did not exist."""


class Forged(Exception):  # noqa: N818 - the sentence is "the form was forged"
    """A form that our page did not make for this session."""


def console_of(request: Request) -> Console:
    """The console that answers this request."""
    console: Console = request.app.state.console
    return console


def cookie_name(console: Console) -> str:
    """`__Host-`: browsers keep such a cookie to this host and to TLS (RFC 6265bis, 4.1.3.2)."""
    return "__Host-haidang" if console.secure else "haidang"


def set_cookie(
    console: Console, answer: Response, name: str, value: str, secs: int | None = None
) -> None:
    """Keep a value in the browser, out of reach for scripts and other sites."""
    answer.set_cookie(name, value, secs, secure=console.secure, httponly=True, samesite="strict")


def reader(request: Request) -> Reader:
    """Whose session this is. Raises NotLoggedIn, MustChoosePassword, Unavailable."""
    console = console_of(request)
    token = request.cookies.get(cookie_name(console), "")
    active = request.url.path not in LIVE_PATHS
    account = sessions.holder(console.database, token, console.wall(), active=active)
    if account is None:
        raise NotLoggedIn
    request.state.reader = found = Reader(account, console.scope_of(account), token)
    if account.one_time and request.url.path not in {PASSWORD_PATH, LOGOUT_PATH}:
        raise MustChoosePassword
    return found


Asking = Annotated[Reader, Depends(reader)]


async def gate(request: Request, asking: Asking) -> None:
    """What every page but the log in stands behind. Raises what `reader` raises, and Forged."""
    if request.method in _UNSAFE_METHODS:
        form = await request.form()
        if form.get("csrf") != asking.csrf:
            raise Forged


async def still_logged_in(request: Request, asking: Reader) -> bool:
    """Whether a session goes on, asked by what runs longer than a request."""
    console = console_of(request)
    found = await run_in_threadpool(
        sessions.holder, console.database, asking.token, console.wall(), active=False
    )
    return found is not None


def refuse(request: Request, asking: Reader, subject: str) -> Refusal:
    """To raise where a reader asks for what is not there or not theirs; the audit trail notes it.

    Both cases read alike, so a page must not tell them apart.
    """
    console = console_of(request)
    with console.database.transaction("access.refused") as connection:
        actor, said = asking.account.id, wording.clean(subject)
        detail = {"path": wording.clean(request.url.path)}
        audit.record(connection, console.wall(), actor, "access.refused", said, detail)
    return Refusal()
