"""Settings of both profiles for a site: files, or an empty store on each of the test servers."""

import pytest

from haidang.store.events.elastic.client import Client
from tests.support import elasticsearch


@pytest.fixture(scope="session")
def elastic_connection():
    """The prefix of this process on the test server, with its template."""
    with elasticsearch.prepared() as connection:
        yield connection


@pytest.fixture
def clustered(elastic_connection, cluster):
    """What `haidang.yml` says of empty stores on the test servers, template and tables made."""
    client = Client.open(elastic_connection)
    elasticsearch.empty(client)
    client.close()
    with cluster.database() as name:
        yield settings_of(elastic_connection, cluster, name)


def settings_of(connection, cluster, database):
    """What `haidang.yml` says of a prefix and a database on the test servers."""
    return {
        "profile": "cluster",
        "elasticsearch": {"hosts": list(connection.hosts), "prefix": connection.prefix},
        "postgresql": {"url": cluster.server(database).url, "owner": cluster.owner},
    }


@pytest.fixture(params=["embedded", "cluster"])
def profile(request):
    """Each profile in turn, as settings of a site."""
    return {} if request.param == "embedded" else request.getfixturevalue("clustered")
