"""Ordinary life of the Windows hosts: clerks, services, the night's backup, a mistyped password."""

import unicodedata
from collections.abc import Iterator

from app.demo.clock import MIDNIGHT, clock, instant, stream
from app.demo.logs import Act
from app.demo.names import CLERKS as ACCOUNTS
from app.demo.places import Host
from app.demo.rhythm import CLERKS, moments
from app.demo.windows import (
    Logon,
    Started,
    WindowsEvent,
    logged_off,
    logged_on,
    privileged,
    refused,
    service_state,
    started,
)
from app.demo.world import World
from haidang.model.instant import DAY, HOUR, MINUTE, SECOND

_SYSTEM32 = "C:\\Windows\\System32\\"
_OFFICE = "C:\\Program Files\\Microsoft Office\\Office16\\"
_PROGRAMS = (
    ("C:\\Tools\\UniKey\\UniKeyNT.exe", '"C:\\Tools\\UniKey\\UniKeyNT.exe"'),
    (
        "C:\\Program Files\\CocCoc\\Browser\\Application\\browser.exe",
        '"C:\\Program Files\\CocCoc\\Browser\\Application\\browser.exe" --type=renderer',
    ),
    (f"{_OFFICE}WINWORD.EXE", f'"{_OFFICE}WINWORD.EXE" /n "D:\\Văn bản\\Báo cáo tháng 11.docx"'),
    (f"{_OFFICE}EXCEL.EXE", f'"{_OFFICE}EXCEL.EXE" "D:\\Kế toán\\Bảng lương.xlsx"'),
    ("C:\\KeToanHCSN\\KeToan.exe", '"C:\\KeToanHCSN\\KeToan.exe" /nam=2026'),
    ("C:\\KeKhaiBHXH\\KeKhai.exe", '"C:\\KeKhaiBHXH\\KeKhai.exe"'),
    (f"{_SYSTEM32}spoolsv.exe", f"{_SYSTEM32}spoolsv.exe"),
)
_SHARES = 1.9  # shares opened, in a half-hour of weight 1
_PROGRAMS_STARTED = 0.9
_SERVICES = (
    "Windows Update",
    "Background Intelligent Transfer Service",
    "Windows Modules Installer",
    "Microsoft Software Shadow Copy Provider",
)


def acts(world: World) -> Iterator[Act]:
    """What happens on the servers and the office computers all day."""
    for host in (world.files, world.directory):
        made = [*_services(world.seed, host), *_watched(world, host), *_shares(world, host)]
        if host == world.files:
            made += [*_backup(world), *_administrator(world)]
        yield from (Act(one.moment, host.name, one) for one in made)
    for host, clerk in zip(world.offices, ("vanthu", "ketoan"), strict=True):
        user = f"{clerk}.{world.owner}"
        yield from (Act(one.moment, host.name, one) for one in desk(world.seed, host, user))


def _services(seed: int, host: Host) -> Iterator[WindowsEvent]:
    rng = stream(seed, f"{host.name} services")
    for hour in range(MIDNIGHT, MIDNIGHT + DAY, HOUR):
        moment = hour + rng.randrange(HOUR - 5 * MINUTE)
        name = rng.choice(_SERVICES)
        yield service_state(moment, name, "running")
        yield service_state(moment + rng.randint(60, 280) * SECOND, name, "stopped")


def _watched(world: World, host: Host) -> Iterator[WindowsEvent]:
    """The monitoring server logs on every ten minutes to see how the server is."""
    rng = stream(world.seed, f"{host.name} watched")
    for moment in range(MIDNIGHT + 4 * MINUTE, MIDNIGHT + DAY, 10 * MINUTE):
        session = hex(rng.randrange(0x100000, 0xFFFFFF))
        one = Logon("giamsat.ttdl", 3, session, world.jump, "GS-01", package="Kerberos")
        yield logged_on(moment + rng.randrange(5 * SECOND), host.name, one)


def _shares(world: World, host: Host) -> Iterator[WindowsEvent]:
    """Clerks' computers open shares: a network logon and, a little later, its end."""
    rng = stream(world.seed, f"{host.name} shares")
    for moment in moments(rng, CLERKS, _SHARES):
        client = rng.choice(world.offices)
        user = f"{rng.choice(ACCOUNTS)}.{world.owner}"
        session = hex(rng.randrange(0x100000, 0xFFFFFF))
        one = Logon(user, 3, session, client.address, client.name)
        yield logged_on(moment, host.name, one)
        yield logged_off(moment + rng.randint(2, 300) * SECOND, one)


def desk(seed: int, host: Host, user: str) -> Iterator[WindowsEvent]:
    """A clerk's day at a computer that is off at night: once a wrong password, then work."""
    rng = stream(seed, f"{host.name} desk")
    session = hex(rng.randrange(0x100000, 0xFFFFFF))
    one = Logon(user, 2, session, "127.0.0.1", host.name, f"{_SYSTEM32}winlogon.exe")
    morning = instant(clock(7, rng.randint(22, 29), rng.randint(0, 59)))
    yield service_state(morning - 40 * SECOND, "Windows Event Log", "running")
    yield refused(morning, host.name, one)
    yield logged_on(morning + 9 * SECOND, host.name, one)
    for number, moment in enumerate(moments(rng, CLERKS, _PROGRAMS_STARTED)):
        image, command = rng.choice(_PROGRAMS)
        if rng.random() < 0.2:
            command = unicodedata.normalize("NFD", command)
        yield started(moment, Started(user, session, image, command, number=0x1400 + number * 0x54))
    evening = instant(clock(17, rng.randint(1, 20), rng.randint(0, 59)))
    yield logged_off(evening, one)
    yield service_state(evening + 11 * SECOND, "Windows Event Log", "stopped")


def _backup(world: World) -> Iterator[WindowsEvent]:
    """The night's backup runs under the same account that is attacked by day."""
    at = instant(clock(1, 40, 2))
    account = world.ransom.account
    one = Logon(account, 4, "0x3b1f55", "-", world.files.name, f"{_SYSTEM32}svchost.exe")
    yield logged_on(at, world.files.name, one)
    yield privileged(at + 1_000, one)
    commands = (
        ("wbadmin.exe", "wbadmin start backup -backupTarget:E: -include:D: -quiet"),
        ("vssadmin.exe", "vssadmin list shadows"),
        ("robocopy.exe", "robocopy D:\\DungChung E:\\SaoLuu /MIR /R:1 /W:1"),
    )
    for number, (image, command) in enumerate(commands):
        program = Started(
            account,
            one.session,
            f"{_SYSTEM32}{image}",
            command,
            f"{_SYSTEM32}taskeng.exe",
            0x2A00 + number * 0x38,
        )
        yield started(at + (3 + number * 190) * SECOND, program)
    yield service_state(at + 4 * SECOND, "Volume Shadow Copy", "running")
    yield logged_off(at + 12 * MINUTE, one)


def _administrator(world: World) -> Iterator[WindowsEvent]:
    """Remote desktop from the jump host: ordinary, and after one mistyped password."""
    at = instant(clock(14, 26, 40))
    jump = Logon("quantri.ttdl", 10, "0x41d0c33", world.jump, world.files.name)
    typed = Logon("quantri.ttdl", 3, "0x0", world.jump, "QT-01", package="NTLM")
    yield refused(at - 14 * SECOND, world.files.name, typed)
    yield logged_on(at, world.files.name, jump)
    yield privileged(at + 1_000, jump)
    program = Started(
        "quantri.ttdl",
        jump.session,
        f"{_SYSTEM32}mmc.exe",
        f'"{_SYSTEM32}mmc.exe" "{_SYSTEM32}eventvwr.msc" /s',
        number=0x2F10,
    )
    yield started(at + 31 * SECOND, program)
    yield logged_off(at + 7 * MINUTE, jump)
