"""Ordinary life of the Windows hosts: clerks, services, the night's backup, a mistyped password."""

import random
import unicodedata
from collections.abc import Iterator

from app.demo.names import CLERKS
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
from app.demo.world import Host, World, clock, instant, stream
from haidang.model.instant import MINUTE, SECOND, Instant

_SYSTEM32 = "C:\\Windows\\System32\\"
_OFFICE = "C:\\Program Files\\Microsoft Office\\Office16\\"
_PROGRAMS = (
    ("C:\\Tools\\UniKey\\UniKeyNT.exe", '"C:\\Tools\\UniKey\\UniKeyNT.exe"'),
    (
        "C:\\Program Files (x86)\\UltraViewer\\UltraViewer_Desktop.exe",
        '"C:\\Program Files (x86)\\UltraViewer\\UltraViewer_Desktop.exe" /hide',
    ),
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
_SHARES = {False: 8, True: 55}  # shares opened in half an hour by night and by day
_SERVICES = (
    "Windows Update",
    "Background Intelligent Transfer Service",
    "Windows Modules Installer",
    "Microsoft Software Shadow Copy Provider",
)


def events(world: World, host: Host, start: Instant, end: Instant) -> list[WindowsEvent]:
    """What ordinarily happens on a Windows host in [start, end), unsorted."""
    rng = stream(world.seed, f"{host.name} events {start}")
    night = start < instant(clock(12, 0))
    made = list(_services(rng, start, end))
    if host in world.offices:
        # Office computers are switched off at night.
        return [] if night else made + list(_desk(world, rng, host, start, end))
    made += _shares(world, rng, host, (start, end))
    if host == world.files:
        made += _backup(world) if night else _administrator(world)
    return [one for one in made if start <= one.moment < end]


def _services(rng: random.Random, start: Instant, end: Instant) -> Iterator[WindowsEvent]:
    for _ in range(3):
        moment = rng.randrange(start, end - 5 * MINUTE)
        name = rng.choice(_SERVICES)
        yield service_state(moment, name, "running")
        yield service_state(moment + rng.randint(60, 280) * SECOND, name, "stopped")


def _shares(
    world: World, rng: random.Random, host: Host, window: tuple[Instant, Instant]
) -> Iterator[WindowsEvent]:
    """Clerks' computers open shares: a network logon and, a little later, its end."""
    for _ in range(_SHARES[window[0] > instant(clock(12, 0))]):
        desk = rng.choice(world.offices)
        moment = rng.randrange(*window)
        user = f"{rng.choice(CLERKS)}.{world.owner}"
        session = hex(rng.randrange(0x100000, 0xFFFFFF))
        one = Logon(user, 3, session, desk.address, desk.name)
        yield logged_on(moment, host.name, one)
        yield logged_off(moment + rng.randint(2, 300) * SECOND, one)


def _desk(
    world: World, rng: random.Random, host: Host, start: Instant, end: Instant
) -> Iterator[WindowsEvent]:
    """A clerk unlocks the computer, once with a wrong password, and works."""
    user = f"{'ketoan' if host == world.offices[1] else 'vanthu'}.{world.owner}"
    session = hex(rng.randrange(0x100000, 0xFFFFFF))
    one = Logon(user, 2, session, "127.0.0.1", host.name, f"{_SYSTEM32}winlogon.exe")
    moment = start + rng.randint(60, 200) * SECOND
    yield refused(moment, host.name, one)
    yield logged_on(moment + 9 * SECOND, host.name, one)
    for number in range(rng.randint(22, 34)):
        image, command = rng.choice(_PROGRAMS)
        if rng.random() < 0.2:
            command = unicodedata.normalize("NFD", command)
        program = Started(user, session, image, command, number=0x1400 + number * 0x54)
        yield started(rng.randrange(moment + 10 * SECOND, end), program)


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
