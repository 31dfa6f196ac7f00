"""The calendar of a world: it loads beside its inventory, and holds what was agreed."""

import pytest

from app.demo.announced import calendar_yaml
from app.demo.configuration import inventory_yaml
from app.demo.trap_scan import licensed_scan
from app.demo.trap_support import remote_support
from app.demo.world import make_world
from haidang.model.instant import from_iso
from haidang.store.calendar import Calendar
from haidang.store.inventory import Inventory


def calendar_of(folder, world):
    """The calendar of a world, read from files as always."""
    (folder / "inventory.yml").write_text(inventory_yaml(world), encoding="utf-8")
    (folder / "calendar.yml").write_text(calendar_yaml(world), encoding="utf-8")
    inventory = Inventory.load(folder / "inventory.yml")
    return Calendar.load(folder / "calendar.yml", inventory)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_agreed_is_registered(tmp_path, seed):
    """The scan, the support, and LT-03 to the end of 30/11; nothing of the power cut."""
    world = make_world(seed)
    calendar = calendar_of(tmp_path, world)

    spans = {one.kind: (one.span.start, one.span.end) for one in calendar.windows}
    scan, support = licensed_scan(world), remote_support(world)
    assert (scan.start, scan.end) == spans["planned_scan"]
    assert (support.start, support.end) == spans["remote_support"]
    assert "power_cut" not in spans
    (excluded,) = calendar.exclusions
    assert ("LT-03", from_iso("2026-12-01T00:00:00+07:00")) == (excluded.id, excluded.span.end)


def test_the_file_says_that_it_is_simulated():
    """Whoever opens it sees it in the first line."""
    assert "DỮ LIỆU MÔ PHỎNG" in calendar_yaml(make_world()).splitlines()[0]
