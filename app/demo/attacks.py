"""The lines of the two attacks, between which ordinary life goes on."""

from app.demo.lines import Execution, Request
from app.demo.names import ATTACKER_AGENT
from app.demo.windows import (
    Logon,
    Started,
    WindowsEvent,
    logged_on,
    privileged,
    refused,
    service_state,
    started,
)
from app.demo.world import World
from haidang.model.instant import SECOND, Instant

WEB_PROCESS = 20_411


def backdoor_requests(world: World) -> list[tuple[Instant, Request]]:
    """A1 in the access log: the form, the file sent through it, the calls of that file."""
    one = world.backdoor
    site = f"https://{world.owner}.tinhmau.example"

    def request(method: str, target: str, status: int, size: int, referrer: str = "-") -> Request:
        return Request(one.attacker, target, ATTACKER_AGENT, method, status, size, referrer)

    form = one.section.form
    script = f"{one.section.folder}/{one.file}"
    reads = [
        (one.sent - 64 * SECOND, request("GET", one.section.path, 200, 18_204)),
        (one.sent - 41 * SECOND, request("GET", form, 200, 9_377, site + one.section.path)),
    ]
    sent = [(one.sent, request("POST", form, 302, 5, site + form))]
    return reads + sent + [(call, request("POST", script, 200, 74)) for call in one.calls]


def backdoor_executions(world: World) -> list[tuple[Instant, Execution]]:
    """A1 in the audit log: the web server's user runs `sh -c id`; dash then becomes `id`."""
    one = world.backdoor
    folder = f"/var/www/site/public{one.section.folder}"
    shell = Execution(
        "/usr/bin/dash", ("sh", "-c", "id"), "www-data", WEB_PROCESS, WEB_PROCESS - 19_599, folder
    )
    command = Execution("/usr/bin/id", ("id",), "www-data", WEB_PROCESS, 812, folder)
    return [(one.shell, shell), (one.shell + 2_000, command)]


def ransom_events(world: World) -> list[WindowsEvent]:
    """F1 on the file server: guesses, remote desktop, shadow copies deleted."""
    one = world.ransom
    guess = Logon(one.account, 3, address=one.address, workstation="WIN-7QK2", package="NTLM")
    network = Logon(one.account, 3, "0x4e81a07", one.address, "WIN-7QK2", package="NTLM")
    session = Logon(one.account, 10, "0x4e8231c", one.address, one.host)
    events = [refused(moment, one.host, guess) for moment in one.failures]
    # Network-level authentication logs on over the network first, then to the desktop.
    events.append(logged_on(one.logon - 1_873_000, one.host, network))
    events.append(logged_on(one.logon, one.host, session))
    events.append(privileged(one.logon + 1_000, session))
    return events + _deletion(one.account, session.session, one.deletion)


def _deletion(account: str, session: str, moment: Instant) -> list[WindowsEvent]:
    console = Started(
        account,
        session,
        "C:\\Windows\\System32\\cmd.exe",
        '"C:\\Windows\\system32\\cmd.exe"',
        number=0x1D8C,
    )
    tool = Started(
        account,
        session,
        "C:\\Windows\\System32\\vssadmin.exe",
        "vssadmin  delete shadows /all /quiet",
        parent=console.image,
        number=0x2104,
    )
    return [
        started(moment - 37_212_000, console),
        started(moment, tool),
        service_state(moment + 212_000, "Volume Shadow Copy", "running"),
    ]
