"""Silence that somebody registered: a power cut or maintenance of the calendar explains it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from correlator.health import Finding, Health, SourceHealth
from haidang.model.instant import Instant
from haidang.store.calendar.records import Place, Window
from haidang.store.inventory import Inventory

KINDS = frozenset({"power_cut", "maintenance"})


def explain(health: Health, inventory: Inventory, windows: Sequence[Window]) -> Health:
    """Every finding that a window covers at all its sources, from its start to its end."""
    sources = {one.source.id: one for one in health.sources}
    known = [one for one in windows if one.kind in KINDS]
    findings = [
        replace(one, explained=_entry(one, health.as_of, sources, inventory, known))
        for one in health.findings
    ]
    return replace(health, findings=tuple(findings))


def _entry(
    finding: Finding,
    as_of: Instant,
    sources: Mapping[str, SourceHealth],
    inventory: Inventory,
    windows: Sequence[Window],
) -> str:
    """The id and reason of the first such window, "" if there is none."""
    places = [
        _place(sources[id_], at, inventory)
        for id_ in finding.sources
        for at in (finding.start, (finding.end or as_of) - 1)
    ]
    for one in windows:
        if all(map(one.covers, places)):
            return f"{one.id} ({one.reason})"
    return ""


def _place(one: SourceHealth, at: Instant, inventory: Inventory) -> Place:
    source = one.source
    host = inventory.host(source.zone, source.host, at)
    units = {one.unit} | ({one.place.unit} if one.place else set())
    return Place(
        at=at,
        operator=source.operator,
        affected=tuple(sorted(units)),
        zone=source.zone,
        hosts=(source.host,),
        sources=host.addresses if host else (),
        destinations=(),
        users=(),
    )
