"""Windows events as Winlogbeat writes them."""

from typing import Any

import orjson
import pytest

from app.demo.windows import (
    Logon,
    Started,
    WindowsEvent,
    event_line,
    logged_off,
    logged_on,
    privileged,
    refused,
    service_state,
    started,
)
from haidang.model.instant import from_iso

_AT = from_iso("2026-11-18T14:31:07.412+07:00")
_LOGON = Logon("svc_saoluu", 10, "0x4e8231c", "10.20.9.41", "TTDL-FS01")


def _document(event: WindowsEvent) -> dict[str, Any]:
    line = event_line("TTDL-FS01", 41, event)
    assert line.endswith(b"}\n")
    document: dict[str, Any] = orjson.loads(line)
    return document


def test_a_line_has_the_keys_of_winlogbeat_8() -> None:
    """Time in UTC with milliseconds, host, record number, channel and provider."""
    document = _document(logged_on(_AT, "TTDL-FS01", _LOGON))
    assert document["@timestamp"] == "2026-11-18T07:31:07.412Z"
    assert document["host"] == {"name": "TTDL-FS01"}
    assert document["event"]["code"] == "4624"
    assert document["winlog"]["record_id"] == 41
    assert document["winlog"]["channel"] == "Security"
    assert document["winlog"]["computer_name"] == "TTDL-FS01.tinhmau.example"


@pytest.mark.parametrize(
    ("event", "code", "outcome", "count"),
    [
        pytest.param(logged_on(_AT, "H", _LOGON), "4624", "success", 27, id="logon"),
        pytest.param(refused(_AT, "H", _LOGON), "4625", "failure", 21, id="failed logon"),
        pytest.param(logged_off(_AT, _LOGON), "4634", "success", 5, id="logoff"),
        pytest.param(privileged(_AT, _LOGON), "4672", "success", 5, id="privileges"),
        pytest.param(
            started(_AT, Started("a", "0x1", "C:\\a.exe", "a")), "4688", "success", 15, id="process"
        ),
    ],
)
def test_event_data_is_whole(event: WindowsEvent, code: str, outcome: str, count: int) -> None:
    """Each event carries every field of its provider's template, all as text."""
    document = _document(event)
    assert (code, outcome) == (document["event"]["code"], document["event"]["outcome"])
    data = document["winlog"]["event_data"]
    assert count == len(data)
    assert all(isinstance(value, str) for value in data.values())


def test_a_process_names_its_user_and_command_line() -> None:
    """4688's account is the subject; the command line keeps diacritics."""
    program = Started("ketoan.snnmt", "0x1", "C:\\x.exe", 'x "D:\\Kế toán.xlsx"')
    data = _document(started(_AT, program))["winlog"]["event_data"]
    assert data["SubjectUserName"] == "ketoan.snnmt"
    assert data["CommandLine"] == 'x "D:\\Kế toán.xlsx"'


def test_a_service_state_is_of_the_system_channel() -> None:
    """7036 has no outcome and is the service control manager's."""
    document = _document(service_state(_AT, "Windows Update", "running"))
    assert document["winlog"]["channel"] == "System"
    assert document["winlog"]["provider_name"] == "Service Control Manager"
    assert "outcome" not in document["event"]
