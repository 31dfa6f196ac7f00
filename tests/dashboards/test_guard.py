"""What is answered at all, and the headers that every answer carries."""

from dataclasses import replace

import pytest

from dashboards.guard import HEADERS, MAX_BODY
from tests.support.console import browser, logged_in


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/static/style.css"])
def test_every_answer_has_the_headers(console, path):
    """Also errors and files."""
    answer = browser(console).get(path)

    kept = {name: answer.headers[name] for name in HEADERS}
    expected = dict(HEADERS)
    if path.startswith("/static"):
        expected["Cache-Control"] = "no-cache"
    assert expected == kept


def test_nothing_from_outside_and_nothing_inline_runs(console):
    """The policy names no host, no `unsafe-…`, no `data:`."""
    policy = browser(console).get("/login").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'")
    assert {"'none'", "'self'"} == {
        source for directive in policy.split("; ") for source in directive.split()[1:]
    }


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:8741", ""])
def test_a_foreign_host_is_not_answered(console, host):
    """DNS rebinding brings a stranger's name to our address."""
    answer = browser(console).get("/login", headers={"Host": host})

    assert (421, "unknown host") == (answer.status_code, answer.text)


@pytest.mark.parametrize(
    "origin", ["", "null", "http://evil.example", "http://127.0.0.1:8741", "http://x@[::1"]
)
def test_a_post_from_elsewhere_is_refused(console, origin):
    """The browser says from where a form came."""
    answer = logged_in(console).post("/logout", headers={"Origin": origin}, data={})

    assert (403, "foreign origin") == (answer.status_code, answer.text)


def test_a_form_that_is_too_long_is_refused(console):
    """Before any of it is read."""
    answer = browser(console).post("/login", content=b"x" * (MAX_BODY + 1))

    assert 413 == answer.status_code


def test_a_form_without_a_length_is_refused(console):
    """It could go on for ever."""
    answer = browser(console).post("/login", content=iter([b"name=a"]))

    assert 413 == answer.status_code


def test_tls_is_kept_to_where_browsers_come_by_it(console):
    """Only then: a browser would never come back to a console without TLS."""
    plain = browser(console)
    assert "Strict-Transport-Security" not in plain.get("/login").headers
    secure = browser(replace(console, secure=True))
    assert "Strict-Transport-Security" in secure.get("/login").headers
