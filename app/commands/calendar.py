"""`haidang calendar`: check the file, say what holds at a time, what exclusions kept silent."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import click

from alerts.display import json_line
from app import config, wiring
from app.calendars import idle_exclusions, site_calendar
from app.commands import CONFIG
from app.schedule import receive_clock
from correlator.exclusions import Excluded, counted
from haidang.model.instant import VIETNAM, Instant, from_datetime, to_iso, to_local
from haidang.store.calendar import Calendar, Exclusion
from haidang.store.inventory import Inventory

_NONE = Excluded()
_WORDS = {
    "working": "ngày làm việc",
    "weekend": "ngày nghỉ cuối tuần",
    "holiday": "ngày nghỉ lễ",
    "swapped": "ngày làm bù",
    "lunch": "giờ nghỉ trưa",
    "outside": "ngoài giờ làm việc",
    "": "chưa đăng ký giờ làm việc",
    "maintenance": "bảo trì",
    "planned_scan": "rà quét đã đăng ký",
    "remote_support": "hỗ trợ từ xa",
    "power_cut": "cắt điện",
}


@click.group()
def command() -> None:
    """Check the calendar, say what holds at a time, and what its exclusions kept silent."""


@command.command()
@CONFIG
def check(config_path: Path) -> None:
    """Read the calendar and name every problem; then what of it can have no effect."""
    with wiring.open_modes(config.load(config_path), receive_clock()) as one:
        calendar, _inventory = _read(config_path)
        for warning in idle_exclusions(calendar, one.site.rules):
            click.echo(warning, err=True)
    counts = {name: len(getattr(calendar, name)) for name in ("hours", "days", "windows")}
    shown = " ".join(f"{name}={count}" for name, count in counts.items())
    click.echo(f"{shown} exclusions={len(calendar.exclusions)} content={calendar.digest[:8]}")


@command.command()
@CONFIG
@click.option(
    "--at",
    "moment",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"]),
    help="The time in UTC+7; now without it.",
)
def show(config_path: Path, moment: datetime | None) -> None:
    """Say for each unit what day and hour it is, then the windows and exclusions that hold."""
    at = receive_clock() if moment is None else from_datetime(moment.replace(tzinfo=VIETNAM))
    calendar, inventory = _read(config_path)
    click.echo(f"{_clock(at)} (UTC+7)")
    for line in held(calendar, inventory, at):
        click.echo(line)


@command.command()
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def exclusions(config_path: Path, as_json: bool) -> None:
    """List the exclusions: how many matches each kept silent, and until when."""
    calendar, _inventory = _read(config_path)
    now = receive_clock()
    with wiring.open_stores(config.load(config_path)) as one, one.database.reading() as connection:
        found = counted(connection, now)
    lines = (
        exclusion_rows(calendar, found, now) if as_json else exclusion_lines(calendar, found, now)
    )
    for line in lines:
        click.echo(line)


def _read(config_path: Path) -> tuple[Calendar, Inventory]:
    settings = config.load(config_path)
    inventory = Inventory.load(settings.inventory)
    return site_calendar(settings, inventory), inventory


def held(calendar: Calendar, inventory: Inventory, at: Instant) -> Iterator[str]:
    """What holds at an instant: a line for each unit, window and exclusion."""
    for unit in inventory.records.units:
        if unit.span.holds(at):
            day, hours = calendar.day(at, unit.id), calendar.time_of_day(at, unit.id)
            words = _WORDS[day] if day == hours else f"{_WORDS[day]}, {_WORDS[hours]}"
            yield f"{unit.name}: {'giờ làm việc' if day == hours else words}"
    for window in calendar.windows:
        if window.holds(at):
            until = _end(window.span.end)
            yield f"{window.id} {_WORDS[window.kind]}, {until}: {window.reason} ({window.by})"
    for one in calendar.exclusions:
        if one.span.holds(at):
            yield f"{one.id} loại trừ, {_end(one.span.end)}: {one.reason} ({one.by})"


def exclusion_lines(
    calendar: Calendar, found: Mapping[str, Excluded], now: Instant
) -> Iterator[str]:
    """For people; an exclusion that is gone from the file is named if it counted anything."""
    yield f"{'id':10} {'hôm nay':>8} {'tổng':>8}  {'lần cuối':16}  {'thời hạn':20}  lý do"
    for one in calendar.exclusions:
        what, state = found.get(one.id, _NONE), _state(one, now)
        yield f"{_figures(one.id, what)}  {_end(one.span.end):20}  {one.reason} ({one.by}){state}"
    for id_ in sorted(found.keys() - {one.id for one in calendar.exclusions}):
        yield f"{_figures(id_, found[id_])}  {'-':20}  không còn trong lịch"


def _figures(id_: str, what: Excluded) -> str:
    last = _clock(what.last) if what.last else "-"
    return f"{id_:10} {what.today:>8} {what.matches:>8}  {last:16}"


def exclusion_rows(
    calendar: Calendar, found: Mapping[str, Excluded], now: Instant
) -> Iterator[str]:
    """For programs."""
    for one in calendar.exclusions:
        what = found.get(one.id, _NONE)
        fields = {
            "id": one.id,
            "from": to_iso(one.span.start),
            "until": to_iso(one.span.end),
            "expired": one.span.end <= now,
            "reason": one.reason,
            "by": one.by,
            "matches": what.matches,
            "matches_today": what.today,
            "last_match": to_iso(what.last) if what.last else None,
            "examples": list(what.examples),
        }
        yield json_line(fields)


def _state(one: Exclusion, now: Instant) -> str:
    if one.span.end <= now:
        return " — đã hết hạn, không còn tác dụng"
    return " — chưa bắt đầu" if now < one.span.start else ""


def _end(at: Instant) -> str:
    """`hết 30/11/2026` for a whole day, else `đến` with the clock."""
    last = to_local(at - 1)
    whole = to_local(at).day != last.day
    return f"hết {last:%d/%m/%Y}" if whole else f"đến {_clock(at)}"


def _clock(at: Instant) -> str:
    return to_local(at).strftime("%d/%m/%Y %H:%M")
