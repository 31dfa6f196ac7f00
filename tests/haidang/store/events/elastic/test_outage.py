"""A server that is away, dies, hangs, is red, is full, or was changed by other people."""

import threading
import time
from contextlib import closing, contextmanager

import pytest

from app.demo.servers import elasticsearch
from haidang import durable
from haidang.errors import HaidangError, Unavailable
from haidang.store.events.elastic.bulk import Patience
from haidang.store.events.elastic.client import Connection
from haidang.store.events.elastic.store import ElasticStore
from tests.support import outage
from tests.support.servers import scratch, software

# The server must not lift the block of a test by itself.
SETTINGS = {"cluster.info.update.interval": "1h"}
ALLOCATION = "cluster.routing.allocation.enable"
START_SECS = 240  # a machine that runs everybody's tests

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def node():
    """A server of one's own, not started."""
    with scratch() as folder:
        server = elasticsearch(folder, software("elasticsearch", "java"), settings=SETTINGS)
        try:
            yield server
        finally:
            server.stop()


def start(server):
    """Start it, however busy the machine is."""
    server.launch()
    server.wait(START_SECS)


@pytest.fixture
def up(node):
    """The server, running."""
    if not node.pid:
        start(node)
    return node


@pytest.fixture
def site(up, tmp_path, request):
    """A site on the running server, with 10 lines stored."""
    with site_at(up, tmp_path, request.node.originalname) as made:
        yield made


@contextmanager
def site_at(server, folder, name, patience=outage.SHORT):
    """A site of this name on a running server, with 10 lines stored."""
    with outage.site(folder, server.url, name.replace("_", "-"), patience) as made:
        outage.until(lambda: outage.succeeds(made.store.init))
        made.write(10)
        made.run_until_done()
        yield made


def test_a_server_may_start_after_its_clients(node, tmp_path):
    """The store opens without it, says that it is away, and works once it is there."""
    node.stop()
    with outage.site(tmp_path, node.url, "late") as site:
        site.write(10)
        with pytest.raises(Unavailable, match="cannot be reached"):
            site.store.head()
        before = site.run()
        start(node)
        outage.until(lambda: outage.succeeds(site.store.init))
        site.run_until_done()

        assert "cannot be reached" in before.stopped
        assert site.written == site.fed


def test_a_server_that_is_killed_while_it_writes_loses_and_doubles_nothing(up, site):
    """Kill -9 between bulk requests or within one; the same collector goes on."""
    site.write(20_000)
    killer = threading.Timer(0.3, up.kill)

    def arm(name):
        if name == "bulk.sent" and not killer.ident:
            killer.start()

    token = durable.HOOK.set(arm)
    stopped = site.run().stopped
    durable.HOOK.reset(token)
    killer.join()
    start(up)

    assert stopped
    assert 0 == site.run_until_done().totals.quarantined
    assert site.written == site.fed == site.found


def test_a_server_that_hangs_holds_nobody_up(up, site):
    """Unavailable within the client's time; the batch that it wakes with is not doubled.

    Not even by a rollover, which would let the same id in once more.
    """
    for _ in range(2):
        site.write(1000)
        up.pause()
        begin = time.monotonic()
        stopped = site.run().stopped
        took = time.monotonic() - begin
        up.resume()
        outage.until(lambda: outage.succeeds(site.roll_over))
        site.run_until_done()

        assert "in time" in stopped
        assert outage.TIMEOUT_SECS < took < 3 * outage.TIMEOUT_SECS
        assert site.written == site.fed == site.found


def test_a_batch_goes_on_when_a_short_hang_is_over(up, tmp_path):
    """Within its patience the store finds out itself what has arrived."""
    with site_at(up, tmp_path, "hang", Patience(total_secs=60, most_secs=0.5)) as site:
        site.write(3000)
        up.pause()
        waker = threading.Timer(outage.TIMEOUT_SECS + 1, up.resume)
        waker.start()
        stopped = site.run().stopped
        waker.join()

        assert not stopped
        assert site.written == site.fed


def test_a_red_index_stops_only_its_own_stream(site, make_event):
    """Other streams are written and read; the red one's batch arrives once when it is healed.

    The server itself keeps the request of unknown outcome in wait for the shard meanwhile.
    """
    others = [make_event(n, {"url": {"path": f"/khac/{n}"}}) for n in range(2)]
    site.store.append(others[:1])
    allocate(site, "none")
    site.roll_over()
    site.write(500)
    stopped = site.run().stopped
    site.store.append(others[1:])
    fed = site.fed
    site.roll_over()
    allocate(site, None)
    site.run_until_done()

    assert stopped
    assert 12 == fed.total() == len(fed)
    assert {"/khac/0", "/khac/1"} < fed.keys()
    assert site.written + outage.Counter(["/khac/0", "/khac/1"]) == site.fed


def allocate(site, enable):
    """Let the cluster place new shards, or none."""
    site.client.ask("PUT", "/_cluster/settings", {"persistent": {ALLOCATION: enable}})


def test_a_full_disk_sends_nothing_to_quarantine(site):
    """The block of the flood stage is not the documents' fault, and reading goes on."""
    block(site, on=True)
    site.write(10)
    report = site.run()
    fed = site.fed
    block(site, on=None)
    done = site.run_until_done()

    assert "cluster_block_exception" in report.stopped
    assert 10 == fed.total()
    assert 0 == done.totals.quarantined
    assert site.written == site.fed


def block(site, on):
    """What Elasticsearch does where a disk is full, and takes back."""
    path = f"/{site.client.prefix}-{outage.STREAM}/_settings"
    site.client.ask("PUT", path, {"index.blocks.read_only_allow_delete": on})


def test_a_pipeline_of_other_people_is_refused(up, site, make_event):
    """It might rewrite events: the next program that starts says so and writes nothing."""
    path = f"/{site.client.prefix}-{outage.STREAM}/_settings"
    site.client.ask("PUT", path, {"index.default_pipeline": "enrich"})

    with (
        closing(ElasticStore.open(Connection((up.url,), prefix=site.client.prefix))) as store,
        pytest.raises(HaidangError, match="default_pipeline is enrich, must not be set"),
    ):
        store.append([make_event(1)])


def test_a_template_without_sequence_numbers_is_refused(up, site, make_event):
    """It would win over ours, and the feed could not be read."""
    prefix = site.client.prefix
    theirs = {
        "index_patterns": [f"{prefix}-*"],
        "priority": 900,
        "data_stream": {},
        "template": {"settings": {"index.disable_sequence_numbers": True}},
    }
    site.client.ask("PUT", "/_index_template/theirs", theirs)

    with (
        closing(ElasticStore.open(Connection((up.url,), prefix=prefix))) as store,
        pytest.raises(HaidangError, match=r"template theirs .* wins over ours"),
    ):
        store.append([make_event(1)])
