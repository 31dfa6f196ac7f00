"""What a day and an hour are for a unit, the national days, and the calendar's digest."""

import pytest

from haidang.model.event import Event, encode
from haidang.model.instant import DAY, from_iso
from haidang.store.calendar import Calendar
from haidang.store.calendar.calendar import national_days
from haidang.store.inventory import Inventory
from haidang.yamldoc import parse

INVENTORY = """\
units: [{id: dc, name: Trung tâm}, {id: xa, name: Xã Bản Mẫu}]
zones: [{id: dc, name: DC}]
systems: [{id: web, name: Trang, level: 2, kind: web-server, operator: dc, owner: xa}]
hosts: [{name: WEB-01, zone: dc, system: web}, {name: PC-01, zone: dc, unit: xa}]
"""
CALENDAR = """\
hours:
- {id: g1, reason: r, by: b, days: [mon, tue, wed, thu, fri], start: 07:30, end: 17:00,
   lunch: [11:30, 13:30]}
- {id: g2, reason: r, by: b, days: [mon, tue, wed, thu, fri, sat], start: 07:00, end: 11:00,
   units: [xa]}
days:
- {id: n1, reason: r, by: b, kind: holiday, from: 2026-11-20, units: [xa]}
- {id: n2, reason: r, by: b, kind: swapped, from: 2026-11-21}
windows:
- {id: w1, reason: r, by: b, kind: maintenance, systems: [web], from: 2026-11-18, until: 2026-11-18}
"""


def calendar_of(tmp_path, text, inventory=INVENTORY):
    """The calendar of these texts."""
    (document,) = parse(inventory.encode(), "inventory.yml")
    file = tmp_path / "calendar.yml"
    file.write_text(text, encoding="utf-8")
    return Calendar.load(file, Inventory.of(document))


@pytest.fixture
def calendar(tmp_path):
    """Give the calendar above."""
    return calendar_of(tmp_path, CALENDAR)


def at(text):
    """An instant of Vietnam's wall clock."""
    return from_iso(text + "+07:00")


@pytest.mark.parametrize(
    ("day", "hours", "unit", "moment"),
    [
        pytest.param("working", "outside", "dc", "2026-11-18T07:29:59", id="a-second-early"),
        pytest.param("working", "working", "dc", "2026-11-18T07:30:00", id="first-second"),
        pytest.param("working", "lunch", "dc", "2026-11-18T11:30:00", id="lunch"),
        pytest.param("working", "working", "dc", "2026-11-18T13:30:00", id="after-lunch"),
        pytest.param("working", "working", "dc", "2026-11-18T16:59:59", id="last-second"),
        pytest.param("working", "outside", "dc", "2026-11-18T17:00:00", id="evening"),
        pytest.param("weekend", "outside", "dc", "2026-11-22T09:00:00", id="sunday"),
        pytest.param("working", "working", "xa", "2026-11-14T09:00:00", id="own-saturday"),
        pytest.param("weekend", "outside", "dc", "2026-11-14T09:00:00", id="others-saturday"),
        pytest.param("holiday", "outside", "xa", "2026-11-20T09:00:00", id="own-holiday"),
        pytest.param("working", "working", "dc", "2026-11-20T09:00:00", id="others-holiday"),
        pytest.param("swapped", "working", "dc", "2026-11-21T09:00:00", id="swapped-saturday"),
        pytest.param("holiday", "outside", "dc", "2026-09-02T09:00:00", id="national-day"),
        pytest.param("swapped", "lunch", "dc", "2026-08-22T12:00:00", id="national-swap"),
        pytest.param("holiday", "outside", "dc", "2026-02-17T09:00:00", id="tet"),
    ],
)
def test_day_and_hours_are_the_units_own(calendar, day, hours, unit, moment):
    """To the second, in Vietnam's time; a unit's own entries go before those of everybody."""
    assert (day, hours) == (calendar.day(at(moment), unit), calendar.time_of_day(at(moment), unit))


def test_without_registered_hours_nothing_is_said_of_an_hour(tmp_path):
    """What is not known is not guessed; weekends and national days are known to all."""
    calendar = Calendar.empty()

    assert "" == calendar.time_of_day(at("2026-11-18T03:00:00"), "dc")
    assert "weekend" == calendar.day(at("2026-11-21T09:00:00"), "dc")
    assert "holiday" == calendar.day(at("2027-02-06T09:00:00"), "dc")
    own = calendar_of(tmp_path, "national_holidays: false\n")
    assert "working" == own.day(at("2026-09-02T09:00:00"), "dc")


def test_new_years_and_hung_kings_days_are_those_of_the_lunar_calendar():
    """17/02/2026 and 06/02/2027 begin the year, 26/04/2026 and 16/04/2027 are 10/3."""
    spans = {one.reason.split(" (")[0]: one.span for one in national_days()}

    assert spans["Tết Nguyên đán Bính Ngọ"].holds(at("2026-02-17T00:00:00"))
    assert spans["Tết Nguyên đán Đinh Mùi"].holds(at("2027-02-06T00:00:00"))
    assert spans["Giỗ Tổ Hùng Vương"].holds(at("2027-04-16T00:00:00"))
    assert all(one.span.end - one.span.start <= 7 * DAY for one in national_days())


def test_swapped_days_of_the_file_are_weekends():
    """Only a day that is off can be worked instead."""
    swapped = [one.span.start for one in national_days() if one.kind == "swapped"]

    assert swapped
    assert {"weekend"} == {
        "weekend" if (start // DAY + 4) % 7 in {5, 6} else "weekday" for start in swapped
    }


def event(host, affected, moment="2026-11-18T12:00:00"):
    """An event of a host."""
    document = {"host": {"name": host}}
    ecs = encode(document)
    made = Event("e", at(moment), 0, "s", "d", "dc", affected, "dc", 2, ecs)
    return made, document


def test_fields_are_those_of_the_affected_units_or_of_the_operator(calendar):
    """Several units may have several answers; windows are those of the event's place."""
    both = event("WEB-01", ("dc", "xa"))
    nobody = event("PC-01", ())

    assert ["lunch", "outside"] == calendar.computed(*both, "haidang.calendar.hours")
    assert ["lunch"] == calendar.computed(*nobody, "haidang.calendar.hours")
    assert ["working"] == calendar.computed(*both, "haidang.calendar.day")
    assert ["maintenance"] == calendar.computed(*both, "haidang.calendar.windows")
    assert [] == calendar.computed(*nobody, "haidang.calendar.windows")


def test_digest_changes_with_content_and_with_the_machines_it_means(tmp_path):
    """Comments and layout do not count."""
    first = calendar_of(tmp_path, CALENDAR).digest

    assert first == calendar_of(tmp_path, "# bản in\n" + CALENDAR).digest
    assert first != calendar_of(tmp_path, CALENDAR.replace("17:00", "16:30")).digest
    more = INVENTORY.replace("PC-01, zone: dc, unit: xa", "PC-01, zone: dc, system: web")
    assert first != calendar_of(tmp_path, CALENDAR, more).digest
