"""Two web servers whose lines go through the real collector, correlator and alerts.

site = Site.of(tmp_path)
site.log("ha", b"...")   # HA-WEB01 of unit ha; "xu" is XU-WEB01 of unit xu
site.turn(now)
with site.console() as console: ...
"""

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import yaml

from app import config, wiring
from haidang.store.inventory import Inventory
from tests.support.console import Clock, console_over
from tests.support.site import INVENTORY, NOW

SERVERS = {"ha": "HA-WEB01", "xu": "XU-WEB01"}


def request(path, clock="08:01:00", agent="curl/8.5.0", status=200):
    """A line of nginx's access log on 18/11/2026; `path` is bytes as they came."""
    said = b'203.0.113.9 - - [18/Nov/2026:%s +0700] "GET %s HTTP/1.1" %d 1833 "-" "%s"\n'
    return said % (clock.encode(), path, status, agent.encode())


def traversal(what="", clock="08:01:00"):
    """An attack that the server answered; `what` is any text, percent-encoded in the path."""
    return request(b"/tai-ve?ten=%s&tep=../../../../etc/passwd" % quote(what).encode(), clock)


@dataclass(frozen=True)
class Site:
    """A folder with configuration, logs and stores."""

    folder: Path

    @classmethod
    def of(cls, folder):
        """Write configuration and inventory, with empty logs."""
        (folder / "logs").mkdir(parents=True)
        (folder / "inventory.yml").write_text(INVENTORY, "utf-8")
        inputs = [
            {
                "name": name,
                "path": f"logs/{name}.log",
                "dataset": "nginx.access",
                "host": host,
                "operator": "dc",
                "zone": "dc",
                "max_behind_days": 36_500,
            }
            for name, host in SERVERS.items()
        ]
        written = {"data_dir": "data", "inventory": "inventory.yml", "inputs": inputs}
        (folder / "haidang.yml").write_text(yaml.safe_dump(written), "utf-8")
        for name in SERVERS:
            (folder / f"logs/{name}.log").touch()
        return cls(folder)

    def log(self, name, *lines):
        """Append lines to a server's log."""
        with (self.folder / f"logs/{name}.log").open("ab") as file:
            file.writelines(lines)

    def turn(self, now=NOW):
        """Collect and correlate what is there; the alerts."""
        settings = config.load(self.folder / "haidang.yml")
        with wiring.open_collecting(settings) as collecting:
            collecting.run_once(now)
        with wiring.open_soc(settings, now) as soc:
            return soc.correlate(now).alerts

    @contextmanager
    def console(self, **more):
        """A console over the stores; its clock stands at `NOW`."""
        settings = config.load(self.folder / "haidang.yml")
        with ExitStack() as stack:
            stores = stack.enter_context(wiring.open_stores(settings))
            inventory = Inventory.load(settings.inventory)
            yield console_over(stores.database, stores.store, inventory, Clock(), **more)
