"""The console as a service: its stores opened and waited for, its address served by uvicorn."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Thread
from urllib.parse import urlsplit

import click
import uvicorn
from fastapi import FastAPI

from app import wiring
from app.calendars import site_calendar
from app.collected import read_collected
from app.settings import METRICS_TOKEN, Config, ConsoleSettings
from app.stores.secret import read_secret
from dashboards.console import Console
from dashboards.figures import parts
from dashboards.health import site_health
from dashboards.metrics import Metrics
from haidang.errors import HaidangError, Unavailable
from haidang.model.instant import Instant
from haidang.store.calendar import Calendar
from haidang.store.inventory import Inventory

_RETRY_SECS = 5
_GRACE_SECS = 3  # pages that wait for news would keep a stopped console for ever


def open_console(
    settings: Config,
    wall: Callable[[], Instant],
    stack: ExitStack,
    clock: Callable[[], Instant] | None = None,
) -> Console:
    """The console over the profile's stores; `stack` closes them.

    `clock` is the time of the data where it is not the people's. Raises InputError (inventory,
    calendar, secrets), Unavailable, HaidangError.
    """
    inventory = Inventory.load(settings.inventory)
    calendar = site_calendar(settings, inventory)
    stores = stack.enter_context(wiring.open_stores(settings))
    with stores.database.reading():
        pass  # a server that is away is noticed now
    return Console(
        database=stores.database,
        store=stores.store,
        inventory=inventory,
        clock=clock or wall,
        wall=wall,
        scope_of=wiring.account_scope,
        hosts=hosts(settings.console),
        secure=bool(settings.console.address),
        banner=settings.console.banner,
        metrics=_metrics(settings, stores, inventory, calendar),
        collected=partial(read_collected, settings),
        calendar=calendar,
    )


def _metrics(
    settings: Config, stores: wiring.Stores, inventory: Inventory, calendar: Calendar
) -> Metrics:
    token = read_secret(settings.console.metrics_token_file, METRICS_TOKEN, os.environ)
    health = partial(site_health, stores.database, stores.scope, inventory, calendar, back=0)
    one = parts(stores.database, health, settings.data_dir, settings.profile)
    return Metrics(one, token)


def waited(opened: Callable[[], Console]) -> Console:
    """The console once its servers answer; until then one line says what it waits for."""
    said = ""
    while True:
        try:
            return opened()
        except Unavailable as error:
            if str(error) != said:
                said = str(error)
                click.echo(f"waiting: {said}", err=True)
            time.sleep(_RETRY_SECS)


def hosts(settings: ConsoleSettings) -> frozenset[str]:
    """The Host headers under which it answers: its own address, loopback, and the proxy's."""
    port = settings.listen.rpartition(":")[2]
    names = {
        settings.listen.lower(),
        *(f"{one}:{port}" for one in ("127.0.0.1", "localhost", "[::1]")),
    }
    if settings.address:
        names.add(urlsplit(settings.address).netloc.lower())
    return frozenset(names)


def bound(listen: str) -> socket.socket:
    """A socket on `host:port` that does not listen yet. Raises HaidangError."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    own = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.bind((host, int(port)))
    except (OSError, OverflowError) as error:
        own.close()
        why = getattr(error, "strerror", None) or error
        what = f"{listen}: cannot be listened on: {why}; see `console.listen`"
        raise HaidangError(what) from error
    return own


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM, by which services are stopped, ends the block as SystemExit(0)."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def serve(app: FastAPI, own: socket.socket) -> None:
    """Answer on this socket until a signal, which is then raised as usual.

    The peer is whom a proxy names, if it is on this machine or in `FORWARDED_ALLOW_IPS`.
    """
    _server(app).run([own])


@contextmanager
def served(app: FastAPI, listening: socket.socket) -> Iterator[None]:
    """Answer on this socket, in a thread of its own, while the block runs."""
    server = _server(app)
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, name="console")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _server(app: FastAPI) -> uvicorn.Server:
    settings = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1"),
        timeout_graceful_shutdown=_GRACE_SECS,
    )
    return uvicorn.Server(settings)
