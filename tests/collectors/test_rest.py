"""What no field takes is kept; the header of an envelope is, too."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from collectors.dataset import Dataset
from collectors.dataset_file import read_definition
from collectors.record import Context
from haidang.errors import InputError, Refused
from haidang.model.event import encode
from haidang.model.instant import from_iso, to_iso

DATASET = """\
name: x
about: A test.
%s
masks: []
"""
ENVELOPED = """\
envelope: syslog
format: regex
patterns: [{name: p, parts: ['user=(?P<user>\\S+) from (?P<from>\\S+) port (?P<port>\\S+)']}]
time: [{from: nowhere, format: iso}, {from: syslog.timestamp, format: syslog}]
absent: ['-']
fields:
  syslog.host: host.name
  user: {to: user.name, type: lower}
  from: {to: source.ip, type: ip}
  port: {to: source.port, type: long}
rest: x.rest
"""
SEEN = from_iso("2026-11-18T12:00:00Z")


def _dataset(folder: Path, text: str) -> Dataset:
    path = folder / "x.yml"
    path.write_text(DATASET % text)
    return Dataset(read_definition(path))


def _parse(dataset: Dataset, line: str) -> dict[str, Any]:
    parsed = dataset.parse(line.encode(), Context(seen=SEEN), {})[0]
    document: dict[str, Any] = orjson.loads(encode(parsed.document))
    return {**document, "@timestamp": to_iso(parsed.time or 0)}


def test_a_message_in_a_syslog_envelope(tmp_path: Path) -> None:
    """Patterns read the message, fields may name parts of the header, log.syslog has them all."""
    line = "<38>Nov 18 08:15:30 fw01 auth[7]: user=Lan from 192.0.2.1 port 22"
    document = _parse(_dataset(tmp_path, ENVELOPED), line)
    assert document == {
        "@timestamp": "2026-11-18T01:15:30.000Z",
        "event": {"original": line, "timezone": "+07:00"},
        "haidang": {"logsource": []},
        "host": {"name": "fw01"},
        "user": {"name": "lan"},
        "source": {"ip": "192.0.2.1", "port": 22},
        "x": {"rest": {"user": "Lan"}},
        "log": {
            "syslog": {
                "priority": 38,
                "facility": {"code": 4},
                "severity": {"code": 6},
                "hostname": "fw01",
                "appname": "auth",
                "procid": "7",
            }
        },
    }


def test_a_value_that_its_type_refuses_is_kept(tmp_path: Path) -> None:
    """`source.ip` takes no name; the name is not lost for it, and what is absent is nothing."""
    line = "Nov 18 08:15:30 fw01 auth: user=- from máy-một port none"
    document = _parse(_dataset(tmp_path, ENVELOPED), line)
    assert document["x"] == {"rest": {"from": "máy-một", "port": "none"}}
    assert "source" not in document


def test_explain_tells_the_envelope_from_its_message(tmp_path: Path) -> None:
    """Which of the two did not fit, and how far it got."""
    dataset = _dataset(tmp_path, ENVELOPED)
    good = dataset.explain(b"Nov 18 08:15:30 h a: user=lan from 192.0.2.1 port 22", {})
    assert (good["pattern"], good["envelope"]["syslog.host"]) == ("p", "h")
    assert good["groups"]["user"] == "lan"
    head = dataset.explain(b"<999> x", {})
    assert (head["format"], head["fits_to_column"]) == ("syslog", 0)
    message = dataset.explain(b"Nov 18 08:15:30 h a: user", {})
    assert message["patterns"][0]["fits_to_column"] == 0


def test_a_whole_document_may_lie_below_a_path(tmp_path: Path) -> None:
    """Then its members cannot pass for ours, and nothing of it is ECS by accident."""
    text = "format: json\nrest: app.log\nfields: {a.b: user.name}\ntime: {from: t, format: epoch}"
    line = '{"a":{"b":"lan"},"t":1,"haidang":{"logsource":[]},"source":"x"}'
    document = _parse(_dataset(tmp_path, text), line)
    assert document["app"]["log"] == orjson.loads(line)
    assert (document["user"], document["haidang"]) == ({"name": "lan"}, {"logsource": []})
    assert document["@timestamp"] == "1970-01-01T00:00:01.000Z"
    assert "source" not in document


def test_a_document_in_an_envelope(tmp_path: Path) -> None:
    """A JSON message behind a syslog header, its time by the header."""
    text = """\
envelope: syslog
format: json
time: {from: syslog.timestamp, format: syslog}
fields: {syslog.app: process.name, n: user.name}
"""
    document = _parse(_dataset(tmp_path, text), 'Nov 18 08:15:30 h app: {"n":"lan"}')
    assert (document["process"], document["user"]) == ({"name": "app"}, {"name": "lan"})
    assert document["log"]["syslog"]["hostname"] == "h"
    assert document["@timestamp"] == "2026-11-18T01:15:30.000Z"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named_as_the_reason(tmp_path: Path, codec: str) -> None:
    """With or without its mark: the person who set the file up can mend it."""
    dataset = _dataset(tmp_path, ENVELOPED)
    with pytest.raises(Refused, match="UTF-16, not UTF-8"):
        dataset.parse("Nov 18 08:15:30 h a: b".encode(codec), Context(), {})


WRONG = """\
envelope: carrier-pigeon
format: json
patterns: []
delimiter: ';;'
rest: 'not a path'
time: [{from: [a, b], format: '%%Q'}]
"""


def test_wrong_words_about_the_format_are_told(tmp_path: Path) -> None:
    """A key that the format does not read would otherwise be silent."""
    with pytest.raises(InputError) as raised:
        _dataset(tmp_path, WRONG % ())
    assert {problem.field for problem in raised.value.problems} == {
        "envelope",
        "patterns",
        "delimiter",
        "rest",
        "time.0.format",
    }
