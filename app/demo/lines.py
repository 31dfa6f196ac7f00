"""Log lines in their true formats: nginx "combined", auditd with enriched records, syslog.

Each function makes the line or lines of one act; none decides what happens.
"""

from dataclasses import dataclass
from urllib.parse import quote

from haidang.model.instant import Instant, to_local

# auditd writes the words for numbers after this control character (log_format = ENRICHED).
_ENRICHED = "\x1d"
_UNSET = 4294967295
_USER_IDS = {"root": 0, "www-data": 33, "quantri": 1000}


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a web server logs it; `referrer` is "-" where the browser sent none."""

    address: str
    target: str
    agent: str
    method: str = "GET"
    status: int = 200
    size: int = 0
    referrer: str = "-"
    version: str = "HTTP/1.1"


def access_line(moment: Instant, request: Request) -> bytes:
    """One line of nginx's predefined log format `combined` (ngx_http_log_module)."""
    local = to_local(moment).strftime("%d/%b/%Y:%H:%M:%S %z")
    one = request
    return (
        f'{one.address} - - [{local}] "{one.method} {one.target} {one.version}"'
        f' {one.status} {one.size} "{one.referrer}" "{one.agent}"\n'
    ).encode("ascii")


def path(text: str) -> str:
    """A path as a browser sends it: percent-encoded UTF-8, in the form the text is in."""
    return quote(text, safe="/")


@dataclass(frozen=True, slots=True)
class Execution:
    """One successful `execve`; `login` is the account that logged in ("" for a service).

    `sudo` is the command as sudo reports it, "" where it was not used.
    """

    executable: str
    arguments: tuple[str, ...]
    user: str
    process: int
    parent: int
    directory: str = "/"
    login: str = ""
    sudo: str = ""


def execution_lines(moment: Instant, serial: int, one: Execution) -> bytes:
    """The records of one execve as auditd writes them: SYSCALL, EXECVE, CWD, 2 PATH, PROCTITLE."""
    stamp = _stamp(moment, serial)
    records = (
        f"type=SYSCALL {stamp} {_system_call(one)}",
        f"type=EXECVE {stamp} argc={len(one.arguments)} {_argument_list(one.arguments)}",
        f"type=CWD {stamp} cwd={_encoded(one.directory)}",
        f"type=PATH {stamp} {_path_record(0, one.executable, 131_204)}",
        f"type=PATH {stamp} {_path_record(1, '/lib64/ld-linux-x86-64.so.2', 131_077)}",
        f"type=PROCTITLE {stamp} proctitle={_title(one.arguments)}",
    )
    return "".join(record + "\n" for record in records).encode()


def user_line(moment: Instant, serial: int, kind: str, message: str, login: str = "root") -> bytes:
    """One record that a program sent (USER_START, CRED_ACQ, …), with its quoted message."""
    number = _USER_IDS[login]
    head = f"pid=1 uid=0 auid={number} ses=3 subj=unconfined"
    tail = f'{_ENRICHED}UID="root" AUID="{login}"'
    return f"type={kind} {_stamp(moment, serial)} {head} msg='{message}'{tail}\n".encode()


def sudo_line(moment: Instant, serial: int, login: str, command: str, directory: str) -> bytes:
    """What sudo reports of one command."""
    message = (
        f"cwd={_encoded(directory)} cmd={_encoded(command)}"
        ' exe="/usr/bin/sudo" terminal=pts/0 res=success'
    )
    return user_line(moment, serial, "USER_CMD", message, login)


@dataclass(frozen=True, slots=True)
class Message:
    """What a program of a router says."""

    program: str
    process: int
    text: str


def message_line(moment: Instant, host: str, one: Message) -> bytes:
    """One line of syslog (RFC 3164), facility daemon, severity informational."""
    local = to_local(moment)
    stamp = f"{local:%b} {local.day:2} {local:%H:%M:%S}"
    return f"<30>{stamp} {host} {one.program}[{one.process}]: {one.text}\n".encode()


def _stamp(moment: Instant, serial: int) -> str:
    return f"msg=audit({moment // 1_000_000}.{moment // 1000 % 1000:03}:{serial}):"


def _system_call(one: Execution) -> str:
    number = _USER_IDS[one.user]
    login = _USER_IDS[one.login] if one.login else _UNSET
    ids = " ".join(f"{name}={number}" for name in ("uid", "gid", "euid", "suid", "fsuid"))
    ids += " " + " ".join(f"{name}={number}" for name in ("egid", "sgid", "fsgid"))
    words = " ".join(
        f'{name}="{one.user}"'
        for name in ("UID", "GID", "EUID", "SUID", "FSUID", "EGID", "SGID", "FSGID")
    )
    command = one.arguments[0].rsplit("/", 1)[-1][:15]
    address = 0x55D0_C1A2_0000 + one.process * 16
    return (
        f"arch=c000003e syscall=59 success=yes exit=0 a0={address:x} a1={address + 0x58:x}"
        f" a2={address + 0xD8:x} a3=8 items=2 ppid={one.parent} pid={one.process} auid={login}"
        f" {ids} tty={'pts0' if one.login else '(none)'} ses={3 if one.login else _UNSET}"
        f' comm={_encoded(command)} exe="{one.executable}" subj=unconfined key="exec"'
        f'{_ENRICHED}ARCH=x86_64 SYSCALL=execve AUID="{one.login or "unset"}" {words}'
    )


def _path_record(item: int, name: str, inode: int) -> str:
    return (
        f'item={item} name="{name}" inode={inode} dev=fe:01 mode=0100755 ouid=0 ogid=0 rdev=00:00'
        " nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0"
        f'{_ENRICHED}OUID="root" OGID="root"'
    )


def _argument_list(arguments: tuple[str, ...]) -> str:
    return " ".join(f"a{index}={_encoded(one)}" for index, one in enumerate(arguments))


def _title(arguments: tuple[str, ...]) -> str:
    if len(arguments) == 1:
        return _encoded(arguments[0])
    return "\0".join(arguments).encode().hex().upper()


def _encoded(text: str) -> str:
    """Quoted, or as hex where it holds a blank, a quote, a control or a non-ASCII character."""
    encoded = text.encode()
    if all(0x21 <= byte < 0x7F and byte != 0x22 for byte in encoded):
        return f'"{text}"'
    return encoded.hex().upper()
