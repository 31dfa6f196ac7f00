"""F1: passwords of the file server are guessed, then remote desktop, then no shadow copies."""

from collections.abc import Iterator

from app.demo.logs import Act
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
from haidang.model.instant import Instant


def acts(world: World) -> Iterator[Act]:
    """What the file server logs of it."""
    return (Act(one.moment, world.ransom.host, one) for one in _events(world))


def _events(world: World) -> list[WindowsEvent]:
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
