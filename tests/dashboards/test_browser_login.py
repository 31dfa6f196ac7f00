"""Logging in as a person does it, in a real browser."""

import time

import pytest

from tests.support.browser import PASSWORD, axe, overflow, shot

pytestmark = pytest.mark.slow
DAY = 86_400_000_000
FIRST = "abcde-fghjk"


def enter(page, name, password):
    """Fill in the form and send it."""
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("main button[type=submit]")


def test_a_person_logs_in_and_out(visit):
    """From the page that was asked for, back to it, and out again."""
    visit.site.add("lan")
    page = visit.open("/password")
    assert "/login?next=%2Fpassword" in page.url
    enter(page, "lan", PASSWORD)
    page.wait_for_url("**/password")
    assert "lan" in page.text_content(".who")
    page.click("text=Đăng xuất")
    page.wait_for_url("**/login")
    page.goto("/password")
    assert "/login" in page.url


def test_a_wrong_password_is_told(visit):
    """As an alert that screen readers speak at once; what was typed is gone."""
    visit.site.add("minh")
    page = visit.open("/login")
    enter(page, "minh", "không phải câu này")
    assert "không đúng" in page.text_content("[role=alert]")
    assert not page.input_value("#password")
    shot(page, "login-wrong")


def test_a_one_time_password_becomes_an_own_one(visit):
    """The person chooses one, is in, and comes in by it later; the old one is over."""
    visit.site.add("moi", one_time=time.time_ns() // 1_000 + DAY, password=FIRST)
    page = visit.open("/login")
    enter(page, "moi", FIRST)
    page.wait_for_url("**/password")
    shot(page, "password-first")
    assert [] == axe(page)
    page.fill("#new", "moi-moi-moi-moi")
    page.fill("#again", "moi-moi-moi-moi")
    page.click("main button[type=submit]")
    assert "tên đăng nhập" in page.text_content("[role=alert]")
    page.fill("#new", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(visit.site.address + "/")
    later = visit.open("/login")
    enter(later, "moi", FIRST)
    assert "không đúng" in later.text_content("[role=alert]")
    enter(later, "moi", PASSWORD)
    later.wait_for_url(visit.site.address + "/")


def test_the_language_is_chosen_and_kept(visit):
    """By a link, then by a cookie; the page says its language to screen readers."""
    page = visit.open("/login")
    assert "vi" == page.get_attribute("html", "lang")
    page.click("text=English")
    page.goto("/login")
    assert ("en", "Log in") == (page.get_attribute("html", "lang"), page.text_content("h1"))


@pytest.mark.parametrize(
    ("scheme", "ground"), [("light", "rgb(244, 246, 248)"), ("dark", "rgb(15, 21, 28)")]
)
def test_the_theme_follows_the_device(visit, scheme, ground):
    """And every text keeps its contrast, on a telephone as well."""
    page = visit.open("/login", color_scheme=scheme, viewport={"width": 390, "height": 844})
    assert ground == page.evaluate("getComputedStyle(document.body).backgroundColor")
    shot(page, f"login-{scheme}-390")
    assert (0, []) == (overflow(page), axe(page))


def test_the_theme_can_be_chosen(visit):
    """Dark on a device that is light."""
    page = visit.open("/login?theme=dark", color_scheme="light")
    page.goto("/login")
    assert "rgb(15, 21, 28)" == page.evaluate("getComputedStyle(document.body).backgroundColor")
    shot(page, "login-dark")
    assert [] == axe(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_frame_is_readable_for_everybody(visit, theme):
    """Axe finds nothing on a page with the whole frame around it."""
    page = visit.logged_in("analyst", f"/khong-co?theme={theme}")
    shot(page, f"frame-{theme}")
    assert (0, []) == (overflow(page), axe(page))


def test_help_on_keys_opens_by_a_key_and_closes(visit):
    """`?`, then Escape; typing in a field opens nothing."""
    page = visit.logged_in("analyst", "/khong-co")
    page.keyboard.press("?")
    assert page.is_visible("#keys")
    shot(page, "keys")
    assert [] == axe(page)
    page.keyboard.press("Escape")
    assert page.is_hidden("#keys")
    page.goto("/password")
    page.focus("#new")
    page.keyboard.press("?")
    assert page.is_hidden("#keys")
