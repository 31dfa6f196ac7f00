"""The event store of a test, of each kind: who asks for `event_store` runs twice."""

import pytest

from haidang.store.events.elastic.client import Client
from haidang.store.events.elastic.store import ElasticStore
from haidang.store.events.parquet.store import ParquetStore
from tests.support import elasticsearch
from tests.support.profiles import elastic_connection

__all__ = ["elastic_connection", "event_store"]


@pytest.fixture(params=["parquet", "elastic"])
def event_store(request, tmp_path):
    """An empty store of each kind."""
    request.node.user_properties.append(("store", request.param))
    if request.param == "parquet":
        opened = ParquetStore.open(tmp_path / "events")
    else:
        connection = request.getfixturevalue("elastic_connection")
        client = Client.open(connection)
        elasticsearch.empty(client)
        client.close()
        opened = ElasticStore.open(connection)
    yield opened
    opened.close()
