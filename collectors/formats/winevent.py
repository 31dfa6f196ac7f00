"""Windows events as a tree of elements, made into the document that Winlogbeat would send.

The tree is evtx_dump's: an element is its text, or an object of its attributes (`#attributes`),
its text (`#text`) and its members; named `Data` elements are members by their names. Values stay
text as Windows renders them. What Winlogbeat has no name for is kept in the same object under the
element's name. Source: the Windows event schema (EvtRender), Winlogbeat's exported fields.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from collectors.formats import json
from collectors.formats.options import Options
from collectors.record import ParserState
from haidang.errors import Refused
from haidang.model.event import Document
from haidang.model.fields import as_text, put

ATTRIBUTES, TEXT = "#attributes", "#text"

# Elements and attributes of System by Winlogbeat's names; numbers where it sends numbers.
_SYSTEM: Mapping[str, str] = {
    "Provider_Name": "provider_name",
    "Provider_Guid": "provider_guid",
    "EventID": "event_id",
    "Task": "task",
    "Opcode": "opcode",
    "Level": "level",
    "Channel": "channel",
    "Computer": "computer_name",
    "Correlation_ActivityID": "activity_id",
    "Correlation_RelatedActivityID": "related_activity_id",
    "Security_UserID": "user.identifier",
}
_NUMBERS: Mapping[str, str] = {
    "Version": "version",
    "EventRecordID": "record_id",
    "Execution_ProcessID": "process.pid",
    "Execution_ThreadID": "process.thread.id",
}
_LEVELS: Mapping[str, str] = {
    "0": "information",
    "1": "critical",
    "2": "error",
    "3": "warning",
    "4": "information",
    "5": "verbose",
}
_RENDERED = {"Message": "message", "Task": "winlog.task", "Opcode": "winlog.opcode"}
_AUDITS = ((1 << 52, "Audit Failure"), (1 << 53, "Audit Success"))  # of the mask of keywords
_GUIDS = ("Guid", "GUID")
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def read(options: Options, text: str, state: ParserState) -> Document:
    """The document of one record as evtx_dump prints it. Raises Refused."""
    tree = json.read(options, text, state)
    if "broken" in tree:
        where = f"at byte {tree.get('offset')} of the EVTX file"
        raise Refused(f"the {tree['broken']} {where} is broken")
    return document(tree)


def document(tree: Mapping[str, Any]) -> Document:
    """The document of an event. Raises Refused."""
    event = tree.get("Event")
    if not isinstance(event, dict) or not isinstance(event.get("System"), dict):
        raise Refused("the record is no Windows event: it has no Event with System")
    found: Document = {"winlog": {}}
    _add_system(found, dict(_flat(event["System"])))
    for name, section in event.items():
        if name in ("System", ATTRIBUTES) or not isinstance(section, dict):
            continue
        if name == "RenderingInfo":
            _add_rendering(found, section)
        elif name == "UserData":
            found["winlog"]["user_data"] = _user_data(section)
        else:
            key = "event_data" if name == "EventData" else name
            found["winlog"][key] = _event_data(section)
    return found


def _add_system(found: Document, system: dict[str, Any]) -> None:
    """What every event has."""
    if time := system.pop("TimeCreated_SystemTime", None):
        found["@timestamp"] = as_text(time)
    keywords = as_text(system.pop("Keywords", None) or "")
    for name, value in system.items():
        text = "" if value is None else as_text(value)
        if not text:
            continue
        if name in _NUMBERS:
            put(found, f"winlog.{_NUMBERS[name]}", int(text) if text.isdigit() else text)
        else:
            put(found, f"winlog.{_SYSTEM.get(name, name)}", _rendered(text))
    if level := _LEVELS.get(found["winlog"].get("level", "")):
        put(found, "log.level", level)
    if keywords:
        found["winlog"]["keywords"] = [*audits(keywords), keywords]


def audits(keywords: str) -> list[str]:
    """The names of the audit bits in a mask such as 0x8020000000000000 or -9214364837600034816."""
    try:
        mask = int(keywords[:20], 16 if keywords[:2].lower() == "0x" else 10)
    except ValueError:
        return []
    return [name for bit, name in _AUDITS if mask & bit]


def _event_data(section: Mapping[str, Any]) -> Document:
    """Members by name without blanks; data without a name is param1, param2 and so on."""
    section = dict(section)
    unnamed = section.pop("Data", None)
    if isinstance(unnamed, dict):
        unnamed = unnamed.get(TEXT, "")
    listed = unnamed if isinstance(unnamed, list) else [] if unnamed is None else [unnamed]
    data = {f"param{number}": _text(value) for number, value in enumerate(listed, 1)}
    for name, value in _flat(section):
        key = "".join(name.split()).replace(".", "_")
        if (key, value) != ("Binary", None):
            data.setdefault(key, _rendered(_text(value)) if key.endswith(_GUIDS) else _texts(value))
    return data


def _rendered(text: str) -> str:
    """A GUID as Windows renders it: in small letters and braces, which EVTX does not hold."""
    return f"{{{text.lower()}}}" if _GUID.fullmatch(text) else text


def _user_data(section: Mapping[str, Any]) -> Document:
    """The members of the one element inside, and that element's name."""
    inner = {name: value for name, value in section.items() if name != ATTRIBUTES}
    name = next(iter(inner), "")
    if len(inner) != 1 or not isinstance(inner[name], dict):
        return _event_data(inner)
    return {"xml_name": name, **_event_data(_without_namespace(inner[name]))}


def _without_namespace(element: Mapping[str, Any]) -> Document:
    attributes = element.get(ATTRIBUTES) or {}
    kept = {key: value for key, value in attributes.items() if not key.startswith("xmlns")}
    return {**element, ATTRIBUTES: kept}


def _add_rendering(found: Document, section: Mapping[str, Any]) -> None:
    """What the sender rendered in words, where Winlogbeat keeps it."""
    rendered = dict(_flat(section))
    for name, path in _RENDERED.items():
        if text := _text(rendered.get(name)):
            put(found, path, text)
    words = [_text(text) for name, text in rendered.items() if name.startswith("Keywords_")]
    if words:
        mask = found["winlog"].get("keywords", [])
        found["winlog"]["keywords"] = list(dict.fromkeys([*filter(None, words), *mask]))


def _flat(element: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every text below an element, by the names on the way to it joined with `_`."""
    for name, value in element.items():
        if name == ATTRIBUTES:
            for attribute, text in (value or {}).items():
                yield f"{prefix}{attribute}", text
        elif isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}_")
        else:
            yield prefix.rstrip("_") if name == TEXT else f"{prefix}{name}", value


def _texts(value: Any) -> Any:
    return [_text(one) for one in value] if isinstance(value, list) else _text(value)


def _text(value: Any) -> str:
    return "" if value is None else as_text(value)
