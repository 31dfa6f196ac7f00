"""Reading calendar.yml: every problem at once, each with its line; nonsense is refused."""

import pytest

from haidang.errors import InputError
from haidang.model.instant import from_iso
from haidang.store.calendar import Calendar
from haidang.store.inventory import Inventory
from haidang.yamldoc import parse

INVENTORY = """\
units: [{id: dc, name: Trung tâm}, {id: xa, name: Xã Bản Mẫu}]
zones: [{id: dc, name: DC}, {id: xa, name: Xã}]
systems: [{id: web, name: Trang, level: 2, kind: web-server, operator: dc, owner: xa}]
hosts:
- {name: WEB-01, zone: dc, system: web, addresses: [10.1.2.11]}
- {name: PC-01, zone: dc, unit: xa}
- {name: PC-01, zone: xa, unit: xa}
"""
WHO = "reason: r, by: b"
SPAN = "from: 2026-11-18 09:00, until: 2026-11-18 09:20"


@pytest.fixture
def load(tmp_path):
    """Load the text of a calendar beside the inventory above."""
    (document,) = parse(INVENTORY.encode(), "inventory.yml")
    inventory = Inventory.of(document)

    def read(text):
        file = tmp_path / "c.yml"
        file.write_text(text, encoding="utf-8")
        return Calendar.load(file, inventory)

    return read


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(
            "is not after from",
            f"windows:\n- {{id: a, kind: maintenance, hosts: [WEB-01], {WHO}, "
            "from: 2026-11-18 09:20, until: 2026-11-18 09:20}",
            id="until-before-from",
        ),
        pytest.param(
            "xaa is no unit of the inventory; did you mean xa?",
            f"days:\n- {{id: a, kind: holiday, units: [xaa], from: 2026-11-20, {WHO}}}",
            id="unknown-unit",
        ),
        pytest.param(
            "WEB-02 is no host of the inventory; did you mean WEB-01?",
            f"windows:\n- {{id: a, kind: maintenance, hosts: [WEB-02], {WHO}, {SPAN}}}",
            id="unknown-host",
        ),
        pytest.param(
            "mail is no system of the inventory",
            f"windows:\n- {{id: a, kind: maintenance, systems: [mail], {WHO}, {SPAN}}}",
            id="unknown-system",
        ),
        pytest.param(
            "PC-01 is a host of several zones: say which, zone: dc or xa",
            f"windows:\n- {{id: a, kind: maintenance, hosts: [PC-01], {WHO}, {SPAN}}}",
            id="host-of-two-zones",
        ),
        pytest.param(
            "is private and means something only in its zone: say which, zone: ID",
            f"windows:\n- {{id: a, kind: planned_scan, addresses: [10.1.2.3], {WHO}, {SPAN}}}",
            id="private-address",
        ),
        pytest.param(
            "is missing: the addresses that scan",
            f"windows:\n- {{id: a, kind: planned_scan, hosts: [WEB-01], {WHO}, {SPAN}}}",
            id="scan-from-nowhere",
        ),
        pytest.param(
            "is missing: a remote_support names hosts, systems or units",
            f"windows:\n- {{id: a, kind: remote_support, addresses: [203.0.113.5], {WHO}, {SPAN}}}",
            id="support-of-everything",
        ),
        pytest.param(
            "must be one of maintenance, planned_scan, remote_support, power_cut",
            f"windows:\n- {{id: a, kind: party, hosts: [WEB-01], {WHO}, {SPAN}}}",
            id="unknown-kind",
        ),
        pytest.param(
            "is missing",
            "exclusions:\n- {id: a, rules: [x], users: [u], from: 2026-11-01, reason: r, by: b}",
            id="exclusion-without-end",
        ),
        pytest.param(
            "is more than a year after from; register it again when it has ended",
            f"exclusions:\n- {{id: a, rules: [x], users: [u], {WHO}, from: 2026-11-01, "
            "until: 2027-11-02}",
            id="exclusion-for-ever",
        ),
        pytest.param(
            "is missing: name addresses, hosts, systems, units or users",
            f"exclusions:\n- {{id: a, rules: [x], {WHO}, {SPAN}}}",
            id="exclusion-of-everybody",
        ),
        pytest.param(
            "is missing: an exclusion names rules, tags, categories",
            f"exclusions:\n- {{id: a, users: [u], {WHO}, {SPAN}}}",
            id="exclusion-of-all-rules",
        ),
        pytest.param(
            "no window has the id QR-1",
            f"exclusions:\n- {{id: a, rules: [x], users: [u], window: QR-1, {WHO}, {SPAN}}}",
            id="unknown-window",
        ),
        pytest.param(
            "must be a day such as 2026-11-18, or a moment such as 2026-11-18 09:00 (UTC+7)",
            f"hours:\n- {{id: a, days: [mon], start: 07:30, end: 17:00, from: mai, {WHO}}}",
            id="no-time",
        ),
        pytest.param(
            "must lie inside start and end, its end after its beginning",
            f"hours:\n- {{id: a, days: [mon], start: 07:30, end: 17:00, {WHO}, "
            "lunch: [13:30, 11:30]}",
            id="lunch-backwards",
        ),
        pytest.param(
            "must be one of mon, tue, wed, thu, fri, sat, sun",
            f"hours:\n- {{id: a, days: [thứ hai], start: 07:30, end: 17:00, {WHO}}}",
            id="weekday",
        ),
        pytest.param(
            "and until must be days such as 2026-11-20",
            f"days:\n- {{id: a, kind: holiday, from: 2026-11-20 08:00, {WHO}}}",
            id="part-of-a-day",
        ),
        pytest.param(
            "unknown key; known here: id, reason, by, from, until, kind, units",
            f"days:\n- {{id: a, kind: holiday, from: 2026-11-20, unit: xa, {WHO}}}",
            id="misspelt-key",
        ),
        pytest.param(
            "is the same as start",
            f"windows:\n- {{id: a, kind: maintenance, hosts: [WEB-01], {WHO}, {SPAN}, "
            "weekly: {days: [sat], start: 22:00, end: 22:00}}",
            id="empty-week",
        ),
    ],
)
def test_nonsense_is_refused_with_its_line(load, expected, text):
    """One problem for one fault, in the entry's line."""
    with pytest.raises(InputError) as error:
        load(text)

    assert [(2, expected)] == [(one.line, one.what) for one in error.value.problems]


def test_all_problems_of_a_file_are_named_at_once(load):
    """Also an id that is there twice, in whichever sections."""
    with pytest.raises(InputError) as error:
        load(
            f"days:\n- {{id: a, kind: feast, from: 2026-11-20, {WHO}}}\n"
            f"windows:\n- {{id: a, kind: power_cut, units: [xx], {WHO}, {SPAN}}}\nextra: 1\n"
        )

    assert [2, 4, 4, 5] == [one.line for one in error.value.problems]
    assert "a is there twice; first in line 2" in str(error.value)


def test_past_and_overlapping_entries_are_allowed(load):
    """History stays in the file: events may come late."""
    one = f"kind: power_cut, units: [xa], {WHO}, from: 2020-01-01, until: 2020-01-02"
    calendar = load(f"windows:\n- {{id: a, {one}}}\n- {{id: b, {one}}}\n")

    assert ["a", "b"] == [window.id for window in calendar.windows]


def test_days_are_whole_and_moments_exact(load):
    """A day `until` lies inside, a moment does not; an offset is read, UTC+7 without one."""
    calendar = load(
        f"windows:\n- {{id: a, kind: power_cut, units: [xa], {WHO}, from: 2026-11-18, "
        "until: 2026-11-30}\n"
        f"- {{id: b, kind: power_cut, units: [xa], {WHO}, from: 2026-11-18 09:00, "
        "until: '2026-11-18T02:20:30Z'}\n"
    )

    day, exact = (window.span for window in calendar.windows)
    assert from_iso("2026-11-18T00:00:00+07:00") == day.start
    assert from_iso("2026-12-01T00:00:00+07:00") == day.end
    assert from_iso("2026-11-18T09:00:00+07:00") == exact.start
    assert from_iso("2026-11-18T09:20:30+07:00") == exact.end


def test_an_empty_file_is_a_calendar_without_entries(load):
    """A site may begin with a file of comments."""
    assert () == load("# chưa có gì\n").windows
