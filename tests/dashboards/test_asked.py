"""The queue's address: what people and old bookmarks write, read without failing."""

import pytest

from alerts.queue import Wanted
from dashboards.asked import Asked, asked
from haidang.model.instant import VIETNAM, from_iso

EIGHT = from_iso("2026-11-18T08:00:00", VIETNAM)
MIDNIGHT = from_iso("2026-11-18T00:00:00", VIETNAM)


def test_nothing_asked_is_everything_by_severity():
    """The plain address."""
    assert Asked(Wanted(), "severity", "") == asked({})


def test_every_parameter_is_read():
    """Filters, order and place."""
    wanted = Wanted(frozenset({"high", "low"}), "ha", "r-1", "T1110", "cửa hậu", MIDNIGHT, EIGHT)
    given = {
        "level": "low,high,nghiêm trọng",
        "unit": " ha ",
        "rule": "r-1",
        "attack": "T1110",
        "q": "cửa hậu",
        "from": "18/11/2026",
        "to": "18/11/2026 08:00",
        "order": "waiting",
        "after": "1.a",
    }
    assert Asked(wanted, "waiting", "1.a") == asked(given)


@pytest.mark.parametrize(
    "text", ["18/11/2026 08:00", "2026-11-18T08:00", " 18/11/2026 08:00 "], ids=repr
)
def test_times_are_local(text):
    """As people write them here, and as browsers do."""
    assert EIGHT == asked({"from": text}).wanted.since


@pytest.mark.parametrize("text", ["", "hôm qua", "31/02/2026", "18/11/2026 25:00", "٣", "9" * 500])
def test_what_is_no_time_is_left_out(text):
    """An old or mistyped address leads to a page."""
    assert asked({"from": text, "to": text, "order": text, "level": text}).wanted == Wanted()
