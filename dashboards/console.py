"""What the console is given: stores, clocks, the reach of each account. Made by `app` alone."""

from collections.abc import Callable
from dataclasses import dataclass, field

from dashboards.collected import Collected
from dashboards.metrics import Metrics
from haidang.model.instant import Instant
from haidang.model.scope import Scope
from haidang.store.accounts import Account
from haidang.store.calendar import Calendar
from haidang.store.events.protocol import EventStore
from haidang.store.inventory import Inventory
from haidang.store.state.database import Database


@dataclass(frozen=True, slots=True)
class Console:
    """What pages need.

    `clock` is the time of the data, in a simulated day too; `wall` is the time of the people:
    sessions, waits and the audit trail go by it. `hosts` are the Host headers that are answered;
    `secure` says that browsers come by TLS. Without `metrics` there is no `/metrics`. `collected`
    reads what a collector on this machine did.
    """

    database: Database
    store: EventStore
    inventory: Inventory
    clock: Callable[[], Instant]
    wall: Callable[[], Instant]
    scope_of: Callable[[Account], Scope]
    hosts: frozenset[str]
    secure: bool = False
    banner: str = ""
    metrics: Metrics | None = None
    collected: Callable[[], Collected] = Collected
    calendar: Calendar = field(default_factory=Calendar.empty)
