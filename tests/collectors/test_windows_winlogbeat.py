"""windows.winlogbeat: everything sent is kept, copies never overwrite, channels become services."""

from typing import Any

import orjson
import pytest

from collectors.dataset import load_dataset
from collectors.record import Context

WINLOGBEAT = load_dataset("windows.winlogbeat")


def _parse(channel: str, code: int, data: dict[str, str], **more: Any) -> dict[str, Any]:
    source = {
        "@timestamp": "2026-11-18T01:15:30.123Z",
        "event": {"code": str(code)},
        "winlog": {"channel": channel, "event_data": data},
        **more,
    }
    return WINLOGBEAT.parse(orjson.dumps(source), Context(), {})[0].document


def test_the_source_is_kept_in_its_order() -> None:
    """Unknown fields too; what we add comes after or inside."""
    line = b'{"zz":{"b":1,"a":[null,{}]},"@timestamp":"2026-11-18T01:15:30Z","aa":"x"}'
    document = WINLOGBEAT.parse(line, Context(), {})[0].document
    assert list(document)[:3] == ["zz", "@timestamp", "aa"]
    assert list(document["zz"]) == ["b", "a"]
    assert "original" not in document["event"]


def test_a_copy_never_overwrites_what_was_sent() -> None:
    """Whether the source wrote the field nested, dotted, or a scalar in its place."""
    data = {"TargetUserName": "lan", "IpAddress": "10.0.0.1", "ProcessName": "C:\\a.exe"}
    sent = {"user.name": "sent", "process": "scalar"}
    document = _parse("Security", 4624, data, **sent)
    assert document["user.name"] == "sent"
    assert "name" not in document.get("user", {})
    assert document["process"] == "scalar"
    assert document["winlog"]["event_data"] == data


def test_a_source_cannot_speak_for_us() -> None:
    """A sent `haidang` object is kept under another name."""
    document = _parse("Security", 4624, {}, haidang={"logsource": [{"product": "x"}]})
    assert {"product": "x"} not in document["haidang"]["logsource"]
    assert document["sent_haidang"] == {"logsource": [{"product": "x"}]}


SYSMON = "Microsoft-Windows-Sysmon/Operational"
POWERSHELL = "Microsoft-Windows-PowerShell/Operational"
DEFENDER = "Microsoft-Windows-Windows Defender/Operational"
SCHEDULER = "Microsoft-Windows-TaskScheduler/Operational"


@pytest.mark.parametrize(
    ("channel", "code", "expected"),
    [
        pytest.param("Security", 4624, {"service": "security"}, id="security"),
        pytest.param("security", 4624, {"service": "security"}, id="letter case"),
        pytest.param("System", 7045, {"service": "system"}, id="system"),
        pytest.param("Security", 4688, {"category": "process_creation"}, id="4688"),
        pytest.param("Windows PowerShell", 400, {"category": "ps_classic_start"}, id="classic"),
        pytest.param(POWERSHELL, 4104, {"category": "ps_script"}, id="script block"),
        pytest.param(SYSMON, 1, {"category": "process_creation"}, id="sysmon 1"),
        pytest.param(SYSMON, 13, {"category": "registry_set"}, id="registry_set"),
        pytest.param(SYSMON, 13, {"category": "registry_event"}, id="and registry_event"),
        pytest.param(DEFENDER, 1116, {"service": "windefend"}, id="defender"),
        pytest.param(SCHEDULER, 106, {"service": "taskscheduler"}, id="scheduler"),
    ],
)
def test_log_sources(channel: str, code: int, expected: dict[str, str]) -> None:
    """By channel, and by channel and event code."""
    logsource = _parse(channel, code, {})["haidang"]["logsource"]
    assert {"product": "windows", **expected} in logsource


def test_code_1_of_another_channel_is_no_process() -> None:
    """Event codes mean something only within their channel."""
    logsource = _parse("System", 1, {"Image": "x"})["haidang"]["logsource"]
    assert not any("category" in entry for entry in logsource)


def test_an_event_without_code_uses_winlog_event_id() -> None:
    """Winlogbeat 7 processors may drop event.code."""
    line = b'{"winlog":{"channel":"Security","event_id":4625,"event_data":{"TargetUserName":"a"}}}'
    parsed = WINLOGBEAT.parse(line, Context(), {})[0]
    assert parsed.time is None
    assert parsed.document["event"]["code"] == "4625"
    assert parsed.document["event"]["outcome"] == "failure"
