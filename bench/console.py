"""How fast the queue is with 20,000 open groups: the reads on both databases, and the first paint.

    python bench/console.py                                  SQLite alone
    python -m tests.support.servers bench/console.py         PostgreSQL too

Each group is one alert of its own machine, stored as a version without groups would have left it,
then grouped. The first contentful paint is what Chromium reports for the queue's page (W3C Paint
Timing), in a new browser each time; server and browser share this machine.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from playwright.sync_api import sync_playwright
from sqlalchemy import insert

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from alerts.grouping import group_older  # noqa: E402 - the path first
from alerts.queue import Wanted, read_page  # noqa: E402 - the path first
from app.wiring import account_scope  # noqa: E402 - the path first
from dashboards.app import create_app  # noqa: E402 - the path first
from dashboards.console import Console  # noqa: E402 - the path first
from haidang.model.detection import LEVELS  # noqa: E402 - the path first
from haidang.model.ids import make_id  # noqa: E402 - the path first
from haidang.model.instant import MINUTE  # noqa: E402 - the path first
from haidang.model.scope import Scope  # noqa: E402 - the path first
from haidang.store import accounts, sessions  # noqa: E402 - the path first
from haidang.store.inventory import Inventory  # noqa: E402 - the path first
from haidang.store.state import tables  # noqa: E402 - the path first
from haidang.store.state.database import Database  # noqa: E402 - the path first
from haidang.store.state.postgresql import open_postgresql  # noqa: E402 - the path first
from haidang.store.state.sqlite import open_sqlite  # noqa: E402 - the path first
from haidang.yamldoc import parse  # noqa: E402 - the path first
from tests.support.postgresql import cluster_at  # noqa: E402 - the path first
from tests.support.servers import POSTGRESQL  # noqa: E402 - the path first

RESULTS = ROOT / "bench/results"
NOW = 1_795_000_000_000_000
UNITS = 150
TIMES = 9
MUST_MS = 1000
TOKEN = "bench"  # noqa: S105 - of a session that lives as long as this program
HOST = "127.0.0.1"
_SENTENCE = (
    "Máy chủ web {host} nhiều khả năng đã bị cài cửa hậu: lúc 01:52 địa chỉ 203.0.113.77 gửi tệp "
    "gop-y.phtml qua mục Hỏi đáp, từ 01:56 gọi chính tệp đó 3 lần, rồi tiến trình web chạy lệnh."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One act on one state store: the median and the worst of its times, in milliseconds."""

    store: str
    act: str
    median: float
    worst: float


def fill(database: Database, count: int) -> float:
    """Store so many alerts and group them; groups a second."""
    alerts, units = tables.alert, tables.alert_unit
    with database.transaction("bench") as connection:
        for start in range(0, count, 1000):
            numbers = range(start, min(start + 1000, count))
            connection.execute(insert(alerts), [_alert(number) for number in numbers])
            rows = [{"alert": make_id(number), "unit": _unit(number)} for number in numbers]
            connection.execute(insert(units), rows)
    began = time.perf_counter()
    group_older(database, _inventory())
    return count / (time.perf_counter() - began)


def _unit(number: int) -> str:
    return f"xa-{number % UNITS:03}"


def _alert(number: int) -> dict[str, Any]:
    host = f"MAY-{number:05}"
    details = {
        "tags": ["attack.persistence", "attack.t1505.003"],
        "author": "",
        "falsepositives": {},
        "group": {"host.name": host, "source.ip": "203.0.113.77"},
        "operators": [],
        "affected": [_unit(number)],
        "sentences": {language: _SENTENCE.format(host=host) for language in ("vi", "en")},
        "first_steps": {},
        "counts": {"rule": 3},
        "evidence_missing": 0,
    }
    at = NOW - (number * 7919 % 20_000) * MINUTE
    times = {"raised": at, "revised": at, "start": at, "end": at + MINUTE}
    rest = {"revision": 1, "events": 3, "system_level": number % 5 + 1, "zone": "z"}
    rule = {"rule": f"r-{number % 40}", "rule_hash": "h", "title": "Web Server Backdoor"}
    level = LEVELS[number % len(LEVELS)]
    packed = {"id": make_id(number), "level": level, "details": orjson.dumps(details)}
    return {**times, **rest, **rule, **packed, "superseded_by": ""}


def _inventory() -> Inventory:
    units = "".join(
        f"  - {{id: xa-{n:03}, name: UBND xã số {n}, from: '2010-01-01'}}\n" for n in range(UNITS)
    )
    lists = ("zones", "systems", "networks", "hosts", "mail_domains", "api_keys")
    text = f"units:\n{units}" + "".join(f"{name}: []\n" for name in lists)
    return Inventory.of(parse(text.encode(), "inventory.yml")[0])


def reads(database: Database) -> dict[str, Callable[[], object]]:
    """What is measured of the read model, by name."""
    centre, unit = Scope(None), Scope.of(["xa-007"])
    after = ""
    for _ in range(3):
        after = read_page(database, centre, Wanted(), after=after, limit=5000).after
    return {
        "first page": lambda: read_page(database, centre, Wanted()),
        "page 300": lambda: read_page(database, centre, Wanted(), after=after),
        "search": lambda: read_page(database, centre, Wanted(text="cua hau may-0123")),
        "one unit's reader": lambda: read_page(database, unit, Wanted()),
    }


def timed(act: Callable[[], object]) -> list[float]:
    """Milliseconds of each try, after one that nobody counts."""
    act()
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        act()
        found.append(1000 * (time.perf_counter() - began))
    return found


def paints(database: Database) -> list[float]:
    """The first contentful paint of the queue's page in milliseconds, each in a new browser."""
    with _served(database) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(channel=None, executable_path="/usr/bin/chromium")
        found = [_paint(browser, address) for _ in range(TIMES + 1)]
        browser.close()
    return found[1:]


def _paint(browser: Any, address: str) -> float:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.add_cookies([{"name": "haidang", "value": TOKEN, "url": address}])
    page = context.new_page()
    page.goto(address)
    entry = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    while not (milliseconds := page.evaluate(entry)):
        page.wait_for_timeout(
            20
        )  # the page's policy lets Playwright's own waiting evaluate nothing
    context.close()
    return float(milliseconds)


@contextmanager
def _served(database: Database) -> Iterator[str]:
    """A console over the database, with a session; its address."""
    now = time.time_ns() // 1000
    new = accounts.NewAccount("id-bench", "bench", "", "analyst", (), "-", 0)
    sessions.start(database, accounts.add(database, new, now), TOKEN, now)
    config = uvicorn.Config(None, host=HOST, port=0, log_config=None, timeout_graceful_shutdown=1)
    socket = config.bind_socket()
    place = f"{HOST}:{socket.getsockname()[1]}"
    store: Any = None  # the queue reads no events
    clock, wall = lambda: NOW, lambda: time.time_ns() // 1000
    config.app = create_app(
        Console(database, store, _inventory(), clock, wall, account_scope, frozenset({place}))
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    try:
        yield f"http://{place}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def stores() -> Iterator[dict[str, Database]]:
    """An empty state store of each kind that can be had here."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = {"sqlite": stack.enter_context(closing(open_sqlite(folder / "state.db")))}
        if POSTGRESQL in os.environ:
            cluster = stack.enter_context(cluster_at(os.environ[POSTGRESQL]))
            server = cluster.server(stack.enter_context(cluster.database()))
            found["postgresql"] = stack.enter_context(closing(open_postgresql(server)))
        yield found


def measure(count: int) -> Iterator[Row]:
    """Every act on every store."""
    with stores() as found:
        for name, database in found.items():
            rate = fill(database, count)
            print(f"{name}: {rate:,.0f} groups a second made", file=sys.stderr)  # noqa: T201
            acts = {act: timed(run) for act, run in reads(database).items()}
            acts["first contentful paint"] = paints(database)
            for act, times in acts.items():
                yield Row(name, act, round(statistics.median(times), 1), round(max(times), 1))


def table(rows: list[Row], count: int) -> str:
    """The results as a page."""
    head = (
        f"# bench/console.py\n\n{count:,} open groups, pages of 50; milliseconds of {TIMES} tries, "
        f"on a machine that also runs the browser (load average {os.getloadavg()[0]:.1f} on "
        f"{os.cpu_count()} processors). The paint must come within {MUST_MS:,} ms.\n\n"
        "    python -m tests.support.servers bench/console.py\n\n"
        "| state store | act | median ms | worst ms |\n|---|---|--:|--:|\n"
    )
    lines = (f"| {row.store} | {row.act} | {row.median:g} | {row.worst:g} |\n" for row in rows)
    return head + "".join(lines)


def main() -> None:
    """Measure, print, save under bench/results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--groups", type=int, default=20_000)
    parser.add_argument("--dry", action="store_true", help="save nothing")
    options = parser.parse_args()
    rows = list(measure(options.groups))
    said = table(rows, options.groups)
    print(said)  # noqa: T201 - a program
    if not options.dry:
        (RESULTS / "console.md").write_text(said, "utf-8")
        data = json.dumps([asdict(row) for row in rows], indent=1)
        (RESULTS / "console.json").write_text(data + "\n", "utf-8")


if __name__ == "__main__":
    main()
