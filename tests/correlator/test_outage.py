"""The state store's server stops and starts again under an open correlator."""

from contextlib import closing, contextmanager

import pytest

from app.demo.process import running
from app.demo.servers import postgresql
from correlator.tick import Correlator
from haidang import durable
from haidang.errors import Unavailable
from haidang.model.instant import HOUR, MINUTE
from haidang.model.packing import unpack_detection
from haidang.model.scope import Scope
from haidang.store.state import tables
from haidang.store.state.postgresql import open_postgresql
from tests.support.correlation import memory_database
from tests.support.feed import NOON, MemoryStore, count, engine_of, event, leaf
from tests.support.postgresql import cluster_at
from tests.support.servers import scratch, software

NOW = NOON + HOUR


@pytest.fixture
def server():
    """A PostgreSQL of one's own, running."""
    with scratch() as folder:
        made = postgresql(folder, software("postgresql"))
        with running(made):
            yield made


def correlator(database, folder, events):
    """A correlator over these events that counts bursts of probes."""
    engine = engine_of(folder, leaf("probe"), count("burst", "probe"))
    return Correlator(database, MemoryStore(events), engine, Scope.system(), 0)


def alerts(database):
    """Alert id and number of events of each detection, oldest first."""
    with database.reading() as connection:
        rows = connection.execute(tables.detection.select().order_by(tables.detection.c.id))
        found = [unpack_detection(row.payload) for row in rows]
    return [(one.alert, one.episode.events) for one in found]


@pytest.mark.slow
@pytest.mark.parametrize(
    "point", ["tick.after_commit", "match.before_commit", "match.after_commit"]
)
def test_a_correlator_outlives_its_database_server(server, tmp_path, point):
    """Stopped between ticks and within one: Unavailable, then the same alert ids; no reopening."""
    first, second = [event(n) for n in range(3)], [event(n) for n in range(3, 6)]
    calm = memory_database()
    expected = correlator(calm, tmp_path / "calm", first)
    expected.run(NOW)
    expected.store.append(second)
    expected.run(NOW + MINUTE)

    with (
        cluster_at(server.url) as cluster,
        cluster.database() as name,
        closing(open_postgresql(cluster.server(name, patience_secs=5))) as database,
    ):
        one = correlator(database, tmp_path / "rules", first)
        one.run(NOW)
        one.store.append(second)
        server.stop()
        with pytest.raises(Unavailable):
            one.run(NOW + MINUTE)
        server.start()
        with stopping_at(server, point), pytest.raises(Unavailable):
            one.run(NOW + MINUTE)
        server.start()
        one.run(NOW + MINUTE)

        assert [3, 6] == [events for _, events in alerts(calm)]
        assert alerts(calm) == alerts(database)


@contextmanager
def stopping_at(server, point):
    """The server stops at the first passage of a durable point."""
    token = durable.HOOK.set(lambda name: server.stop() if name == point else None)
    try:
        yield
    finally:
        durable.HOOK.reset(token)
