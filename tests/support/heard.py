"""Sources that were heard at chosen times, and the two communes in which they stand."""

from collections.abc import Iterable

from correlator.activity import DAY_MINUTES, Day, Source, minute_of
from haidang.model.fold import fold
from haidang.model.instant import MINUTE, from_iso
from haidang.store.inventory import Inventory
from haidang.yamldoc import parse

MIDNIGHT = from_iso("2026-11-18T00:00:00+07:00")  # a Wednesday


def clock(hour, minute=0, day=18):
    """An instant of November 2026 in Vietnam."""
    return MIDNIGHT + (hour * 60 + minute + (day - 18) * DAY_MINUTES) * MINUTE


def every(minutes, start, end):
    """Instants from `start` to before `end`."""
    return list(range(start, end, minutes * MINUTE))


def heard(id_: str, times: Iterable[int], happened: Iterable[int] | None = None, **more) -> Source:
    """A source from which an event was received at each of these times."""
    times = list(times)
    days: dict[int, Day] = {}
    for at in times:
        number, bit = divmod(minute_of(at), DAY_MINUTES)
        day = days.setdefault(number, Day())
        day.received |= 1 << bit
        day.events += 1
    for at in times if happened is None else happened:
        number, bit = divmod(minute_of(at), DAY_MINUTES)
        days.setdefault(number, Day()).happened |= 1 << bit
    fields = {"dataset": "nginx.access", "operator": "ttdl", "zone": "tinh", "host": id_}
    ends = {"first": min(times), "last": max(times), "time": max(happened or times)}
    return Source(**{"id": id_, **fields, **ends, "days": days, **more})


def inventory(*hosts: tuple[str, str, str]) -> Inventory:
    """Two communes with a network each, a third without anything; (name, kind, address)."""
    listed = "".join(
        f"  - {{name: {name}, zone: tinh, unit: {_unit(address)}, kind: {kind}, "
        f"addresses: [{address}]}}\n"
        for name, kind, address in hosts
    )
    text = f"""\
units:
  - {{id: ttdl, name: Trung tâm dữ liệu}}
  - {{id: xa-a, name: UBND xã A}}
  - {{id: xa-b, name: UBND xã B}}
  - {{id: xa-c, name: UBND xã C}}
zones:
  - {{id: tinh, name: Mạng của tỉnh}}
networks:
  - {{cidr: 10.1.0.0/16, zone: tinh, unit: xa-a}}
  - {{cidr: 10.2.0.0/16, zone: tinh, unit: xa-b}}
hosts:{" []" if not listed else ""}
{listed}"""
    return Inventory.of(parse(text.encode(), fold("inventory.yml"))[0])


def _unit(address):
    return "xa-a" if address.startswith("10.1.") else "xa-b"
