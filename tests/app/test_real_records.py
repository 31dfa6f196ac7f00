"""Other people's logs with records of several lines, through the collector: none torn, none lost.

The logs are read where they lie; without them these tests are skipped.
"""

import json
import re
import shutil

import pytest

from app import config, wiring
from collectors.dataset import load_dataset
from collectors.frame import Framing, frame
from haidang.model.scope import Scope
from tests.support import beats

NOW = 1_795_000_000_000_000
MINUTE = 60_000_000
FOLDERS = {
    "apache.error": "apache/error",
    "mysql.error": "mysql/error",
    "postgresql.log": "postgresql/log",
    "system.auth": "system/auth",
    "system.syslog": "system/syslog",
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not beats.MODULES.exists(), reason=f"no test data at {beats.MODULES}"),
]


@pytest.fixture(scope="module")
def collected(haidang, site, tmp_path_factory):
    """Every log of each data set, after the passes that a quiet file's last record needs."""
    folder = tmp_path_factory.mktemp("records")
    (folder / "logs").mkdir()
    for name, place in FOLDERS.items():
        for log in (beats.MODULES / place / "test").glob("*.log"):
            shutil.copyfile(log, folder / "logs" / f"{name}-{log.name}")
    inputs = [
        {"name": name, "path": f"logs/{name}-*", "dataset": name, "host": "HA-WEB01"}
        for name in FOLDERS
    ]
    file = site(folder, *inputs)
    for minutes in (0, 10):
        said = haidang("collect", "--once", "--config", file, at=NOW + minutes * MINUTE)
        assert (0, True) == (said.code, said.clean)
    settings = config.load(file)
    store = wiring.open_store(settings)
    events = [json.loads(one.ecs) for one in store.read(Scope.system(), "", 100_000).events]
    store.close()
    kept = (settings.data_dir / "quarantine.ndjson").read_bytes().splitlines()
    return folder / "logs", said.out, events, [json.loads(line) for line in kept]


def records(log):
    """Offset and text of every record that is not blank."""
    dataset = load_dataset(_dataset(log))
    how = Framing(1 << 20, dataset.continued)
    data = log.read_bytes()
    whole = frame(data, 0, skipping=False, last=True, closed=True, how=how, max_lines=len(data))
    return [(str(log), offset) for offset, content, _ in whole.lines if content]


def _dataset(log):
    return next(name for name in FOLDERS if log.name.startswith(f"{name}-"))


def test_every_record_is_exactly_one_event_or_quarantined(collected):
    """Offsets of both together are those of all records, and the ledger counts the same."""
    folder, said, events, quarantined = collected
    expected = sorted(one for log in folder.iterdir() for one in records(log))
    found = [(one["log"]["file"]["path"], one["log"]["offset"]) for one in events]
    found += [(one["path"], one["offset"]) for one in quarantined]

    assert len(expected) > 2_000
    assert expected == sorted(found)
    totals = dict(re.findall(r"(\w+)=(\d+)", said.splitlines()[1]))
    assert str(len(events)) == totals["indexed"]
    assert str(len(quarantined)) == totals["quarantined"]


def test_records_of_several_lines_are_whole(collected):
    """Each is flagged, and together they hold every line that continues another."""
    _, _, events, _ = collected
    several = [one for one in events if "\n" in one["event"]["original"]]

    assert len(several) > 50
    assert all("multiline" in one["log"]["flags"] for one in several)


def test_little_is_refused(collected):
    """Lines in front of a file's first record, and lines that are of no log at all."""
    _, _, events, quarantined = collected

    assert len(quarantined) / len(events) < 0.01
