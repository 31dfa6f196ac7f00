"""The join of auditd.log: one process event a serial, from SYSCALL, EXECVE, CWD and PROCTITLE.

Records of several serials may be mixed. A serial is complete at PROCTITLE or EOE, the last records
the kernel sends of it; where neither comes (old kernels), when `_PATIENCE` other serials of the
same node have been seen, when too many wait, or when the file is quiet (`release`). Waiting
serials live in the parser state as JSON, bounded in number and size.
"""

from typing import Any

from collectors.record import Context, Parsed, ParserState
from haidang.model.event import Document
from haidang.model.fields import put

_KEY = "processes"
_PATIENCE = 4
_MOST_WAITING = 32
_LONGEST = 16_384  # characters of arguments that a waiting serial may hold
_LONGEST_NAME = 4_096  # PATH_MAX
_MOST_VALUES = 8
_EXECUTES = {  # execve and execveat by architecture
    "c000003e": ("59", "322"),
    "40000003": ("11", "358"),
    "c00000b7": ("221", "281"),
    "40000028": ("11", "387"),
    "c0000015": ("11", "362"),
    "80000016": ("11", "354"),
}
_LAST = ("PROCTITLE", "EOE")
_LOGSOURCE = {"product": "linux", "category": "process_creation"}


def follow(parsed: Parsed, context: Context, state: ParserState) -> list[Parsed]:
    """Take in one record; give the processes that are complete now."""
    del context  # the record names its node, or the envelope its host
    log = parsed.document["auditd"]["log"]
    waiting: dict[str, Document] = state.setdefault(_KEY, {})
    serial = f"{parsed.time}:{log.get('sequence')}"
    if log.get("node"):
        serial = f"{log['node']}/{serial}"
    _take(waiting, serial, parsed)
    done = [serial] if log["record_type"] in _LAST and serial in waiting else []
    done += _overtaken(waiting, serial, log.get("node", ""))
    found = [_process(name, waiting.pop(name)) for name in done]
    if not waiting:
        del state[_KEY]
    return [process for process in found if process is not None]


def release(context: Context, state: ParserState) -> list[Parsed]:
    """Every process that still waits: nothing more will come."""
    del context
    waiting: dict[str, Document] = state.pop(_KEY, {})
    found = [_process(name, entry) for name, entry in waiting.items()]
    return [process for process in found if process is not None]


def _take(waiting: dict[str, Document], serial: str, parsed: Parsed) -> None:
    log, process = parsed.document["auditd"]["log"], parsed.document.get("process", {})
    kind = log["record_type"]
    if kind == "SYSCALL" and _is_start(log):
        entry = _entry(waiting, serial, parsed, log)
        entry["process"] = _cut({key: process[key] for key in process if key != "exit_code"})
        entry["user"] = _cut(parsed.document.get("user", {}))
        entry["log"] = _cut({key: log[key] for key in ("ses", "tty", "key") if key in log})
    elif kind == "EXECVE":
        entry = _entry(waiting, serial, parsed, log)
        entry.setdefault("args", []).extend(_bounded(entry, process.get("args", [])))
    elif serial in waiting and kind == "CWD":
        waiting[serial]["cwd"] = _cut(process.get("working_directory", ""))
    elif serial in waiting and kind == "PROCTITLE":
        waiting[serial]["title"] = str(log.get("proctitle", ""))[:_LONGEST]


def _cut(value: Any) -> Any:
    """The same with long texts and lists cut: no line may make the state large."""
    if isinstance(value, str):
        return value[:_LONGEST_NAME]
    if isinstance(value, list):
        return [_cut(item) for item in value[:_MOST_VALUES]]
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    return value


def _is_start(log: Document) -> bool:
    by_name = log.get("SYSCALL") in ("execve", "execveat")
    by_number = log.get("syscall") in _EXECUTES.get(str(log.get("arch")), ())
    return log.get("success") == "yes" and (by_name or by_number)


def _entry(waiting: dict[str, Document], serial: str, parsed: Parsed, log: Document) -> Document:
    start = {"time": parsed.time, "node": log.get("node", ""), "sequence": log.get("sequence")}
    return waiting.setdefault(serial, {**start, "seen": []})


def _bounded(entry: Document, arguments: list[str]) -> list[str]:
    room = _LONGEST - sum(len(argument) + 1 for argument in entry.get("args", ()))
    kept: list[str] = []
    for argument in arguments:
        if room <= 0:
            entry["cut"] = True
            break
        kept.append(argument[:room])
        room -= len(argument) + 1
    return kept


def _overtaken(waiting: dict[str, Document], serial: str, node: str) -> list[str]:
    """The serials that have waited long enough, and the oldest where too many wait."""
    done: list[str] = []
    for name, entry in waiting.items():
        if name == serial or entry["node"] != node:
            continue
        if serial not in entry["seen"]:
            entry["seen"].append(serial)
        if len(entry["seen"]) >= _PATIENCE:
            done.append(name)
    if len(waiting) - len(done) > _MOST_WAITING:
        done.append(next(name for name in waiting if name not in done))
    return done


def _process(serial: str, entry: Document) -> Parsed | None:
    """The process event of a serial; None where no successful execve was seen of it."""
    if "process" not in entry:
        return None
    arguments: list[str] = entry.get("args", [])
    document: Document = {
        "event": {
            "kind": "event",
            "category": ["process"],
            "type": ["start"],
            "action": "executed",
            "outcome": "success",
        },
        "process": {**entry["process"], **_command(arguments, entry.get("title", ""))},
        "user": entry["user"],
        "auditd": {"log": {"sequence": entry["sequence"], **entry["log"]}},
        "haidang": {"logsource": [_LOGSOURCE], "derived": True},
    }
    _add_optional(document, entry)
    return Parsed(entry["time"], document, f"process:{serial}")


def _add_optional(document: Document, entry: Document) -> None:
    if entry.get("cwd"):
        put(document, "process.working_directory", entry["cwd"])
    if entry["node"]:
        put(document, "host.name", entry["node"])
        put(document, "auditd.log.node", entry["node"])
    if entry.get("cut"):
        put(document, "log.flags", ["truncated"])
    name = entry["user"].get("name")
    if name:
        put(document, "related.user", [name])


def _command(arguments: list[str], title: str) -> dict[str, Any]:
    if arguments:
        line = " ".join(arguments)
        return {"args": arguments, "args_count": len(arguments), "command_line": line}
    return {"command_line": title} if title else {}
