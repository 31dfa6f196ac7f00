"""The Health and Rules pages in a real browser: readable for everyone, on a desk and on a phone."""

import pytest

from tests.support.browser import axe, overflow, shot

pytestmark = pytest.mark.slow
PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize("path", ["/health", "/rules"])
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="desk"),
        pytest.param({"color_scheme": "dark", "viewport": PHONE}, id="phone-dark"),
    ],
)
def test_page_is_accessible_and_fits(visit, path, options):
    """No violation of WCAG 2.2 AA, nothing wider than the screen."""
    page = visit.logged_in("analyst", path, **options)

    assert [] == axe(page)
    assert not overflow(page)
    shot(page, f"{path[1:]}-{'phone' if options else 'desk'}")


def test_rule_is_found_by_keyboard(visit):
    """Search without accents, go down, open, read the rule as it is written."""
    page = visit.logged_in("analyst", "/rules")
    page.keyboard.press("/")
    page.keyboard.type("path traversal")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=path+traversal*")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/rules/*")

    assert "detection:" in page.text_content("pre")
    assert [] == axe(page)
    assert not overflow(page)
