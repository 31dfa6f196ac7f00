"""The console in a test: its application over a store, and browsers without a browser.

    client = logged_in(console_over(database), role="analyst")
    client.get("/health")

`database` is the fixture of tests.support.state, or any opened state store.
"""

import warnings
from itertools import count

from app.wiring import account_scope
from dashboards.app import create_app
from dashboards.console import Console
from haidang.store import accounts, sessions
from haidang.store.accounts import CENTRE, NewAccount
from haidang.store.inventory import Inventory
from haidang.yamldoc import parse
from tests.support.site import NOW

HOST = "127.0.0.1:8740"
ORIGIN = f"http://{HOST}"

with warnings.catch_warnings():  # starlette would rather have httpx's successor, which is young
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

_NUMBERS = count(1)
EMPTY = (
    b"units: []\nzones: []\nsystems: []\nnetworks: []\nhosts: []\nmail_domains: []\napi_keys: []\n"
)


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, now=NOW):
        self.now = now

    def __call__(self):
        """The time it shows."""
        return self.now


def console_over(database, store=None, inventory=None, wall=None, **more):
    """A console; times are `NOW` unless clocks are given."""
    wall = wall or Clock()
    values = {"clock": wall, "wall": wall, "scope_of": account_scope, "hosts": frozenset({HOST})}
    inventory = inventory or Inventory.of(parse(EMPTY, "inventory.yml")[0])
    return Console(database=database, store=store, inventory=inventory, **{**values, **more})


def browser(console):
    """A client without a session; redirects are not followed."""
    headers = {"Origin": ORIGIN, "Accept": "text/html"}
    app = create_app(console)
    return TestClient(
        app, base_url=ORIGIN, headers=headers, follow_redirects=False, raise_server_exceptions=False
    )


def new_account(console, role="analyst", units=(), name=None, hash_="-", one_time=0):
    """An account; by default nobody can log into it by password."""
    number = next(_NUMBERS)
    units = units or (() if role in CENTRE else ("ha",))
    new = NewAccount(f"id-{number}", name or f"nguoi{number}", "", role, units, hash_, one_time)
    return accounts.add(console.database, new, console.wall())


def logged_in(console, role="analyst", units=(), account=None):
    """A client with a session of a new account of this role, or of the account given."""
    account = account or new_account(console, role, units)
    token = f"token-{next(_NUMBERS)}"
    sessions.start(console.database, account, token, console.wall())
    client = browser(console)
    client.cookies.set("haidang", token)
    return client


def as_json(client):
    """The same client as a program."""
    client.headers["Accept"] = "application/json"
    return client
