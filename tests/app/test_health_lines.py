"""What `haidang health` prints."""

from app.commands.health import finding_lines, source_lines
from correlator.health import examine
from haidang.model.instant import DAY
from haidang.model.scope import Scope
from tests.support.heard import clock, every, heard, inventory

HOSTS = [("rt-a", "router", "10.1.0.1"), ("dns-a", "dns-server", "10.1.0.2")]


def printed(*sources, known):
    """All lines as of noon."""
    health = examine(sources, known, Scope(None), clock(12), clock(12) - DAY)
    return [*finding_lines(health, known), *source_lines(health, known)]


def test_trouble_comes_first_then_what_is_not_seen_then_each_source():
    """A line that is down since 10:05, two units without a source."""
    cut = [heard(name, every(1, clock(8), clock(10, 5))) for name, _, _ in HOSTS]
    down, english, blind, head, first, _ = printed(*cut, known=inventory(*HOSTS))

    assert down.startswith("UBND xã A: mất kết nối, nhiều khả năng mất điện hoặc đường truyền, từ")
    assert english.startswith("  UBND xã A: connection lost")
    assert "Chưa đủ dữ liệu · not enough data: UBND xã B, UBND xã C" == blind
    assert "as of 18/11/2026 12:00: 2 sources" == head
    assert (
        "silent since 18/11/2026 10:05  last 18/11/2026 10:04  usual 1 min  today 125  "
        "nginx.access  dns-a  UBND xã A"
    ) == first


def test_hostile_host_moves_no_cursor():
    """A line named its host so; it is written out in sentences and lists."""
    times = every(1, clock(8), clock(10))
    lines = printed(heard("s", times, host="\x1b[2Jmáy\n\u202e"), known=inventory())

    assert 3 == sum("\\x1b[2Jmáy\\x0a\\u202e" in line for line in lines)
    assert all(char.isprintable() for line in lines for char in line)
