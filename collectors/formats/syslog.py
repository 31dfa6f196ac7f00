"""Syslog: RFC 5424, RFC 3164 as it is really sent, and the files that rsyslog writes.

All groups are called `syslog.…`, whether syslog is the dataset's format or its envelope. An octet
count in front (RFC 6587) and a byte-order mark before the message are dropped.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from collectors.formats.options import Options
from collectors.record import Misfit, ParserState

NAMES = tuple(
    f"syslog.{name}"
    for name in (
        "priority", "facility", "severity", "version", "timestamp", "host", "app", "pid", "msgid",
        "structured_data", "message",
    )
)  # fmt: skip

_NIL = "-"
_BOM = "\ufeff"
_COUNT = re.compile(r"[1-9]\d{0,6} (?=<)")
_PRIORITY = re.compile(r"<(1[0-8]\d|19[01]|[1-9]?\d)>")
_VERSION = re.compile(r"([1-9]\d{0,2})(?: |$)")
# RFC 5424, section 6: each part, and how it is called where a line goes wrong.
_PARTS = tuple(
    (name, re.compile(pattern), expected)
    for name, pattern, expected in (
        (
            "timestamp",
            r"(-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)) ",
            "a time of RFC 3339, or -",
        ),
        ("host", r"([!-~]{1,255}+) ", "a host name of 1 to 255 characters, or -"),
        ("app", r"([!-~]{1,48}+) ", "an app name of 1 to 48 characters, or -"),
        ("pid", r"([!-~]{1,128}+) ", "a process id of 1 to 128 characters, or -"),
        ("msgid", r"([!-~]{1,32}+) ", "a message id of 1 to 32 characters, or -"),
    )
)
_NAME = r"[!#-<>-\\^-~]{1,32}+"
_VALUE = r'[^"\\\]]*+(?:\\.[^"\\\]]*+)*+'
_ELEMENT = re.compile(rf'\[({_NAME})((?: {_NAME}="{_VALUE}")*+)\]', re.DOTALL)
_PARAMETER = re.compile(rf' ({_NAME})="({_VALUE})"', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\\]])')
_OLD_TIME = re.compile(
    r"((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?: \d|[0-3]?\d) (?:\d{4} )?"
    r"[0-2]\d:[0-5]\d:[0-6]\d(?:\.\d{1,9})?"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    # Databases write a time without an offset, too; a host and a numbered program behind it do not.
    r"(?:Z|[+-]\d\d:?\d\d|(?= [^\s:\[\]=]{1,255}+ [^\s:\[\]=]{1,128}+\[\d{1,10}\]: ))) "
)
_OLD_HOST = re.compile(r"([^\s:\[\]=]++|[^\s=]++(?<!:)) ++")
_TAG = re.compile(
    r"(?!CEF:|LEEF:)([^\s:\[\]=]{1,128}+)(?:\[([^\]\s]{0,128}+)\](?::|(?= ))|:(?!//|\\)) ?"
)


def read(options: Options, text: str, state: ParserState) -> dict[str, str | None]:
    """The groups of a line. Raises Misfit.

    A line that names a version after its priority is held to RFC 5424 strictly. Every other one
    needs a time in front, RFC 3164's or ISO with its offset (or with a numbered program behind);
    behind a priority a letter will do, too (RFC 3164, 4.3.3): firewalls leave the header out.
    """
    del options, state  # a line of this format stands alone
    count = _COUNT.match(text)
    start = count.end() if count else 0
    groups: dict[str, str | None] = dict.fromkeys(NAMES)
    if priority := _PRIORITY.match(text, start):
        groups["syslog.priority"] = priority[1]
        groups["syslog.facility"] = str(int(priority[1]) // 8)
        groups["syslog.severity"] = str(int(priority[1]) % 8)
        start = priority.end()
        if version := _VERSION.match(text, start):
            groups["syslog.version"] = version[1]
            return _read_new(text, version.end(), groups)
    elif text[start : start + 1] == "<":
        raise Misfit("the line is not syslog", start, "a priority from <0> to <191>")
    time = _OLD_TIME.match(text, start)
    if time is not None:
        groups["syslog.timestamp"] = time[1]
        return _read_old(text, time.end(), groups)
    if priority and text[start : start + 1].isalpha():
        groups["syslog.message"] = text[start:]
        return groups
    raise Misfit("the line is not syslog", start, "a time such as Nov 18 08:15:30 and a blank")


def _read_new(text: str, start: int, groups: dict[str, str | None]) -> dict[str, str | None]:
    for name, pattern, expected in _PARTS:
        found = pattern.match(text, start)
        if found is None or (name == "timestamp" and not _is_time(found[1])):
            raise Misfit("the line is not RFC 5424", start, expected)
        groups[f"syslog.{name}"] = None if found[1] == _NIL else found[1]
        start = found.end()
    end = _end_of_data(text, start)
    if text[start:end] != _NIL:
        groups["syslog.structured_data"] = text[start:end]
    if text[end : end + 1] not in ("", " "):
        raise Misfit("the line is not RFC 5424", end, "a blank and the message, or the end")
    groups["syslog.message"] = text[end + 1 :].removeprefix(_BOM)
    return groups


def _is_time(text: str) -> bool:
    try:
        return text == _NIL or bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _end_of_data(text: str, start: int) -> int:
    """Where the structured data that begins at `start` ends. Raises Misfit."""
    if text[start : start + 1] == _NIL:
        return start + 1
    end, ids = start, set()
    while element := _ELEMENT.match(text, end):
        if element[1] in ids:
            raise Misfit("the line is not RFC 5424", end, "an element that is not there twice")
        ids.add(element[1])
        end = element.end()
    if end == start or text[end : end + 1] == "[":
        raise Misfit("the line is not RFC 5424", end, 'structured data such as [id name="…"], or -')
    return end


def structured(text: str) -> Mapping[str, Mapping[str, str]]:
    """The elements of structured data and their parameters, escapes undone (RFC 5424, 6.3.3)."""
    return {
        element[1]: {
            name: _ESCAPE.sub(r"\1", value) for name, value in _PARAMETER.findall(element[2])
        }
        for element in _ELEMENT.finditer(text)
    }


def _read_old(text: str, start: int, groups: dict[str, str | None]) -> dict[str, str | None]:
    host = _OLD_HOST.match(text, start)
    if host:
        groups["syslog.host"] = host[1]
        start = host.end()
    tag = _TAG.match(text, start)
    if tag:
        groups["syslog.app"], groups["syslog.pid"] = tag.groups()
        start = tag.end()
    groups["syslog.message"] = text[start:].removeprefix(_BOM)
    return groups
