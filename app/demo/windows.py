"""Windows events as Winlogbeat 8 writes them to a file: one JSON object a line.

`winlog.event_data` holds everything the provider's template has for the event, as text.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.demo.names import DOMAIN
from haidang.model.instant import Instant, to_iso

_SECURITY = ("Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-A5BA-3E3B0328C30D}")
_SERVICES = ("Service Control Manager", "{555908d1-a6d7-4695-8e1e-26931d2012f4}")
_NETBIOS = "TINHMAU"
_VERSION = "8.17.3"
_NO_GUID = "{00000000-0000-0000-0000-000000000000}"
_SYSTEM_LOGON = "0x3e7"
_WORDS = {
    "4624": ("Logon", "An account was successfully logged on."),
    "4625": ("Logon", "An account failed to log on."),
    "4634": ("Logoff", "An account was logged off."),
    "4672": ("Special Logon", "Special privileges assigned to new logon."),
    "4688": ("Process Creation", "A new process has been created."),
    "5156": (
        "Filtering Platform Connection",
        "The Windows Filtering Platform has permitted a connection.",
    ),
}


@dataclass(frozen=True, slots=True)
class WindowsEvent:
    """What differs between events; everything else follows from the host and the provider."""

    moment: Instant
    code: str
    data: dict[str, str]
    channel: str = "Security"
    outcome: str = "success"
    message: str = ""


@dataclass(frozen=True, slots=True)
class Logon:
    """A logon or its failure; `kind` is Windows's logon type, `session` the logon id."""

    user: str
    kind: int
    session: str = "0x0"
    address: str = "-"
    workstation: str = "-"
    process: str = "C:\\Windows\\System32\\svchost.exe"
    package: str = "Negotiate"


@dataclass(frozen=True, slots=True)
class Started:
    """A started process of a logged-on user."""

    user: str
    session: str
    image: str
    command: str
    parent: str = "C:\\Windows\\explorer.exe"
    number: int = 0x1A40
    extra: dict[str, str] = field(default_factory=dict)


def event_line(host: str, record: int, event: WindowsEvent) -> bytes:
    """The NDJSON line of one event of a host; `record` is the channel's record number."""
    return orjson.dumps(_document(host, record, event)) + b"\n"


def _document(host: str, record: int, event: WindowsEvent) -> dict[str, Any]:
    moment = event.moment // 1000 * 1000  # Winlogbeat writes milliseconds
    security = event.channel == "Security"
    provider, guid = _SECURITY if security else _SERVICES
    task, words = _WORDS.get(event.code, ("", event.message))
    agent = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{host}.{DOMAIN}"))
    winlog: dict[str, Any] = {
        "api": "wineventlog",
        "channel": event.channel,
        "computer_name": f"{host}.{DOMAIN}",
        "event_data": event.data,
        "event_id": event.code,
        "keywords": [f"Audit {event.outcome.title()}"] if security else ["Classic"],
        "opcode": "Info",
        "process": {"pid": 652 if security else 636, "thread": {"id": 700 + record % 97 * 4}},
        "provider_guid": guid,
        "provider_name": provider,
        "record_id": record,
        **({"task": task} if task else {}),
        "version": {"4624": 2, "4688": 2}.get(event.code, 0),
    }
    return {
        "@timestamp": to_iso(moment),
        "@metadata": {"beat": "winlogbeat", "type": "_doc", "version": _VERSION},
        "agent": {"id": agent, "name": host, "type": "winlogbeat", "version": _VERSION},
        "ecs": {"version": "8.0.0"},
        "event": {
            **({"action": task} if task else {}),
            "code": event.code,
            "created": to_iso(moment + 1_204_000),
            "kind": "event",
            **({"outcome": event.outcome} if security else {}),
            "provider": provider,
        },
        "host": {"name": host},
        "log": {"level": "information"},
        "message": words,
        "winlog": winlog,
    }


def user_id(user: str) -> str:
    """A security identifier that is always the same for a name (never a well-known one)."""
    number = 1100 + uuid.uuid5(uuid.NAMESPACE_DNS, user).int % 8000
    return f"S-1-5-21-1846213741-2290134410-3301947562-{number}"


def logged_on(moment: Instant, host: str, one: Logon) -> WindowsEvent:
    """4624, version 2."""
    data = {
        **_subject(host),
        **_target(one.user, one.session),
        **_logon_parts(one),
        "LogonGuid": _NO_GUID,
        "TransmittedServices": "-",
        "ImpersonationLevel": "%%1833",
        "RestrictedAdminMode": "%%1843" if one.kind == 10 else "-",
        "TargetOutboundUserName": "-",
        "TargetOutboundDomainName": "-",
        "VirtualAccount": "%%1843",
        "TargetLinkedLogonId": "0x0",
        "ElevatedToken": "%%1842",
    }
    return WindowsEvent(moment, "4624", data)


def refused(moment: Instant, host: str, one: Logon) -> WindowsEvent:
    """4625 for a wrong password (status 0xc000006d, sub-status 0xc000006a)."""
    data = {
        **_subject(host),
        "TargetUserSid": "S-1-0-0",
        "TargetUserName": one.user,
        "TargetDomainName": _NETBIOS,
        "Status": "0xc000006d",
        "FailureReason": "%%2313",
        "SubStatus": "0xc000006a",
        **_logon_parts(one),
        "TransmittedServices": "-",
    }
    return WindowsEvent(moment, "4625", data, outcome="failure")


def logged_off(moment: Instant, one: Logon) -> WindowsEvent:
    """4634."""
    data = {**_target(one.user, one.session), "LogonType": str(one.kind)}
    return WindowsEvent(moment, "4634", data)


def privileged(moment: Instant, one: Logon) -> WindowsEvent:
    """4672: the new logon holds administrators' privileges."""
    names = ("SeSecurityPrivilege", "SeBackupPrivilege", "SeRestorePrivilege", "SeDebugPrivilege")
    data = {**_as_subject(one.user, one.session), "PrivilegeList": "\n\t\t\t".join(names)}
    return WindowsEvent(moment, "4672", data)


def started(moment: Instant, one: Started) -> WindowsEvent:
    """4688, version 2, with the command line (the policy that includes it is on)."""
    data = {
        **_as_subject(one.user, one.session),
        "NewProcessId": hex(one.number),
        "NewProcessName": one.image,
        "TokenElevationType": "%%1936",
        "ProcessId": hex(one.number - 0x2C4),
        "CommandLine": one.command,
        "TargetUserSid": "S-1-0-0",
        "TargetUserName": "-",
        "TargetDomainName": "-",
        "TargetLogonId": "0x0",
        "ParentProcessName": one.parent,
        "MandatoryLabel": "S-1-16-8192",
        **one.extra,
    }
    return WindowsEvent(moment, "4688", data)


def connected(
    moment: Instant, image: str, source: tuple[str, int], target: tuple[str, int]
) -> WindowsEvent:
    """5156, version 1: an inbound TCP connection to a program was let through."""
    data = {
        "ProcessID": "11024",
        "Application": "\\device\\harddiskvolume3" + image.removeprefix("C:").lower(),
        "Direction": "%%14592",
        "SourceAddress": source[0],
        "SourcePort": str(source[1]),
        "DestAddress": target[0],
        "DestPort": str(target[1]),
        "Protocol": "6",
        "InterfaceIndex": "12",
        "FilterOrigin": "Unknown",
        "FilterRTID": "70211",
        "LayerName": "%%14610",
        "LayerRTID": "44",
        "RemoteUserID": "S-1-0-0",
        "RemoteMachineID": "S-1-0-0",
    }
    return WindowsEvent(moment, "5156", data)


def service_state(moment: Instant, name: str, state: str) -> WindowsEvent:
    """7036 of the System channel: a service entered a state."""
    data = {"param1": name, "param2": state}
    words = f"The {name} service entered the {state} state."
    return WindowsEvent(moment, "7036", data, channel="System", message=words)


def _subject(host: str) -> dict[str, str]:
    return {
        "SubjectUserSid": "S-1-5-18",
        "SubjectUserName": f"{host}$",
        "SubjectDomainName": _NETBIOS,
        "SubjectLogonId": _SYSTEM_LOGON,
    }


def _as_subject(user: str, session: str) -> dict[str, str]:
    return {
        "SubjectUserSid": user_id(user),
        "SubjectUserName": user,
        "SubjectDomainName": _NETBIOS,
        "SubjectLogonId": session,
    }


def _target(user: str, session: str) -> dict[str, str]:
    return {
        "TargetUserSid": user_id(user),
        "TargetUserName": user,
        "TargetDomainName": _NETBIOS,
        "TargetLogonId": session,
    }


def _logon_parts(one: Logon) -> dict[str, str]:
    local = one.address == "-"
    return {
        "LogonType": str(one.kind),
        "LogonProcessName": "User32 " if one.kind in (2, 10) else "Advapi  ",
        "AuthenticationPackageName": one.package,
        "WorkstationName": one.workstation,
        "LmPackageName": "NTLM V2" if one.package == "NTLM" else "-",
        "KeyLength": "128" if one.package == "NTLM" else "0",
        "ProcessId": "0x0" if one.package == "NTLM" else "0x3f8",
        "ProcessName": "-" if one.package == "NTLM" else one.process,
        "IpAddress": one.address,
        "IpPort": "-" if local else "0",
    }
