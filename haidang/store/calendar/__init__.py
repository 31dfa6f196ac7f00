"""The calendar: when people work, what is announced, and which matches are left out until when.

Read once from `calendar.yml`. Form of the file (* required); every entry has `id*`, `reason*` and
`by*` (who registered it)::

    national_holidays: true        # those of holidays.yml
    hours:      [{days*: [mon], start*: "07:30", end*: "17:00", lunch: ["11:30", "13:30"],
                  units: [id], from, until}]
    days:       [{kind*: holiday or swapped, from*, until, units: [id]}]
    windows:    [{kind*, from*, until*, weekly: {days*: [sat], start*, end*},
                  units, systems, hosts, addresses: [IP or CIDR], zone}]
    exclusions: [{rules, tags, categories, from*, until*, window: id of a window,
                  units, systems, hosts, addresses, users, zone}]

`from` and `until` are days (both inside) or moments such as `2026-11-18 09:00`, UTC+7 unless they
name an offset; a moment `until` is the first that lies outside.
"""

from haidang.store.calendar.calendar import Calendar
from haidang.store.calendar.records import Exclusion, Window

__all__ = ["Calendar", "Exclusion", "Window"]
