"""Secrets in the logs of every data set, on both profiles: nothing that is kept or said has one."""

import os
import re
from hashlib import sha256

import pytest

from app import config, wiring
from collectors.dataset import dataset_names, load_dataset
from haidang.store.events.protocol import START
from tests.support.secrets import FORMS
from tests.support.site import ATTACK, MINUTE, NOW, counts

VALUES = {
    "citizen": "001099012345",
    "mobile": "0912345678",
    "card": "4111111111111111",
    "insurance": "DN4010123456789",
}
WORD = "Zq9matkhau.16ky"
SECRETS = [one.encode() for one in (WORD, *VALUES.values())]
PLANTS = [
    form.replace("{}", VALUES.get(kind, WORD)) for kind, forms in FORMS.items() for form in forms
]
SHARE = int(os.environ.get("HAIDANG_CASES", "1"))


def _planted(line, number):
    """The line with a secret somewhere, by the line's hash."""
    digest = int.from_bytes(sha256(b"%d %b" % (number, line)).digest()[:8])
    place, text = digest % (len(line) + 1), PLANTS[digest // 4096 % len(PLANTS)]
    return line[:place] + text.encode() + line[place:]


def _log(dataset):
    """Every data line of the cases, as often as asked, each with a secret."""
    lines = [line for case in dataset.cases for line in case.lines]
    return b"".join(
        (line if line.startswith(b"#") else _planted(line, number)) + b"\n"
        for number in range(SHARE)
        for line in lines
    )


@pytest.fixture
def planted(site, tmp_path, profile):
    """A site with an input of every data set, and an attack whose path holds a secret."""
    inputs = [
        {"name": name, "path": f"logs/{name}.log", "dataset": name, "host": "HA-WEB01"}
        for name in dataset_names()
    ]
    file = site(tmp_path, *inputs, **profile)
    for name in dataset_names():
        (tmp_path / f"logs/{name}.log").write_bytes(_log(load_dataset(name)))
    with (tmp_path / "logs/nginx.access.log").open("ab") as log:
        log.write(ATTACK.replace(b"tep=", b"password=%b&cccd=001099012345&tep=" % WORD.encode()))
    return file


def _holds_a_secret(content):
    return [one for one in SECRETS if one in content]


@pytest.mark.slow
def test_no_secret_is_kept_or_said(haidang, planted, tmp_path):
    """Events, alerts with evidence, quarantine, offsets, exports, every word of every command."""
    said = [haidang("collect", "--once", "--config", planted, at=NOW + n * MINUTE) for n in (0, 9)]
    said.append(haidang("correlate", "--once", "--config", planted, at=NOW + 9 * MINUTE))
    said.append(haidang("alerts", "--format", "json", "--evidence", "--config", planted))
    said += [haidang("alerts", "--config", planted), haidang("coverage", "--config", planted)]
    said.append(haidang("quarantine", "list", "--config", planted))
    ids = re.findall(rb'"id":"(\w+)"', (tmp_path / "data/quarantine.ndjson").read_bytes())
    said += [haidang("quarantine", "show", one.decode(), "--config", planted) for one in ids[:20]]
    said.append(haidang("quarantine", "retry", "--all", "--config", planted, at=NOW + 9 * MINUTE))
    events = list(_events(planted))
    ledger = counts(said[1].out.splitlines()[-1])

    assert [] == [one.id for one in events if _holds_a_secret(one.ecs)]
    for ran in said:
        assert ran.clean
        assert [] == _holds_a_secret((ran.out + ran.err).encode()), ran
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or [] == _holds_a_secret(path.read_bytes()), path
    assert len(events) == ledger["indexed"] + ledger["derived"] > 50
    assert ids
    assert "password=<secret:" in said[3].out


def _events(file):
    with wiring.open_stores(config.load(file)) as one:
        position = START
        while (page := one.store.read(one.scope, position, 10_000)).position != position:
            yield from page.events
            position = page.position


@pytest.mark.parametrize("name", dataset_names())
def test_parse_says_no_secret(haidang, tmp_path, name):
    """What `haidang parse --explain` prints."""
    log = tmp_path / "a.log"
    log.write_bytes(_log(load_dataset(name)))
    ran = haidang("parse", "--dataset", name, "--explain", log)
    assert (0, []) == (ran.code, _holds_a_secret((ran.out + ran.err).encode()))
