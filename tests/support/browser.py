"""A real browser before a real console: Debian's Chromium, driven by Playwright.

    def test_something(visit):
        page = visit.logged_in("analyst", "/health")
        assert [] == axe(page)

`visit` fails its test where the browser loaded anything from elsewhere, or complained of a script
or of the content security policy. HAIDANG_SCREENSHOTS=folder keeps what `shot` takes.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import yaml
from argon2 import PasswordHasher
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from app import cli
from haidang.store import accounts, sessions
from haidang.store.accounts import CENTRE, NewAccount
from haidang.store.state.sqlite import open_sqlite
from tests.support.site import ATTACK, INPUT, INVENTORY

ROOT = Path(__file__).parents[2]
CHROMIUM = "chromium"
PASSWORD = "một câu dài dễ nhớ"  # noqa: S105 - of accounts that live as long as a test
_AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_PATIENCE_SECS = 60
# The browser reports every status that is an error; a test asks for the status itself.
_ANSWERED = "Failed to load resource: the server responded with a status"


@dataclass
class Site:
    """A folder with a configuration and filled stores, and the address of its console."""

    folder: Path
    address: str

    @property
    def config(self):
        """The configuration's path."""
        return self.folder / "haidang.yml"

    def add(self, name, role="analyst", units=(), one_time=0, password=PASSWORD):
        """Make an account that logs in with `password`."""
        units = units or (() if role in CENTRE else ("ha",))
        hash_ = PasswordHasher(1, 8, 1).hash(password)
        new = NewAccount(secrets.token_hex(4), name, "", role, units, hash_, one_time)
        with self.database() as database:
            return accounts.add(database, new, now())

    def session(self, role="analyst", units=()):
        """The token of a session of a new account."""
        account, token = self.add(f"u{secrets.token_hex(4)}", role, units), secrets.token_hex(16)
        with self.database() as database:
            sessions.start(database, account, token, now())
        return token

    def database(self):
        """The state store, to be closed by `with`."""
        return closing(open_sqlite(self.folder / "data" / "state.db"))


def now():
    """The time of the people, as the console's process has it."""
    return time.time_ns() // 1_000


def prepared(folder, lines=ATTACK, others=b"", **settings):
    """A site whose log lines were collected and correlated by the product's own commands.

    `lines` are of Sở Hạ's server, `others` of Sở Xuân's.
    """
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    (folder / "inventory.yml").write_text(INVENTORY, "utf-8")
    (folder / "logs/a.log").write_bytes(lines)
    (folder / "logs/b.log").write_bytes(others)
    other = {**INPUT, "name": "xu", "path": "logs/b.log", "host": "XU-WEB01"}
    address = f"127.0.0.1:{_free_port()}"
    more = {"operator": "dc", "zone": "dc", "max_behind_days": 36_500}
    content = {
        "data_dir": "data",
        "inventory": "inventory.yml",
        "packs": ["day-one"],
        "console": {"listen": address, "banner": "DỮ LIỆU MÔ PHỎNG"},
        "inputs": [{**more, **one} for one in (INPUT, other)],
        **settings,
    }
    site = Site(folder, f"http://{address}")
    site.config.write_text(yaml.safe_dump(content), "utf-8")
    for command in ("collect", "correlate"):
        assert 0 == _run(command, "--once", "--config", str(site.config))
    return site


def _run(*words):
    try:
        return cli.main(words)
    except SystemExit as done:
        return done.code or 0


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(site):
    """`haidang console` as a process of its own, until it answers, then until the end."""
    command = [sys.executable, "-m", "haidang", "console", "--config", str(site.config)]
    with (site.folder / "console.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        end = time.monotonic() + _PATIENCE_SECS
        while not _answers(site.address):
            said = (site.folder / "console.log").read_text("utf-8")
            assert process.poll() is None, f"the console ended:\n{said}"
            assert time.monotonic() < end, f"the console does not answer:\n{said}"
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECS)


def _answers(address):
    try:
        with urlopen(Request(f"{address}/login"), timeout=5) as answer:  # noqa: S310 - our own
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="session")
def chromium():
    """The browser; without one the test is skipped, on the build server it fails."""
    program = shutil.which(CHROMIUM)
    if program is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("no Chromium: run scripts/servers, or install Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """One console for all tests that only look: each makes accounts of its own."""
    site = prepared(tmp_path_factory.mktemp("console") / "site")
    with serving(site):
        yield site


@dataclass
class Visit:
    """One person's browser at a site; `complaints` is what it did not like."""

    browser: object
    site: Site
    complaints: list = field(default_factory=list)
    contexts: list = field(default_factory=list)

    def open(self, path="/", cookies=(), **options):
        """A page of a new browser; options are Playwright's: color_scheme, viewport."""
        context = self.browser.new_context(
            base_url=self.site.address, **{"viewport": {"width": 1366, "height": 768}, **options}
        )
        context.set_default_timeout(_PATIENCE_SECS * 500)
        context.add_cookies([{"url": self.site.address, **one} for one in cookies])
        self.contexts.append(context)
        page = context.new_page()
        page.on("request", self._on_request)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._on_console)
        page.goto(path)
        return page

    def logged_in(self, role="analyst", path="/", units=(), **options):
        """A page of somebody who has a session."""
        cookie = {"name": "haidang", "value": self.site.session(role, units)}
        return self.open(path, [cookie], **options)

    def _on_request(self, request):
        if not request.url.startswith(self.site.address):
            self.complaints.append(f"asked elsewhere: {request.url}")

    def _on_console(self, message):
        if message.type in {"error", "warning"} and not message.text.startswith(_ANSWERED):
            self.complaints.append(f"{message.type}: {message.text}")


@contextmanager
def visiting(chromium, site):
    """A visit to a site, whose complaints are failures."""
    visit = Visit(chromium, site)
    yield visit
    for context in visit.contexts:
        context.close()
    assert [] == visit.complaints


@pytest.fixture
def visit(chromium, served):
    """A visit to the shared console."""
    with visiting(chromium, served) as found:
        yield found


def axe(page):
    """What axe finds against WCAG 2.2 AA, one line each: rule, where."""
    found = Axe().run(page, options={"runOnly": _AXE_TAGS, "resultTypes": ["violations"]})
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


def overflow(page):
    """By how many pixels the page is wider than its window, or longer than what it holds."""
    return page.evaluate("""() => {
        const whole = document.documentElement;
        const held = Math.max(window.innerHeight, Math.ceil(document.body.offsetHeight));
        return Math.max(whole.scrollWidth - window.innerWidth, whole.scrollHeight - held);
    }""")


def shot(page, name):
    """Keep a picture where HAIDANG_SCREENSHOTS asks for them."""
    if folder := os.environ.get("HAIDANG_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
