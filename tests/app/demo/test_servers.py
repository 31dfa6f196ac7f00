"""The real servers: they start, keep their data, survive a kill, and do not run as root."""

import os
import socket
from pathlib import Path

import psycopg
import pytest
from elasticsearch import Elasticsearch

from app.demo.process import running
from app.demo.servers import LOOPBACK, elasticsearch, elasticsearch_cluster, free_port, postgresql
from app.demo.software import Software
from haidang.errors import HaidangError
from tests.support.servers import scratch, software


@pytest.fixture
def folder(monkeypatch):
    """A folder for servers, named from the folder above as people do; servers have their own."""
    with scratch() as path:
        monkeypatch.chdir(path.parent)
        yield Path(path.name)


def test_port_in_use_is_not_chosen(monkeypatch):
    """Somebody else's port is passed over, and one that is promised already."""
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        taken = other.getsockname()[1]
        offers = iter([0, 1, 2])
        monkeypatch.setattr("app.demo.servers.secrets.randbelow", lambda _: next(offers))

        assert taken + 2 == free_port(taken, [taken + 1])


@pytest.mark.parametrize("make", [elasticsearch, elasticsearch_cluster, postgresql])
def test_missing_software_is_said(tmp_path, make):
    """Where the programs are not, the error is the lines that tell how to get them."""
    with pytest.raises(HaidangError, match="run scripts/servers"):
        make(tmp_path, Software(tmp_path, None, None, None))


@pytest.mark.slow
def test_postgresql_keeps_its_data_over_a_kill(folder):
    """Started, killed, started again: same address, same rows; and never as root."""
    server = postgresql(folder / "postgresql", software("postgresql"))

    with running(server):
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
            shown = connection.execute("SHOW lc_collate").fetchone()
        owner = Path(f"/proc/{server.pid}").stat().st_uid
        server.stop()
        server.start()
        server.kill()
        server.start()
        with psycopg.connect(server.url) as connection:
            rows = connection.execute("SELECT number FROM kept").fetchall()

    assert [(7,)] == rows
    assert ("C",) == shown
    assert owner == (os.geteuid() or owner) != 0


@pytest.mark.slow
def test_half_made_postgresql_is_made_anew(folder):
    """A folder in which initdb was interrupted is no dead end."""
    server = postgresql(folder, software("postgresql"), settings={"fsync": "on"})
    (folder / "data").mkdir()
    (folder / "data/PG_VERSION").write_text("15\n", encoding="ascii")

    with running(server), psycopg.connect(server.url) as connection:
        assert ("on",) == connection.execute("SHOW fsync").fetchone()


@pytest.mark.slow
def test_elasticsearch_keeps_its_data_over_a_kill(folder):
    """As with PostgreSQL; and its settings are those that were given."""
    settings = {"cluster.routing.allocation.disk.threshold_enabled": "false"}
    server = elasticsearch(folder, software("elasticsearch", "java"), settings=settings)

    with running(server), Elasticsearch(server.url, request_timeout=120) as client:
        client.index(index="kept", id="1", document={"number": 7})
        owner = Path(f"/proc/{server.pid}").stat().st_uid
        server.kill()
        server.start()
        kept = client.get(index="kept", id="1")["_source"]
        nodes = client.nodes.info()["nodes"].values()

    assert {"number": 7} == kept
    assert owner == (os.geteuid() or owner) != 0
    routing = next(iter(nodes))["settings"]["cluster"]["routing"]
    assert "false" == routing["allocation"]["disk"]["threshold_enabled"]


@pytest.mark.slow
def test_elasticsearch_that_cannot_start_says_why(folder):
    """The reason stands in the error, below a Java stack or not."""
    settings = {"no.such.setting": "1"}
    server = elasticsearch(folder, software("elasticsearch", "java"), settings=settings)

    with pytest.raises(HaidangError, match=r"unknown setting \[no.such.setting\]"), running(server):
        pytest.fail("it started")


@pytest.mark.full
def test_cluster_goes_on_without_a_node_and_takes_it_back(folder):
    """Three nodes; one is killed and comes back with its data on the same ports."""
    servers = elasticsearch_cluster(folder, software("elasticsearch", "java"))
    urls = [one.url for one in servers[:2]]

    with running(*servers), Elasticsearch(urls, request_timeout=120) as client:
        client.index(index="kept", id="1", document={}, wait_for_active_shards=2)
        servers[2].kill()
        assert 200 == client.cluster.health(wait_for_nodes="2", timeout="90s").meta.status
        servers[2].start()
        health = client.cluster.health(wait_for_status="green", timeout="90s")

    assert (3, "green") == (health["number_of_nodes"], health["status"])
