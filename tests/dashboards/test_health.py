"""Findings in sentences, Vietnamese and English."""

import pytest

from correlator.activity import Source
from correlator.health import Finding, Health, SourceHealth
from dashboards.health import sentence
from haidang.model.instant import DAY
from tests.support.heard import clock, inventory


def health(*hosts):
    """Sources of these hosts; their ids are s0, s1 and so on."""
    return Health(0, tuple(_source(f"s{number}", host) for number, host in enumerate(hosts)))


def _source(id_, host):
    source = Source(id_, "zeek.dns", "ttdl", "tinh", host, 0, 0, 0)
    return SourceHealth(source, "xa-a", None, "", "silent", None, None, 0)


def finding(kind, end, count=1, **more):
    """A finding in commune A from 10:05 on."""
    sources = tuple(f"s{number}" for number in range(count))
    fields = {"recovered": False, **more}
    return Finding(kind, "xa-a", None, clock(10, 5), end, sources, **fields)


@pytest.mark.parametrize(
    ("found", "vietnamese", "english"),
    [
        pytest.param(
            finding("line_down", clock(10, 47), 2),
            "UBND xã A: mất kết nối, nhiều khả năng mất điện hoặc đường truyền, từ 10:05 đến "
            "10:47 18/11/2026 (2 nguồn: DNS-1 (zeek.dns), RT-1 (zeek.dns)). Chưa có nhật ký nào "
            "của khoảng này.",
            "UBND xã A: connection lost, most likely a power cut or the line, from 10:05 to "
            "10:47 18/11/2026 (2 sources: DNS-1 (zeek.dns), RT-1 (zeek.dns)). No log of that "
            "time has come.",
            id="line-down",
        ),
        pytest.param(
            finding("silent", 0),
            "UBND xã A: ngừng gửi nhật ký, cần kiểm tra, từ 10:05 18/11/2026 đến nay (1 nguồn: "
            "RT-1 (zeek.dns)).",
            "UBND xã A: stopped sending logs, needs a look, since 10:05 18/11/2026 (1 source: "
            "RT-1 (zeek.dns)).",
            id="silent-now",
        ),
        pytest.param(
            finding("silent", clock(10, 47) + DAY, recovered=True, explained="BT-02 bảo trì"),
            "UBND xã A: ngừng gửi nhật ký, cần kiểm tra, từ 10:05 18/11/2026 đến 10:47 "
            "19/11/2026 (1 nguồn: RT-1 (zeek.dns)). Đã nhận bù đủ nhật ký của khoảng này. Lịch "
            "đã đăng ký: BT-02 bảo trì.",
            "UBND xã A: stopped sending logs, needs a look, from 10:05 18/11/2026 to 10:47 "
            "19/11/2026 (1 source: RT-1 (zeek.dns)). All logs of that time came later. "
            "Registered: BT-02 bảo trì.",
            id="recovered-and-explained",
        ),
    ],
)
def test_finding_is_told_in_a_sentence(found, vietnamese, english):
    """Whose, what it probably was, when, which sources, and what became of the lines."""
    both = [sentence(found, health("RT-1", "DNS-1"), inventory(), one) for one in ("vi", "en")]

    assert [vietnamese, english] == both


def test_many_sources_are_counted():
    """Six are named."""
    told = sentence(finding("line_down", 0, 9), health(*"abcdefghi"), inventory(), "en")

    assert "9 sources: a (zeek.dns), " in told
    assert "f (zeek.dns), …" in told
    assert "g (" not in told
