"""What a person watches while the demo runs: the simulated clock, the console, a quiet Ctrl-C."""

import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from threading import Event

from app.console import open_console, served
from app.schedule import receive_clock
from app.settings import Config, ConsoleSettings
from dashboards import passwords
from dashboards.app import create_app
from haidang.model.instant import Instant
from haidang.store import accounts
from haidang.store.accounts import NewAccount
from haidang.store.state.database import Database

ACCOUNT = "truc"


class SimulatedClock:
    """The receive time: it stands at each step of the day, and goes on when nobody sets it more."""

    def __init__(self, at: Instant) -> None:
        self._at = at
        self._since = 0

    def __call__(self) -> Instant:
        """The time of now."""
        passed = time.monotonic_ns() - self._since if self._since else 0
        return self._at + passed // 1_000

    def stand(self, at: Instant) -> None:
        """Be at this time until told otherwise."""
        self._at = at

    def go_on(self, at: Instant) -> None:
        """Run with the real seconds, from this time."""
        self._at, self._since = at, time.monotonic_ns()


@dataclass(frozen=True, slots=True)
class Door:
    """Where the console is, and how one gets in once."""

    address: str
    account: str
    password: str


@contextmanager
def console(settings: Config, clock: Callable[[], Instant], banner: str) -> Iterator[Door]:
    """The console over the stage's stores, on a free port of loopback."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listen = f"127.0.0.1:{listening.getsockname()[1]}"
        settings = replace(settings, console=ConsoleSettings(listen, banner=banner))
        opened = open_console(settings, receive_clock, stack, clock)
        password = _let_in(opened.database)
        stack.enter_context(served(create_app(opened), listening))
        yield Door(f"http://{listen}", ACCOUNT, password)


def _let_in(database: Database) -> str:
    """A new one-time password of the demo's account, which is made where it is missing."""
    now, password = receive_clock(), passwords.one_time(secrets.choice)
    hash_, until = passwords.hashed(password), now + passwords.ONE_TIME
    if accounts.credentials(database, ACCOUNT):
        accounts.reset(database, ACCOUNT, hash_, until, now)
    else:
        new = NewAccount(secrets.token_hex(8), ACCOUNT, "", "analyst", (), hash_, until)
        accounts.add(database, new, now)
    return password


@contextmanager
def interruptible() -> Iterator[Event]:
    """An event that Ctrl-C sets, so that a step is finished; a second Ctrl-C interrupts it."""
    ended = Event()

    def hear(*_: object) -> None:
        if ended.is_set():
            raise KeyboardInterrupt
        ended.set()

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield ended
    finally:
        signal.signal(signal.SIGINT, before)
