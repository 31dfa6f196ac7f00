"""The facts that a sentence can name without naming a rule: `{user}`, `{program}`, `{file}`.

Most are the first value that an event of the detection holds at one of a few ECS paths; the paths
of Windows event data stand in where a data set makes no ECS copy. The others are measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

How: TypeAlias = Literal["text", "short", "basename", "outcome", "count", "measured"]


@dataclass(frozen=True, slots=True)
class Fact:
    """Where a fact stands and how it is shown.

    `short` cuts a long text, `basename` keeps the end of a path, `outcome` is a word for ECS's
    event.outcome, `count` counts distinct values (absent below two); `measured` facts are the
    detection's own, or those of the machine that it is about (`machine.py`).
    """

    how: How
    paths: tuple[str, ...] = ()


_DATA = "winlog.event_data."
_PROGRAM = ("process.executable", "process.name", f"{_DATA}Image", f"{_DATA}SourceImage")
_SOURCE = ("source.ip", "source.address")
_USER = ("user.name", f"{_DATA}SubjectUserName", f"{_DATA}User", f"{_DATA}TargetUserName")
_DESTINATION = ("destination.domain", "destination.ip", f"{_DATA}DestinationIp")

FACTS: Mapping[str, Fact] = {
    "action": Fact("short", ("event.action",)),
    "beat": Fact("measured"),
    "code": Fact("text", ("event.code",)),
    "command": Fact("short", ("process.command_line", f"{_DATA}CommandLine")),
    "count": Fact("measured"),
    "destination": Fact("text", _DESTINATION),
    "destination_count": Fact("count", _DESTINATION),
    "duration": Fact("measured"),
    "domain": Fact("text", ("dns.question.name", f"{_DATA}QueryName", "url.domain")),
    "file": Fact("text", ("file.path", f"{_DATA}TargetFilename", f"{_DATA}FileName")),
    "group": Fact("text", ("group.name", f"{_DATA}TargetUserName")),
    "host": Fact("measured"),
    "host_count": Fact("count", ("host.name",)),
    "library": Fact("text", (f"{_DATA}ImageLoaded", "dll.path", "dll.name")),
    "machine": Fact("measured"),
    "member": Fact("text", (f"{_DATA}MemberName", f"{_DATA}MemberSid")),
    "message": Fact("short", ("message", "event.original")),
    "method": Fact("text", ("http.request.method",)),
    "outcome": Fact("outcome", ("event.outcome",)),
    "parent": Fact("basename", ("process.parent.executable", f"{_DATA}ParentImage")),
    "pipe": Fact("text", (f"{_DATA}PipeName", "file.name")),
    "port": Fact("text", ("destination.port", f"{_DATA}DestinationPort")),
    "program": Fact("basename", _PROGRAM),
    "query": Fact("short", ("postgresql.log.query", "mysql.slowlog.query")),
    "registry": Fact("text", ("registry.path", f"{_DATA}TargetObject")),
    "script": Fact(
        "short", ("powershell.file.script_block_text", f"{_DATA}ScriptBlockText", f"{_DATA}Payload")
    ),
    "service": Fact("text", (f"{_DATA}ServiceName", f"{_DATA}param1")),
    "service_path": Fact("short", (f"{_DATA}ImagePath", f"{_DATA}ServiceFileName")),
    "source": Fact("text", _SOURCE),
    "source_count": Fact("count", _SOURCE),
    "span": Fact("measured"),
    "status": Fact("text", ("http.response.status_code",)),
    "switched_on": Fact("measured"),
    "target_account": Fact("text", ("user.target.name", f"{_DATA}TargetUserName")),
    "target_program": Fact("basename", (f"{_DATA}TargetImage",)),
    "task": Fact("text", (f"{_DATA}TaskName",)),
    "threat": Fact("text", ("rule.name", f"{_DATA}Threat Name", f"{_DATA}ThreatName")),
    "time": Fact("measured"),
    "title": Fact("measured"),
    "url": Fact("short", ("url.original", "url.full", "url.path")),
    "user": Fact("text", _USER),
    "user_count": Fact("count", _USER),
    "value": Fact("short", ("registry.data.strings", f"{_DATA}Details")),
}
