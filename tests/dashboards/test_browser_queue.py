"""The queue and the alert in a real browser: by keyboard, live, hostile, accessible."""

import pytest

from app.demo.attack_folder import samples
from app.demo.world import make_world
from haidang.model.instant import from_iso
from tests.support import browser
from tests.support.browser import axe, overflow, prepared, serving, shot, visiting
from tests.support.hostile import lines
from tests.support.site import ATTACK, INPUT

pytestmark = pytest.mark.slow
WIDE, NARROW = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
SECRET = (
    b'203.0.113.9 - - [18/Nov/2026:08:02:00 +0700] "GET /.env HTTP/1.1" 200 1833 "-" "curl/8.5.0"\n'
)


def first_alert(page):
    """Open the first alert by keyboard, from the queue."""
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts/*")


def test_from_the_queue_to_the_raw_line_by_keyboard(visit):
    """j, Enter, r, u: no hand leaves the keys, and the row that was read has the focus again."""
    page = visit.logged_in()
    first_alert(page)
    page.keyboard.press("r")
    raw = page.locator(".timeline .raw")
    assert ATTACK.decode().strip() == raw.inner_text().strip()
    page.keyboard.press("r")
    assert 0 == raw.count()
    page.keyboard.press("u")
    page.wait_for_url("**/")
    page.locator("[data-row]:focus").wait_for()


def test_search_and_help_by_keyboard(visit):
    """`/` goes to the search, `?` tells the keys."""
    page = visit.logged_in()
    page.keyboard.press("?")
    assert "Mở cảnh báo" in page.locator("#keys").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("THU MUC")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=THU*")
    assert 1 == page.locator("[data-group]").count()


def test_a_key_pressed_before_the_closed_help_gave_up_the_focus_counts(visit):
    """Fast hands: `/` in the very frame in which the help is closed still goes to the search."""
    page = visit.logged_in()
    page.keyboard.press("?")
    page.locator("#keys[open]").wait_for()
    focused = page.evaluate("""() => {
        document.getElementById("keys").close();
        const press = new KeyboardEvent("keydown", {key: "/", bubbles: true, cancelable: true});
        document.activeElement.dispatchEvent(press);
        return document.activeElement.matches("[data-search]");
    }""")
    assert focused


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_pages_are_accessible_and_fit(visit, scheme, size):
    """Axe finds nothing against WCAG 2.2 AA, and no page is wider than its window."""
    page = visit.logged_in(color_scheme=scheme, viewport=size)
    name = f"{scheme}-{size['width']}"
    assert [] == axe(page)
    assert 0 >= overflow(page)
    shot(page, f"queue-{name}")
    first_alert(page)
    assert [] == axe(page)
    assert 0 >= overflow(page)
    shot(page, f"alert-{name}")
    page.goto(page.locator("[data-event] a").first.get_attribute("href"))
    assert [] == axe(page)
    assert 0 >= overflow(page)
    page.goto("/?q=none")
    assert [] == axe(page)


def test_long_timeline_begins_shortly_before_what_matched(chromium, tmp_path):
    """Sixty harmless requests stand before and after it; three of them are seen first."""
    harmless = ATTACK.replace(b"/tai-ve?tep=../../../../etc/passwd", b"/")
    minutes = [
        b"".join(
            harmless.replace(b"08:01:00", b"08:%02d:%02d" % (minute, second))
            for second in range(60)
        )
        for minute in (0, 2)
    ]
    site = prepared(tmp_path / "site", ATTACK.join(minutes))
    with serving(site), visiting(chromium, site) as visit:
        page = visit.logged_in(viewport=WIDE)
        first_alert(page)
        course = page.locator(".timeline").bounding_box()
        matched = page.locator(".timeline > .matched").bounding_box()
        above = (matched["y"] - course["y"]) / matched["height"]
        assert 121 == page.locator(".timeline > [data-event]").count()
        assert 2 <= above <= 4


def test_new_alert_moves_nothing_until_asked_for(chromium, tmp_path):
    """One line says that there is news; `n` shows it; the focus stays where it was."""
    site = prepared(tmp_path / "site")
    with serving(site), visiting(chromium, site) as visit:
        page = visit.logged_in()
        page.keyboard.press("j")
        row = page.locator("[data-group]").first
        before, title = row.bounding_box(), page.title()
        with (site.folder / "logs/a.log").open("ab") as log:
            log.write(SECRET)
        for command in ("collect", "correlate"):
            assert 0 == browser._run(command, "--once", "--config", str(site.config))
        news = page.locator("#news button")
        news.wait_for()
        assert "1 nhóm mới · hiện (n)" == news.inner_text()
        assert f"(1) {title}" == page.title()
        assert 1 == page.locator("[data-group]").count()
        assert before["x"] == row.bounding_box()["x"]
        focused = page.evaluate("document.activeElement.href")
        page.keyboard.press("n")
        page.locator("[data-group]").nth(1).wait_for()
        assert (focused, title) == (page.evaluate("document.activeElement.href"), page.title())
        assert 0 == news.count()


def test_hostile_lines_run_nothing_and_break_nothing(chromium, tmp_path):
    """Every page of a server that was sent every spell: no script, no overflow, nothing foreign."""
    site = prepared(tmp_path / "site", b"".join(lines()))
    with serving(site), visiting(chromium, site) as visit:
        page = visit.logged_in()
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)
            page.goto("/")
            assert 0 >= overflow(page)
            address = page.locator("[data-row]").first.get_attribute("href")
            while address:
                page.goto(address)
                assert 0 >= overflow(page)
                page.keyboard.press("r")
                page.locator(".timeline .raw").wait_for()
                assert 0 >= overflow(page)
                assert page.evaluate("window.evil === undefined")
                earlier = page.locator("#history ~ ul a").first
                address = earlier.get_attribute("href") if earlier.count() else ""


def test_audit_records_are_folded_until_they_are_asked_for(chromium, tmp_path):
    """Closed ones are passed by; opened, each has its raw line under it."""
    audit = {**INPUT, "name": "audit", "path": "logs/c.log", "dataset": "auditd.log"}
    inputs = [{**audit, "operator": "dc", "zone": "dc", "max_behind_days": 36_500}]
    moment = from_iso("2026-11-18T08:01:00+07:00")
    [lines] = [one.lines(moment) for one in samples(make_world(1), moment) if "audit" in one.file]
    (tmp_path / "site/logs").mkdir(parents=True)
    (tmp_path / "site/logs/c.log").write_bytes(lines)
    site = prepared(tmp_path / "site", inputs=inputs)
    with serving(site), visiting(chromium, site) as visit:
        page = visit.logged_in()
        first_alert(page)
        page.keyboard.press("j")
        assert page.locator(".timeline > [data-event] > [data-row]:focus").count()
        page.keyboard.press("j")
        assert 0 == page.locator(".parts [data-row]:focus").count()
        page.locator(".parts summary").click()
        page.locator(".timeline > .matched > [data-row]").focus()
        page.keyboard.press("j")
        page.keyboard.press("r")
        assert page.locator(".parts li:first-child > .raw").inner_text().startswith("type=")
        assert 1 == page.locator(".raw").count()
        assert [] == axe(page)
        assert 0 >= overflow(page)
        shot(page, "alert-audit")
