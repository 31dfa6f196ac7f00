"""Three nodes, killed, restarted and frozen under writers and readers: 0 lost, 0 doubled."""

import sys
import time
from collections import Counter
from contextlib import ExitStack, closing

import pytest

from app.demo.servers import elasticsearch_cluster
from haidang.errors import HaidangError
from haidang.model.scope import Scope
from haidang.store.events.elastic.bulk import Patience
from haidang.store.events.elastic.client import Client, Connection
from haidang.store.events.elastic.shards import primaries
from haidang.store.events.elastic.store import ElasticStore
from haidang.store.events.protocol import Filter, Range
from tests.support.elasticsearch import streams
from tests.support.outage import succeeds, until
from tests.support.servers import scratch, software
from tests.support.traffic import Reader, Writer

PREFIX, STREAM = "nodes", "nodes-web-l3"
DATASETS = ("nginx.access", "nginx.access", "linux.auth")
START_SECS = 240  # a machine that runs everybody's tests

pytestmark = pytest.mark.full


class Cluster:
    """Nodes by name, what an administrator asks and does, and the traffic on them."""

    def __init__(self, nodes, stack):
        self.nodes = {one.folder.name: one for one in nodes}
        self._stack = stack
        self.client = stack.enter_context(closing(Client.open(self.connection())))
        self.writers, self.readers = [], []

    def connection(self, *names):
        """Where these nodes are, or all."""
        urls = tuple(self.nodes[name].url for name in names or self.nodes)
        return Connection(urls, prefix=PREFIX, timeout_secs=10)

    def store(self, *names):
        """A store that talks to these nodes only, or to all."""
        store = ElasticStore.open(self.connection(*names), Patience(total_secs=20))
        return self._stack.enter_context(closing(store))

    def ask(self, method, path, **params):
        """An answer, as soon as a node gives one."""
        answers = []
        until(lambda: succeeds(lambda: answers.append(self._ask(method, path, params))))
        return answers[-1]

    def _ask(self, method, path, params):
        return self.client.ask(method, path, params=params, timeout_secs=30)

    def start(self, name):
        """Start a node, and wait until every copy of every shard is in place."""
        self.nodes[name].launch()
        self.nodes[name].wait(START_SECS)
        until(self.is_green, START_SECS)

    def is_green(self):
        """Three nodes, nothing missing and nothing on the move."""
        health = self.ask("GET", "/_cluster/health", master_timeout="1s")
        found = (health["status"], health["number_of_nodes"], health["relocating_shards"])
        return found == ("green", len(self.nodes), 0)

    def node_with(self, kind):
        """The node of the primary (`p`) or of the replica (`r`) that is written to now."""
        rows = self.ask("GET", f"/_cat/shards/{self.index()}", format="json", h="prirep,node")
        return next(row["node"] for row in rows if row["prirep"] == kind)

    def index(self):
        """The backing index that is written to now."""
        return streams(self.client)[STREAM][-1]

    def primary(self):
        """Its primary copy."""
        return primaries(self.client, [self.index()])[0]

    def master(self):
        """The elected master's name."""
        return self.ask("GET", "/_cat/master", format="json")[0]["node"]

    def written(self):
        """How many events were accepted so far."""
        return sum(len(one.accepted) for one in self.writers)

    def await_writes(self, count=500):
        """Wait until so many more are accepted; the seconds it took."""
        begin, wanted = time.monotonic(), self.written() + count
        until(lambda: self.written() >= wanted, START_SECS)
        return time.monotonic() - begin

    def abandon_traffic(self):
        """End all threads, also those that failed."""
        for one in (*self.writers, *self.readers):
            one.abandon()

    def stop_traffic(self):
        """Writers first, then the readers when they have read all."""
        for one in (*self.writers, *self.readers):
            one.stop()


@pytest.fixture
def cluster():
    """Three nodes, running, with the template."""
    with scratch() as folder, ExitStack() as stack:
        nodes = elasticsearch_cluster(folder, software("elasticsearch", "java"))
        for node in nodes:
            stack.callback(node.stop)
            node.launch()
        for node in nodes:
            node.wait(START_SECS)
        made = Cluster(nodes, stack)
        until(made.is_green, START_SECS)
        until(lambda: succeeds(made.store().init))
        stack.callback(made.abandon_traffic)
        yield made


def test_no_event_is_lost_or_doubled_by_a_cluster_in_trouble(cluster):
    """Accepted events, also those of unknown outcome, are fed and found exactly once."""
    cluster.readers = [Reader(cluster.store(name)) for name in cluster.nodes]
    cluster.readers.append(Reader(cluster.store()))
    cluster.writers = [
        Writer(cluster.store(), number, dataset) for number, dataset in enumerate(DATASETS)
    ]
    for trouble in (freeze_the_replica, kill_the_primary, restart_a_node, kill_the_master):
        cluster.await_writes()
        until(cluster.is_green, START_SECS)
        begin = time.monotonic()
        told = trouble(cluster)
        sys.stdout.write(f"{trouble.__name__} {time.monotonic() - begin:.0f} s: {told}\n")
    cluster.stop_traffic()
    report(cluster)

    accepted = Counter(id_ for one in cluster.writers for id_ in one.accepted)
    assert {1} == set(accepted.values())
    for reader in cluster.readers:
        assert accepted == reader.delivered
    assert accepted == found(cluster)
    assert accepted.total() == cluster.ask("GET", f"/{PREFIX}-*/_count")["count"]


def kill_the_primary(cluster):
    """Kill -9 of the node that takes the writes; its replica takes over."""
    name = cluster.node_with("p")
    cluster.nodes[name].kill()
    secs = cluster.await_writes()
    cluster.start(name)
    return f"500 more events after {secs:.1f} s"


def restart_a_node(cluster):
    """A planned restart of the primary's node."""
    name = cluster.node_with("p")
    cluster.nodes[name].stop()
    cluster.start(name)
    return f"500 more events after {cluster.await_writes():.1f} s"


def kill_the_master(cluster):
    """Kill -9 of the master right after a rollover, which is when a shard has a single copy."""
    name = cluster.master()
    cluster.ask("POST", f"/{STREAM}/_rollover", wait_for_active_shards="0")
    cluster.nodes[name].kill()
    cluster.start(name)
    return f"500 more events after {cluster.await_writes():.1f} s"


def freeze_the_replica(cluster):
    """SIGSTOP until the replica is given up; awake again, its copy is stale and does not know it.

    One of the readers talks to this node only.
    """
    primary, frozen = cluster.primary(), cluster.node_with("r")
    cluster.nodes[frozen].pause()
    secs = cluster.await_writes()
    with closing(Client.open(cluster.connection(frozen))) as client:
        cluster.nodes[frozen].resume()
        stale = counted(client, primary.index, "_local")
    true = counted(cluster.client, primary.index, f"_only_nodes:{primary.node}")
    return f"500 more events after {secs:.1f} s; its copy found {stale} at once, the primary {true}"


def counted(client, index, preference):
    """How many events the copy of a preference finds, or why it does not say."""
    try:
        return client.ask("POST", f"/{index}/_count", params={"preference": preference})["count"]
    except HaidangError as error:
        return str(error)


def found(cluster):
    """How often a search for everything finds each event."""
    events = cluster.store().search(Scope.system(), Filter(), Range(), limit=10**9)
    return Counter(event.id for event in events)


def report(cluster):
    """Print the counts."""
    for number, one in enumerate(cluster.writers):
        sys.stdout.write(
            f"writer {number}: {len(one.accepted)} accepted, {one.asked} of them found by asking; "
            f"unavailable {one.unavailable} times\n"
        )
    accepted = {id_ for one in cluster.writers for id_ in one.accepted}
    for number, one in enumerate(cluster.readers):
        lost = len(accepted - one.delivered.keys())
        doubled = sum(count > 1 for count in one.delivered.values())
        sys.stdout.write(
            f"reader {number}: {one.delivered.total()} delivered, {lost} lost, {doubled} doubled; "
            f"unavailable {one.unavailable} times\n"
        )
