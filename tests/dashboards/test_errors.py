"""What people read when a page cannot be had."""

from dataclasses import replace

import pytest

from dashboards.guard import HEADERS
from haidang.errors import Unavailable
from tests.support.console import as_json, browser


def broken(console, error):
    """The same console, whose clock of the people fails."""

    def fail():
        raise error

    return replace(console, wall=fail)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (Unavailable("postgresql://10.1.1.1 away"), 503, "Máy chủ dữ liệu"),
        (ZeroDivisionError("secret of the program"), 500, "Lỗi đã được ghi lại"),
    ],
)
def test_trouble_is_told_in_words_with_all_headers(console, error, status, said):
    """No stack trace, no message of a program, the policy of every page."""
    client = browser(broken(console, error))
    answer = client.get("/password", headers={"Cookie": "haidang=x"})

    assert (status, True) == (answer.status_code, said in answer.text)
    assert str(error) not in answer.text
    assert "Traceback" not in answer.text
    assert HEADERS == {name: answer.headers[name] for name in HEADERS}


def test_trouble_for_a_program_is_its_status(console):
    """As JSON."""
    answer = as_json(browser(broken(console, Unavailable("away")))).get("/password")

    assert (503, {"status": 503}) == (answer.status_code, answer.json())


def test_another_method_is_told(console):
    """A form that was sent to a page without one."""
    answer = browser(console).request("PUT", "/login", content=b"")

    assert (405, True) == (answer.status_code, "Thao tác không được hỗ trợ" in answer.text)
