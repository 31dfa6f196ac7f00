"""Hook of auditd.log: pairs under auditd.log, and their ECS copies.

The copies follow Filebeat's auditd module, except that event.outcome is always an ECS word, and
that an unset login id (4294967295) is nobody's user.id.
"""

import re

from collectors.datasets.auditd_pairs import Pairs, first, read_pairs
from collectors.formats.regex import Groups
from haidang.model.event import Document
from haidang.model.fields import put
from haidang.model.zone import parse_address

_UNSET = ("4294967295", "-1", "")
_ARCHITECTURES = {
    "c000003e": "x86_64",
    "40000003": "i386",
    "c00000b7": "aarch64",
    "40000028": "arm",
    "c0000015": "ppc64le",
    "80000016": "s390x",
}
_DIRECTIONS = {  # x86_64 system calls
    **dict.fromkeys(("42", "44", "46"), "egress"),
    **dict.fromkeys(("43", "45", "47", "288"), "ingress"),
}
_TEXTS = {
    "auid": "user.audit.id",
    "euid": "user.effective.id",
    "suid": "user.saved.id",
    "fsuid": "user.filesystem.id",
    "gid": "user.group.id",
    "egid": "user.effective.group.id",
    "sgid": "user.saved.group.id",
    "fsgid": "user.filesystem.group.id",
    "comm": "process.name",
    "exe": "process.executable",
    "cwd": "process.working_directory",
    "terminal": "user.terminal",
}
_NUMBERS = {
    "pid": "process.pid",
    "ppid": "process.parent.pid",
    "exit": "process.exit_code",
    "argc": "process.args_count",
}
_LONGS = frozenset({"entries", "dst_prefixlen", "src_prefixlen", "lport", "rport"})
_OUTCOMES = {
    **dict.fromkeys(("success", "yes", "1"), "success"),
    **dict.fromkeys(("failed", "no", "0"), "failure"),
}
_NAMES = {"UID": "user.name", "AUID": "user.audit.name", "EUID": "user.effective.name"}
_SESSION_TYPES = re.compile(r"(?:USER_(?:AUTH|ACCT|START|END|LOGIN|LOGOUT|ERR)|CRED_\w+)")
_ACCOUNT_TYPES = re.compile(r"(?:ADD|DEL)_(?:USER|GROUP)|(?:USER|GRP)_MGMT|USER_CHAUTHTOK|ACCT_\w+")
_ARGUMENT = re.compile(r"a(\d{1,4})(?:\[(\d{1,4})\])?")
_SIGNED = re.compile(r"-?\d{1,18}")
_AVC = re.compile(r"\s*avc:\s+(\w+)\s+\{([^}]*)\}")


def complete(document: Document, groups: Groups) -> None:
    """Add every pair of the record and the ECS copies of those that have one."""
    record_type, body = groups["type"] or "", groups["body"] or ""
    pairs = read_pairs(record_type, body)
    if record_type == "AVC":
        _add_avc(document, pairs, body)
    if "action" not in document["event"]:
        document["event"]["action"] = record_type.lower()
    _add_pairs(document["auditd"]["log"], pairs)
    _copy(document, pairs)
    if record_type == "EXECVE":
        _add_arguments(document, pairs)
    if record_type == "PATH" and first(pairs, "nametype") == "CREATE":
        _add_new_file(document, first(pairs, "name"))
    _add_user(document, record_type, pairs)
    _add_addresses(document, pairs)
    _add_rest(document, pairs)


def _add_pairs(log: Document, pairs: Pairs) -> None:
    for key, value in pairs.items():
        if value in ("", "?") or key in log:
            continue
        number = key in _LONGS and isinstance(value, str) and _SIGNED.fullmatch(value)
        log[key] = int(str(value)) if number else value


def _copy(document: Document, pairs: Pairs) -> None:
    for key, path in _TEXTS.items():
        if text := first(pairs, key):
            put(document, path, text)
    for key, path in _NUMBERS.items():
        text = first(pairs, key)
        if _SIGNED.fullmatch(text):
            put(document, path, int(text))


def _add_avc(document: Document, pairs: Pairs, body: str) -> None:
    for key, action in (
        ("apparmor", "violated-apparmor-policy"),
        ("seresult", "violated-selinux-policy"),
    ):
        if key in pairs:
            document["event"]["action"] = action
    denial = _AVC.match(body)
    if denial is not None:
        pairs["seresult"], pairs["seperms"] = denial[1], denial[2].strip()


def _add_arguments(document: Document, pairs: Pairs) -> None:
    """process.args of an EXECVE record; long arguments come in chunks `a1[0]`, `a1[1]`."""
    chunks: dict[int, str] = {}
    for key in pairs:
        found = _ARGUMENT.fullmatch(key)
        if found is not None:
            index = int(found[1])
            chunks[index] = chunks.get(index, "") + _plain(pairs[key])
    arguments = [chunks[index] for index in sorted(chunks)]
    if arguments:
        put(document, "process.args", arguments)
        if 0 in chunks:
            put(document, "process.executable", arguments[0])


def _add_new_file(document: Document, path: str) -> None:
    """A created file, where the record tells its whole path."""
    if path.startswith("/"):
        put(document, "file.path", path)
        document["event"] |= {"category": ["file"], "type": ["creation"]}
        ours = document["haidang"]
        ours["logsource"] = [*ours["logsource"], {"product": "linux", "category": "file_event"}]


def _plain(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _add_user(document: Document, record_type: str, pairs: Pairs) -> None:
    """Who acts and on whom; in session and account records `uid` is only the daemon's."""
    for key, path in _NAMES.items():
        name = first(pairs, key)
        if name and name not in ("unset", "unknown"):
            put(document, path, name)
    uid, auid, account = first(pairs, "uid"), first(pairs, "auid"), first(pairs, "acct")
    if record_type == "LOGIN":
        _add_login(document, pairs)
    elif _SESSION_TYPES.fullmatch(record_type):
        _add_session_user(document, auid, account)
    elif _ACCOUNT_TYPES.fullmatch(record_type):
        _add_account(document, record_type, pairs)
    elif uid:
        put(document, "user.id", uid)
    if "name" in document.get("user", {}):
        put(document, "related.user", [document["user"]["name"]])


def _add_login(document: Document, pairs: Pairs) -> None:
    before, after = first(pairs, "old_auid"), first(pairs, "new_auid") or first(pairs, "auid")
    user = document.setdefault("user", {})
    user.pop("name", None)
    if "new_auid" in pairs:
        user.pop("audit", None)
    if before not in _UNSET:
        user["id"] = before
    if after:
        put(document, "user.effective.id", after)


def _add_session_user(document: Document, auid: str, account: str) -> None:
    user = document.setdefault("user", {})
    user.pop("name", None)  # of the daemon
    if auid not in _UNSET:
        user["id"] = auid
    if account:
        user["name"] = account
        put(document, "user.effective.name", account)


def _add_account(document: Document, record_type: str, pairs: Pairs) -> None:
    uid, auid, account = first(pairs, "uid"), first(pairs, "auid"), first(pairs, "acct")
    user = document.setdefault("user", {})
    user.pop("name", None)
    if auid not in _UNSET:
        user["id"] = auid
    if uid:
        put(document, "user.effective.id", uid)
    about_group = "GROUP" in record_type or record_type == "GRP_MGMT"
    target = first(pairs, "id")
    if target:
        put(document, "group.id" if about_group else "user.target.id", target)
    if account:
        user["name"] = account
        put(document, "group.name" if about_group else "user.target.name", account)


def _add_addresses(document: Document, pairs: Pairs) -> None:
    for key, side in (("addr", "source"), ("src", "source"), ("dst", "destination")):
        address = first(pairs, key)
        if not address:
            continue
        put(document, f"{side}.address", address)
        if parse_address(address):
            put(document, f"{side}.ip", address)
            put(document, "related.ip", [address])


def _add_rest(document: Document, pairs: Pairs) -> None:
    word = first(pairs, "res") or first(pairs, "success")
    outcome = _OUTCOMES.get(word.lower())
    if outcome:
        document["event"]["outcome"] = outcome
    architecture = _ARCHITECTURES.get(first(pairs, "arch"), "")
    if architecture:
        put(document, "host.architecture", architecture)
        direction = _DIRECTIONS.get(first(pairs, "syscall"))
        if direction and architecture == "x86_64":
            put(document, "network.direction", direction)
    if command := first(pairs, "cmd"):
        put_command(document, command)


def put_command(document: Document, command: str) -> None:
    """process.args, args_count and command_line of a command that came as one text."""
    arguments = command.split()
    facts = {
        "args": arguments,
        "args_count": len(arguments),
        "command_line": command,
    }
    for leaf, value in facts.items():
        put(document, f"process.{leaf}", value)
