"""The lines of the traps: what looks like an attack is in the logs, inside what was agreed."""

import re
import unicodedata
from urllib.parse import unquote

import orjson
import pytest

from app.demo import trap_news, trap_passwords, trap_scan, trap_signature, trap_support
from app.demo.lines import Request
from app.demo.signing import Signature
from app.demo.trap_scan import licensed_scan
from app.demo.trap_support import remote_support
from app.demo.windows import WindowsEvent
from app.demo.world import make_world
from haidang.model.instant import MINUTE, to_local

SEEDS = pytest.mark.parametrize("seed", [1, 2, 3])


@SEEDS
def test_the_licensed_scan_keeps_to_its_time_address_and_host(seed):
    """Known tools, injection and traversal; nothing before or after the agreed twenty minutes."""
    world = make_world(seed)
    scan, acts = licensed_scan(world), list(trap_scan.acts(world))
    requests = [act.what for act in acts if isinstance(act.what, Request)]

    assert all(scan.start < act.moment < scan.end for act in acts)
    assert {scan.address} == {one.address for one in requests}
    assert {scan.host} == {act.host for act in acts} == {world.portal.name}
    assert {"Nikto", "sqlmap"} <= {
        name for one in requests for name in re.findall(r"\w+", one.agent)
    }
    assert any("UNION" in one.target for one in requests)
    assert any(one.status == 200 and "etc/passwd" in one.target for one in requests)


def test_the_scan_of_seed_1_is_from_nine_to_twenty_past():
    """As the demo tells it."""
    scan = licensed_scan(make_world(1))

    assert "09:00 09:20" == f"{to_local(scan.start):%H:%M} {to_local(scan.end):%H:%M}"


@SEEDS
def test_the_chairman_signs_once_in_the_evening(seed):
    """At 21:40 in seed 1; no title of a document in the line."""
    (act,) = trap_signature.acts(make_world(seed))

    assert isinstance(act.what, Signature)
    assert 20 <= to_local(act.moment).hour <= 22
    assert seed != 1 or to_local(act.moment).strftime("%H:%M") == "21:40"


@SEEDS
def test_the_news_item_is_read_in_every_writing(seed):
    """Plain, composed and decomposed; never under a folder of uploads; most of it before dawn."""
    acts = list(trap_news.acts(make_world(seed)))
    targets = [unquote(act.what.target) for act in acts if isinstance(act.what, Request)]
    early = [act for act in acts if 3 <= to_local(act.moment).hour < 6]

    assert all(one.startswith("/tin-tuc/") for one in targets)
    assert any("tai-xiu" in one for one in targets)
    assert any("tài xỉu" in one for one in targets)
    assert any(unicodedata.normalize("NFD", "tài xỉu") in one for one in targets)
    assert len(early) > len(acts) / 3


@SEEDS
def test_remote_support_keeps_to_its_hour_and_address(seed):
    """The program is started, then the vendor's address comes in."""
    world = make_world(seed)
    agreed, acts = remote_support(world), list(trap_support.acts(world))
    events = [act.what for act in acts if isinstance(act.what, WindowsEvent)]
    came = [one for one in events if one.code == "5156"]

    assert all(agreed.start < act.moment < agreed.end for act in acts)
    assert "UltraViewer_Desktop.exe" in events[0].data["NewProcessName"]
    assert {agreed.address} == {one.data["SourceAddress"] for one in came}
    assert all("ultraviewer" in orjson.dumps(one.data).decode().lower() for one in came)


@SEEDS
def test_the_clerk_is_wrong_four_times_and_then_right(seed):
    """Five acts of one account within a few minutes."""
    acts = list(trap_passwords.acts(make_world(seed)))
    codes = [act.what.code for act in acts if isinstance(act.what, WindowsEvent)]

    assert ["4625"] * 4 + ["4624"] == codes
    assert acts[-1].moment - acts[0].moment < 3 * MINUTE
