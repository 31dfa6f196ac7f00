"""From acts to log files: which file an act of a host stands in, and its lines there.

Whatever happens in the simulated day is an `Act`. The numbers that programs count up (audit
serials, record numbers of Windows channels) are given here, over all acts of a host, so that the
modules that make acts need not know of each other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from app.demo.clock import stream
from app.demo.lines import (
    Execution,
    Message,
    Request,
    access_line,
    execution_lines,
    message_line,
    sudo_line,
    user_line,
)
from app.demo.signing import Check, Signature, check_line, signature_line
from app.demo.windows import WindowsEvent, event_line
from app.demo.zeek import Lease, Question, dhcp_line, dns_line
from haidang.model.instant import Instant

What: TypeAlias = (
    Request | Execution | WindowsEvent | Question | Lease | Signature | Check | Message
)
Line: TypeAlias = tuple[Instant, bytes]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a host logs."""

    moment: Instant
    host: str
    what: What


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of log: its file's name, its data set, and the ending of the name of its input."""

    file: str
    dataset: str
    input: str


KINDS: Final[Mapping[type, Kind]] = {
    Request: Kind("access.log", "nginx.access", "access"),
    Execution: Kind("audit.log", "auditd.log", "audit"),
    WindowsEvent: Kind("winlogbeat.ndjson", "windows.winlogbeat", "events"),
    Question: Kind("dns.log", "zeek.dns", "dns"),
    Lease: Kind("dhcp.log", "zeek.dhcp", "dhcp"),
    Signature: Kind("signing.ndjson", "json", "signing"),
    Check: Kind("signing.ndjson", "json", "signing"),
    Message: Kind("router.log", "system.syslog", "syslog"),
}


def log_path(host: str, what: type) -> str:
    """The path of a host's log of this kind of act, relative, with `/`."""
    return f"logs/{host}/{KINDS[what].file}"


def lines_of(seed: int, acts: Iterable[Act]) -> dict[str, list[Line]]:
    """The lines of every log by its path, each log in order of time."""
    logs: dict[str, list[Act]] = {}
    for act in sorted(acts, key=lambda one: one.moment):
        logs.setdefault(log_path(act.host, type(act.what)), []).append(act)
    return {path: list(_lines(seed, found)) for path, found in sorted(logs.items())}


def _lines(seed: int, acts: list[Act]) -> Iterator[Line]:
    host = acts[0].host
    if isinstance(acts[0].what, Execution):
        yield from _audit(stream(seed, f"{host} serial").randint(20_000, 90_000), acts)
        return
    # Each Windows channel numbers its own records.
    numbers = {"Security": 4_120_553, "System": 88_214}
    for act in acts:
        match act.what:
            case Request() as one:
                yield act.moment, access_line(act.moment, one)
            case WindowsEvent() as one:
                numbers[one.channel] += 1
                yield act.moment, event_line(host, numbers[one.channel], one)
            case Question() as one:
                yield act.moment, dns_line(act.moment, one)
            case Lease() as one:
                yield act.moment, dhcp_line(act.moment, one)
            case Signature() as one:
                yield act.moment, signature_line(act.moment, host, one)
            case Check() as one:
                yield act.moment, check_line(act.moment, host, one)
            case Message() as one:
                yield act.moment, message_line(act.moment, host, one)


def _audit(serial: int, acts: list[Act]) -> Iterator[Line]:
    """Audit records by time; serials count up over the host, as the kernel's do."""
    records = [record for act in acts for record in _records(act)]
    for number, (moment, write) in enumerate(sorted(records, key=lambda one: one[0]), serial):
        yield moment, write(number)


def _records(act: Act) -> Iterator[tuple[Instant, Callable[[int], bytes]]]:
    moment, one = act.moment, act.what
    if not isinstance(one, Execution):
        return
    if one.sudo:
        at = moment - 3_000
        yield at, lambda number: sudo_line(at, number, one.login, one.sudo, one.directory)
    if one.user == "root" and not one.login and one.arguments[0] == "/bin/sh":
        yield from _cron_session(moment - 40_000)
    yield moment, lambda number: execution_lines(moment, number, one)


def _cron_session(moment: Instant) -> Iterator[tuple[Instant, Callable[[int], bytes]]]:
    tail = 'acct="root" exe="/usr/sbin/cron" hostname=? addr=? terminal=cron res=success'
    accounting = f"op=PAM:accounting grantors=pam_permit {tail}"
    opened = f"op=PAM:session_open grantors=pam_loginuid,pam_env,pam_unix,pam_limits {tail}"
    later = moment + 4_000
    yield moment, lambda number: user_line(moment, number, "USER_ACCT", accounting)
    yield later, lambda number: user_line(later, number, "USER_START", opened)
