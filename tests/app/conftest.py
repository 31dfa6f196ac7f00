"""The product as its users meet it: commands, in this process or as processes of their own."""

import io
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from app import cli
from app.commands import (
    calendar,
    collect,
    correlate,
    quarantine,
    rules_backtest,
    rules_status,
    store,
)
from tests.support import profiles
from tests.support import state as stores
from tests.support.site import ATTACK, INPUT

ROOT = Path(__file__).parents[2]
cluster, elastic_connection = stores.cluster, profiles.elastic_connection
clustered, profile = profiles.clustered, profiles.profile
INVENTORY = """\
units:
  - {id: dc, name: Trung tâm Dữ liệu, name_en: Data Centre, from: '2010-01-01'}
  - {id: ha, name: Sở Hạ, name_en: Department Ha, from: '2010-01-01'}
  - {id: xu, name: Sở Xuân, name_en: Department Xu, from: '2010-01-01'}
zones: [{id: dc, name: Trung tâm dữ liệu}]
systems:
  - {id: ha, name: Trang Hạ, level: 2, kind: web-server, operator: dc, owner: ha}
  - {id: xu, name: Trang Xuân, level: 2, kind: web-server, operator: dc, owner: xu}
networks: []
hosts:
  - {name: HA-WEB01, zone: dc, system: ha, addresses: [10.1.1.1]}
  - {name: XU-WEB01, zone: dc, system: xu, addresses: [10.1.1.2]}
mail_domains: []
api_keys: []
"""


@dataclass(frozen=True)
class Ran:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def clean(self) -> bool:
        """Whether nobody saw a traceback."""
        return "Traceback" not in self.out + self.err


@pytest.fixture
def web(tmp_path, site):
    """One web server with one line, an attack."""
    file = site(tmp_path, INPUT)
    (tmp_path / "logs/a.log").write_bytes(ATTACK)
    return file


@pytest.fixture(scope="session")
def haidang():
    """Runs a command in this process; `stdin` is bytes, `at` replaces the receive clock."""

    def run(*words, stdin=b"", at=None):
        streams = [io.TextIOWrapper(io.BytesIO(given)) for given in (stdin, b"", b"")]
        with pytest.MonkeyPatch.context() as patch:
            for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
                patch.setattr(sys, name, stream)
            if at is not None:
                modules = (calendar, collect, correlate, quarantine)
                modules += (rules_backtest, rules_status, store)
                for module in modules:
                    patch.setattr(module, "receive_clock", lambda: at)
            code = _code(words)
        for stream in streams[1:]:
            stream.flush()
        return Ran(code, *(stream.buffer.getvalue().decode() for stream in streams[1:]))

    return run


def _code(words):
    try:
        return cli.main([str(word) for word in words])
    except SystemExit as done:
        return done.code or 0


@pytest.fixture(scope="session")
def whole_day(haidang, tmp_path_factory):
    """The demo's day of seed 1 on files, played once: its world's folder, and what was told."""
    folder = tmp_path_factory.mktemp("demo")
    ran = haidang("demo", "--once", "--dir", folder)
    return folder / "seed-1", ran


@pytest.fixture(scope="session")
def site():
    """Writes a folder with inventory and configuration; returns the configuration's path."""

    def write(folder, *inputs, **settings):
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        (folder / "inventory.yml").write_text(INVENTORY, "utf-8")
        more = {"operator": "dc", "zone": "dc", "max_behind_days": 36_500}
        content = {
            "data_dir": "data",
            "inventory": "inventory.yml",
            "inputs": [{**more, **one} for one in inputs],
            **settings,
        }
        file = folder / "haidang.yml"
        file.write_text(yaml.safe_dump(content), "utf-8")
        return file

    return write


class Process:
    """A command as its own process; what it says is read while it runs."""

    def __init__(self, folder, words, environment):
        folder.mkdir(exist_ok=True)
        self._files = [folder / "out", folder / "err"]
        with self._files[0].open("wb") as out, self._files[1].open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "haidang", *map(str, words)],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def said(self):
        """Everything on standard output, then everything on standard error."""
        return "".join(file.read_text("utf-8") for file in self._files)

    def wait_for(self, words, seconds=40):
        """Returns when the process has said these words; fails if it never does."""
        end = time.monotonic() + seconds
        while words not in self.said():
            assert time.monotonic() < end, f"{words!r} was not said:\n{self.said()}"
            assert self.process.poll() is None, f"ended without {words!r}:\n{self.said()}"
            time.sleep(0.05)

    def end(self, signal):
        """Sends a signal; the outcome."""
        self.process.send_signal(signal)
        code = self.process.wait(30)
        return Ran(code, *(file.read_text("utf-8") for file in self._files))


@pytest.fixture
def start(tmp_path):
    """Starts commands; whatever still runs at the end of the test is killed."""
    running = []

    def begin(*words, **environment):
        folder = tmp_path / f"process-{len(running)}"
        running.append(Process(folder, words, environment))
        return running[-1]

    yield begin
    for one in running:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
