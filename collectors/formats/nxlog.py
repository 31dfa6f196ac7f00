"""Windows events as flat JSON (NXLog's im_msvistalog, OTRF's data sets), in Winlogbeat's form.

Fields of every event go to Winlogbeat's names; all others are the event's own data. Source: NXLog
documentation, "Event Log for Windows", fields.
"""

from collections.abc import Mapping
from typing import Any

from collectors.formats import json
from collectors.formats.options import Options
from collectors.formats.winevent import audits
from collectors.record import ParserState
from haidang.errors import Refused
from haidang.model.event import Document
from haidang.model.fields import as_text, put

# By the first name that is there.
_SYSTEM: Mapping[str, tuple[str, ...]] = {
    "winlog.event_id": ("EventID",),
    "winlog.channel": ("Channel",),
    "winlog.computer_name": ("Hostname", "Computer", "ComputerName"),
    "winlog.provider_name": ("SourceName", "ProviderName"),
    "winlog.provider_guid": ("ProviderGuid",),
    "winlog.record_id": ("RecordNumber", "EventRecordID"),
    "winlog.level": ("Level",),
    "winlog.task": ("Task",),
    "winlog.opcode": ("OpcodeValue", "Opcode"),
    "winlog.version": ("Version",),
    "winlog.activity_id": ("ActivityID",),
    "winlog.related_activity_id": ("RelatedActivityID",),
    "winlog.process.pid": ("ExecutionProcessID",),
    "winlog.process.thread.id": ("ExecutionThreadID", "ThreadID"),
    "winlog.user.identifier": ("UserID",),
    "winlog.user.name": ("AccountName",),
    "winlog.user.domain": ("Domain",),
    "winlog.user.type": ("AccountType",),
    "message": ("Message",),
    "@timestamp": ("@timestamp", "TimeCreated", "EventTime"),
}
# What NXLog and a shipper after it add; kept beside the event, as it came.
_SHIPPING = frozenset(
    {
        *("@timestamp", "@version", "host", "port", "tags", "type"),
        *("Category", "EventReceivedTime", "EventTimeWritten", "Severity", "SeverityValue"),
        *("SourceModuleName", "SourceModuleType"),
    }
)
_EVENT_TYPES = frozenset(
    {"AUDIT_SUCCESS", "AUDIT_FAILURE", "CRITICAL", "ERROR", "WARNING", "INFO", "VERBOSE"}
)
_NUMBERS = ("winlog.record_id", "winlog.version", "winlog.process.pid", "winlog.process.thread.id")


def read(options: Options, text: str, state: ParserState) -> Document:
    """The document of one event. Raises Refused."""
    sent = json.read(options, text, state)
    if "EventID" not in sent:
        raise Refused("the record is no Windows event: it has no EventID")
    found: Document = {"winlog": {}}
    for path, names in _SYSTEM.items():
        name = next((name for name in names if sent.get(name) not in (None, "")), "")
        if name:
            text = as_text(sent.pop(name))
            put(found, path, int(text) if path in _NUMBERS and text.isdigit() else text)
    if keywords := as_text(sent.pop("Keywords", "")):
        found["winlog"]["keywords"] = [*audits(keywords), keywords]
    _add_rest(found, sent)
    return found


def _add_rest(found: Document, sent: Document) -> None:
    """The event's own data, and what was added on the way."""
    for name, value in sent.items():
        shipping = name in _SHIPPING or (name == "EventType" and as_text(value) in _EVENT_TYPES)
        place = found.setdefault("nxlog", {}) if shipping else _data(found)
        place["".join(name.split()).replace(".", "_")] = value if shipping else _plain(value)


def _data(found: Document) -> Document:
    data: Document = found["winlog"].setdefault("event_data", {})
    return data


def _plain(value: Any) -> Any:
    return value if isinstance(value, (dict, list)) else as_text(value)
