"""A site whose real lines raised alerts, played once; each test has its own console over it."""

import pytest

from tests.support.played import Site, traversal
from tests.support.site import MINUTE, NOW


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """Two alerts at HA-WEB01 (one group), one at XU-WEB01."""
    site = Site.of(tmp_path_factory.mktemp("played") / "site")
    site.log("ha", traversal("một"))
    site.log("xu", traversal("ba", "08:03:00"))
    site.turn()
    site.log("ha", traversal("hai", "08:05:00"))
    site.turn(NOW + MINUTE)
    return site


@pytest.fixture
def console(played):
    """A console over the played site."""
    with played.console() as console:
        yield console
