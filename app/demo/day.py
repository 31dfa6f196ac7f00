"""The simulated clock: which log file holds which bytes at which instant of the day.

This stage covers two half-hours of Wednesday 18/11/2026 (UTC+7), in steps of five minutes. The
instants of `STEPS` are receive times: a line is in its file from the first step at or after the
event. Files only grow, and everything follows from the world.
"""

from collections.abc import Mapping

import yaml

from app.demo import attacks, life_web, life_windows
from app.demo.lines import access_line, execution_lines, sudo_line, user_line
from app.demo.windows import event_line
from app.demo.world import Host, System, Unit, World, clock, instant, stream
from haidang.model.instant import MINUTE, Instant

STEP: Instant = 5 * MINUTE
WINDOWS: tuple[tuple[Instant, Instant], ...] = (
    (instant(clock(1, 30)), instant(clock(2, 0))),
    (instant(clock(14, 15)), instant(clock(14, 45))),
)
STEPS: tuple[Instant, ...] = tuple(
    moment for start, end in WINDOWS for moment in range(start + STEP, end + 1, STEP)
)

_HEAD = (
    "# DỮ LIỆU MÔ PHỎNG: tỉnh Mẫu không có thật. Simulated data: no real unit, person or host.\n"
)

_Line = tuple[Instant, bytes]


def files_until(world: World, until: Instant) -> dict[str, bytes]:
    """Each log file's path (relative, with `/`) and its whole content at that instant."""
    return {
        path: b"".join(line for moment, line in lines if moment <= until)
        for path, lines in sorted(_logs(world).items())
    }


def access_log(host: Host) -> str:
    """The path of a web server's access log."""
    return f"logs/{host.name}/access.log"


def audit_log(host: Host) -> str:
    """The path of a Linux host's audit log."""
    return f"logs/{host.name}/audit.log"


def event_log(host: Host) -> str:
    """The path of a Windows host's events."""
    return f"logs/{host.name}/winlogbeat.ndjson"


def _logs(world: World) -> dict[str, list[_Line]]:
    logs: dict[str, list[_Line]] = {}
    for host in (world.web, world.portal):
        logs[access_log(host)] = _access(world, host)
        logs[audit_log(host)] = _audit(world, host)
    for host in world.windows:
        logs[event_log(host)] = _events(world, host)
    return logs


def _access(world: World, host: Host) -> list[_Line]:
    made = [one for window in WINDOWS for one in life_web.requests(world, host.name, *window)]
    if host.name == world.backdoor.host:
        made += attacks.backdoor_requests(world)
    made.sort(key=lambda one: one[0])
    return [(moment, access_line(moment, request)) for moment, request in made]


def _audit(world: World, host: Host) -> list[_Line]:
    """Audit records by time; serials count up over the host, as the kernel's do."""
    made = [one for window in WINDOWS for one in life_web.executions(world, host.name, *window)]
    commands = {}
    if host.name == world.backdoor.host:
        made += attacks.backdoor_executions(world)
        commands = {moment: text for moment, _, text in life_web.administration(world)}
        made += [(moment, one) for moment, one, _ in life_web.administration(world)]
    made.sort(key=lambda one: one[0])
    serial = stream(world.seed, f"{host.name} serial").randint(20_000, 90_000)
    lines: list[_Line] = []
    for moment, one in made:
        if moment in commands:
            text = sudo_line(moment - 3_000, serial, "quantri", commands[moment], one.directory)
            lines.append((moment - 3_000, text))
            serial += 1
        if one.user == "root" and not one.login and one.arguments[0] == "/bin/sh":
            lines += _cron_session(moment - 40_000, serial)
            serial += 2
        lines.append((moment, execution_lines(moment, serial, one)))
        serial += 1
    return lines


def _cron_session(moment: Instant, serial: int) -> list[_Line]:
    tail = 'acct="root" exe="/usr/sbin/cron" hostname=? addr=? terminal=cron res=success'
    accounting = f"op=PAM:accounting grantors=pam_permit {tail}"
    opened = f"op=PAM:session_open grantors=pam_loginuid,pam_env,pam_unix,pam_limits {tail}"
    return [
        (moment, user_line(moment, serial, "USER_ACCT", accounting)),
        (moment + 4_000, user_line(moment + 4_000, serial + 1, "USER_START", opened)),
    ]


def _events(world: World, host: Host) -> list[_Line]:
    made = [one for window in WINDOWS for one in life_windows.events(world, host, *window)]
    if host.name == world.ransom.host:
        made += attacks.ransom_events(world)
    made.sort(key=lambda one: one.moment)
    # Each channel numbers its own records.
    numbers = {"Security": 4_120_553, "System": 88_214}
    lines: list[_Line] = []
    for one in made:
        numbers[one.channel] += 1
        lines.append((one.moment, event_line(host.name, numbers[one.channel], one)))
    return lines


def inventory_yaml(world: World) -> str:
    """The inventory of the world, in the format of `haidang.store.inventory`."""
    content = {
        "units": [_unit(one) for one in world.units],
        "zones": [{"id": world.zone, "name": "Trung tâm dữ liệu"}],
        "systems": [_system(one) for one in world.systems],
        "networks": [{"cidr": world.network, "zone": world.zone, "unit": world.operator}],
        "hosts": [
            {
                "name": one.name,
                "zone": world.zone,
                "system": one.system,
                "addresses": [one.address],
            }
            for one in world.hosts
        ],
        "mail_domains": [],
        "api_keys": [],
    }
    return _HEAD + _dump(content)


def config_yaml(world: World, profile: Mapping[str, object] | None = None) -> str:
    """The configuration that collects the world's logs; paths are relative to its file.

    `profile` holds the settings of a profile other than *embedded*.
    """
    web = [(host, "access", "nginx.access", access_log(host)) for host in (world.web, world.portal)]
    web += [(host, "audit", "auditd.log", audit_log(host)) for host in (world.web, world.portal)]
    windows = [(host, "events", "windows.winlogbeat", event_log(host)) for host in world.windows]
    content: dict[str, object] = {
        "data_dir": "data",
        "inventory": "inventory.yml",
        **(profile or {}),
        "interval_secs": 60,
        "allowance_secs": 900,
        "inputs": [
            {
                "name": f"{host.name.lower()}-{part}",
                "path": path,
                "dataset": dataset,
                "operator": world.operator,
                "zone": world.zone,
                "host": host.name,
                "timezone": "+07:00",
            }
            for host, part, dataset, path in web + windows
        ],
    }
    return _HEAD + _dump(content)


def _unit(one: Unit) -> dict[str, str]:
    return {"id": one.id, "name": one.name, "name_en": one.name_en, "from": one.since}


def _system(one: System) -> dict[str, object]:
    content: dict[str, object] = {
        "id": one.id,
        "name": one.name,
        "level": one.level,
        "kind": one.kind,
        "operator": one.operator,
        "owner": one.owner,
    }
    return {**content, "sections": dict(one.sections)} if one.sections else content


def _dump(content: dict[str, object]) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)
