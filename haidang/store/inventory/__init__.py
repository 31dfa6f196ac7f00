"""The inventory: units, zones, systems, networks and hosts, and whose an event is.

Read once from `inventory.yml`; every claim in it may be dated. Days are Vietnam's (UTC+7): `from`
begins at 00:00 of its day, `until` includes the whole of its day. Form of the file (* required)::

    units:        [{id*, name*, name_en, from, until, predecessors: [id], successors: [id]}]
    zones:        [{id*, name*}]
    systems:      [{id*, name*, level*, kind*, operator*, owner*, from, until,
                    users: [id or {unit*, from, until}], sections: {URL path prefix: name}}]
    networks:     [{cidr*, zone*, unit*, from, until}]
    hosts:        [{name*, zone*, system, unit, kind, aliases: [name], addresses: [IP],
                    from, until}]
    mail_domains: [{domain*, unit*, from, until}]
    api_keys:     [{key*, unit*, from, until}]

`operator` runs a system, `owner` is its legal owner (chủ quản), `users` are the units it serves.
A key is the public id of a client key: secrets have no place here.
"""

from haidang.store.inventory.inventory import Inventory
from haidang.store.inventory.ownership import Ownership

__all__ = ["Inventory", "Ownership"]
