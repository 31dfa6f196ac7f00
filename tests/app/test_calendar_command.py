"""`haidang calendar`: the file is checked, what holds is said, and what was kept silent."""

import re

import orjson
import pytest

from haidang.model.instant import HOUR, from_iso
from tests.support.site import ATTACK, INPUT

NOW = from_iso("2026-11-18T08:30:00+07:00")
CALENDAR = """\
hours:
  - {id: G1, days: [mon, tue, wed, thu, fri], start: 07:30, end: 17:00, reason: Giờ, by: VP}
windows:
  - {id: BT-1, kind: maintenance, systems: [ha], from: 2026-11-18 08:00, until: 2026-11-18 09:00,
     reason: Nâng cấp, by: Lan}
exclusions:
  - {id: LT-1, categories: [webserver], addresses: [203.0.113.9], from: 2026-11-18 08:00,
     until: 2026-11-18 09:00, reason: Rà quét, by: Minh}
  - {id: LT-2, rules: [web_backdoor, no_such_rule], hosts: [HA-WEB01], from: 2026-11-01,
     until: 2026-11-02, reason: Cũ, by: Minh}
"""


@pytest.fixture
def scanned(tmp_path, site):
    """Give a site whose server was attacked from the excluded address at 08:01."""
    file = site(tmp_path, INPUT, calendar="calendar.yml")
    (tmp_path / "calendar.yml").write_text(CALENDAR, encoding="utf-8")
    (tmp_path / "logs/a.log").write_bytes(ATTACK)
    return file


def ran(haidang, scanned, *words, at=NOW):
    """A run of a command that succeeds."""
    found = haidang(*words, "--config", scanned, at=at)
    assert 0 == found.code, found.err
    return found


def test_an_excluded_attack_raises_nothing_and_is_counted(haidang, scanned):
    """The figures, the reason and the end are shown; the ended exclusion is said to have ended."""
    ran(haidang, scanned, "collect", "--once")
    correlated = ran(haidang, scanned, "correlate", "--once")
    assert "alerts=0" in correlated.out

    lines = ran(haidang, scanned, "calendar", "exclusions").out.splitlines()
    row = next(line for line in lines if line.startswith("LT-1"))
    assert "18/11/2026 08:01" in row
    assert re.search(r"  đến 18/11/2026 09:00 +Rà quét \(Minh\)$", row)
    ended = next(line for line in lines if line.startswith("LT-2"))
    assert "  hết 02/11/2026 " in ended
    assert ended.endswith("đã hết hạn, không còn tác dụng")

    shown = ran(haidang, scanned, "calendar", "exclusions", "--json", at=NOW + HOUR).out
    first, second = map(orjson.loads, shown.splitlines())
    assert first["matches"] == first["matches_today"] >= 1
    assert len(first["examples"]) == first["matches"]
    assert [True, True] == [first["expired"], second["expired"]]
    assert 0 == second["matches"]


def test_the_same_attack_alerts_when_the_exclusion_has_ended(haidang, scanned, tmp_path):
    """The exclusion ended before the attack, to the minute."""
    text = CALENDAR.replace("09:00, reason: Rà", "08:01, reason: Rà")
    (tmp_path / "calendar.yml").write_text(text, encoding="utf-8")
    ran(haidang, scanned, "collect", "--once")

    assert "alerts=1" in ran(haidang, scanned, "correlate", "--once").out


def test_what_holds_at_a_time_is_said(haidang, scanned):
    """Each unit's day and hour, then windows and exclusions with their ends."""
    shown = ran(haidang, scanned, "calendar", "show", "--at", "2026-11-18T08:30").out
    assert "18/11/2026 08:30 (UTC+7)" in shown
    assert "Sở Hạ: giờ làm việc" in shown
    assert "BT-1 bảo trì, đến 18/11/2026 09:00: Nâng cấp (Lan)" in shown
    assert "LT-1 loại trừ, đến 18/11/2026 09:00: Rà quét (Minh)" in shown

    evening = ran(haidang, scanned, "calendar", "show", "--at", "2026-11-18 20:00").out
    assert "Sở Hạ: ngày làm việc, ngoài giờ làm việc" in evening
    assert "BT-1" not in evening


def test_check_names_what_can_have_no_effect(haidang, scanned):
    """A misspelt rule would exclude nothing, and a correlation has no matches of its own."""
    checked = ran(haidang, scanned, "calendar", "check")

    assert "hours=1 days=" in checked.out
    assert "exclusion LT-2: no rule here has the id, name or tag 'no_such_rule'" in checked.err
    assert "exclusion LT-2: web_backdoor is a correlation" in checked.err


def test_a_broken_calendar_stops_the_correlator_in_words(haidang, scanned, tmp_path):
    """With file, line and field; nothing is evaluated under half a calendar."""
    text = CALENDAR.replace("systems: [ha]", "systems: [hq]")
    (tmp_path / "calendar.yml").write_text(text, encoding="utf-8")
    stopped = haidang("correlate", "--once", "--config", scanned, at=NOW)

    assert 1 == stopped.code
    assert "calendar.yml:4: windows.0.systems.0: hq is no system of the inventory" in stopped.err


def test_without_a_calendar_the_national_days_are_known(haidang, site, tmp_path):
    """A site that registered nothing is told what day it is."""
    file = site(tmp_path, INPUT)
    shown = ran(haidang, file, "calendar", "show", "--at", "2026-09-02 09:00").out

    assert "Sở Hạ: ngày nghỉ lễ, chưa đăng ký giờ làm việc" in shown
