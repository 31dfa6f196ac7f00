"""What attackers wrote reaches people as text: in every page, in JSON, in both languages."""

import pytest

from alerts.listing import list_alerts
from alerts.wording import is_unsafe
from haidang.model.scope import Scope
from tests.support.console import as_json, logged_in
from tests.support.hostile import SPELLS, lines
from tests.support.played import Site

pytestmark = pytest.mark.slow
MARKUP = ("<script>window", "<img src=x", "--><!--]]>")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A server that was sent every spell."""
    site = Site.of(tmp_path_factory.mktemp("hostile") / "site")
    site.log("ha", *lines())
    assert len(SPELLS) == len(site.turn())
    return site


@pytest.fixture
def console(site):
    """A console over that site."""
    with site.console() as console:
        yield console


@pytest.fixture
def addresses(console):
    """Every page on which an event says something."""
    client = as_json(logged_in(console))
    found = ["/", "/?lang=en"]
    for alert in list_alerts(console.database, Scope(None)):
        moments = client.get(f"/alerts/{alert.id}").json()["timeline"]["moments"]
        mine = [one["event"] for one in moments if one["rule"]]
        found += [f"/alerts/{alert.id}", *(f"/alerts/{alert.id}/events/{one}" for one in mine)]
    return found


def test_pages_show_spells_as_text(console, addresses):
    """No markup, no template is carried out, nothing hides or moves other text."""
    client = logged_in(console)
    for address in addresses:
        answer = client.get(address)
        assert 200 == answer.status_code
        assert [] == [one for one in MARKUP if one in answer.text], address
        assert [] == [one for one in answer.text if is_unsafe(one) and one not in "\n\t"], address
    assert len(addresses) == 2 + 2 * len(SPELLS)


def test_raw_lines_are_exact_for_programs(console, addresses):
    """JSON keeps the line as it was stored, byte for byte; what is shown is harmless."""
    client = as_json(logged_in(console))
    events = [client.get(one).json() for one in addresses if "/events/" in one]
    originals = {event["original"] for event in events}
    assert {line.decode().rstrip("\n") for line in lines()} == originals
    assert any("{{7*7}}" in event["shown"] for event in events)
    assert any(r"\u202e" in event["shown"] for event in events)
    assert all(not any(is_unsafe(char) for char in event["shown"]) for event in events)
