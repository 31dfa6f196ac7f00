"""A registered power cut or maintenance explains silence, all of it or none."""

import pytest

from correlator.explained import explain
from correlator.health import examine
from haidang.model.instant import DAY
from haidang.model.scope import Scope
from haidang.store.calendar import Calendar
from tests.support.heard import clock, every, heard, inventory

HOSTS = [("rt-a", "router", "10.1.0.1"), ("dns-a", "dns-server", "10.1.0.2")]
CUT, BACK, NOON = clock(10, 5), clock(10, 47), clock(12)
POWER = "kind: power_cut, from: 2026-11-18 10:00, until: 2026-11-18 11:00"


def explained(folder, window, *, end=BACK, only=()):
    """What explains the commune's line that was down, or the one source that was silent."""
    known = inventory(*HOSTS)
    file = folder / "calendar.yml"
    file.write_text(f"windows:\n  - {{id: W-1, reason: sửa trạm, by: dien, {window}}}\n", "utf-8")
    sources = [
        heard(name, [at for at in every(1, clock(6), NOON) if name in only or not CUT <= at < end])
        for name, _, _ in HOSTS
    ]
    health = examine(sources, known, Scope(None), NOON, NOON - DAY)
    told = explain(health, known, Calendar.load(file, known).windows)
    assert [] == [one.explained for one in health.findings if one.explained]
    return [one.explained for one in told.findings]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        pytest.param(f"{POWER}, units: [xa-a]", ["W-1 (sửa trạm)"], id="the-unit"),
        pytest.param(f"{POWER}, hosts: [rt-a, dns-a]", ["W-1 (sửa trạm)"], id="all-its-hosts"),
        pytest.param(f"{POWER}, hosts: [rt-a]", [""], id="one-of-its-hosts"),
        pytest.param(f"{POWER}, units: [xa-b]", [""], id="another-unit"),
        pytest.param(f"{POWER.replace('11:00', '10:46')}, units: [xa-a]", [""], id="ended-before"),
        pytest.param(f"{POWER.replace('10:00', '10:06')}, units: [xa-a]", [""], id="began-after"),
        pytest.param(
            f"{POWER.replace('power_cut', 'maintenance')}, units: [xa-a]",
            ["W-1 (sửa trạm)"],
            id="maintenance",
        ),
        pytest.param(
            f"{POWER.replace('power_cut', 'remote_support')}, units: [xa-a]", [""], id="other-kind"
        ),
    ],
)
def test_line_that_is_down_inside_a_window_is_explained(tmp_path, window, expected):
    """In time and place, at every source of it."""
    assert expected == explained(tmp_path, window)


def test_single_source_is_explained_too(tmp_path):
    """Its router speaks, its host is in maintenance."""
    window = f"{POWER.replace('power_cut', 'maintenance')}, hosts: [dns-a]"

    assert ["W-1 (sửa trạm)"] == explained(tmp_path, window, only=("rt-a",))


def test_silence_that_outlasts_its_window_is_not_explained(tmp_path):
    """Somebody must look from then on."""
    window = f"{POWER}, units: [xa-a]"

    assert [""] == explained(tmp_path, window, end=NOON)
