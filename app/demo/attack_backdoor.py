"""A1: a script is sent through a form of the web site and called; the web user runs `id`."""

from collections.abc import Iterator

from app.demo.lines import Execution, Request
from app.demo.logs import Act
from app.demo.names import ATTACKER_AGENT
from app.demo.world import World
from haidang.model.instant import SECOND, Instant

_WEB_PROCESS = 20_411


def acts(world: World) -> Iterator[Act]:
    """What the web server logs of it."""
    host = world.backdoor.host
    yield from (Act(at, host, one) for at, one in _requests(world))
    yield from (Act(at, host, one) for at, one in _executions(world))


def _requests(world: World) -> list[tuple[Instant, Request]]:
    """In the access log: the form, the file sent through it, the calls of that file."""
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


def _executions(world: World) -> list[tuple[Instant, Execution]]:
    """In the audit log: the web server's user runs `sh -c id`; dash then becomes `id`."""
    one = world.backdoor
    folder = f"/var/www/site/public{one.section.folder}"
    shell = Execution(
        "/usr/bin/dash", ("sh", "-c", "id"), "www-data", _WEB_PROCESS, _WEB_PROCESS - 19_599, folder
    )
    command = Execution("/usr/bin/id", ("id",), "www-data", _WEB_PROCESS, 812, folder)
    return [(one.shell, shell), (one.shell + 2_000, command)]
