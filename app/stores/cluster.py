"""The profile *cluster*: events in Elasticsearch, state in PostgreSQL."""

import os
from collections.abc import Iterator
from contextlib import closing

from sqlalchemy import make_url, text

from app.settings import (
    ELASTICSEARCH_PASSWORD,
    OWNER_PASSWORD,
    POSTGRESQL_PASSWORD,
    Config,
    ElasticsearchSettings,
    PostgresqlSettings,
)
from app.stores import State
from app.stores.secret import read_secret
from haidang.errors import HaidangError
from haidang.store.events.elastic.client import Client, Connection
from haidang.store.events.elastic.shards import complete
from haidang.store.events.elastic.store import ElasticStore
from haidang.store.state import tables
from haidang.store.state.database import Database
from haidang.store.state.postgresql import (
    Server,
    check_postgresql,
    init_postgresql,
    open_postgresql,
)


def open_store(settings: Config) -> ElasticStore:
    """See `app.stores`."""
    return ElasticStore.open(_connection(settings))


def open_database(settings: Config) -> Database:
    """See `app.stores`."""
    wanted = _postgresql(settings)
    password = read_secret(wanted.password_file, POSTGRESQL_PASSWORD, os.environ)
    return open_postgresql(Server(wanted.url, password))


def init(settings: Config, *, force: bool) -> Iterator[str]:
    """See `app.stores`; PostgreSQL as the owner of its tables."""
    connection, owner = _connection(settings), _owner(settings)
    with closing(ElasticStore.open(connection)) as store:
        store.init(force=force)
    yield f"Elasticsearch: the template of the streams {connection.prefix}-* is in place"
    role = make_url(_postgresql(settings).url).username or ""
    init_postgresql(owner, role)
    yield f"PostgreSQL: tables of schema version {tables.SCHEMA_VERSION}, granted to {role}"


def check(settings: Config) -> State:
    """See `app.stores`."""
    connection = _connection(settings)
    database = open_database(settings)
    problems: list[str] = []
    warnings: tuple[str, ...] = ()
    parts: list[str] = []
    try:
        with closing(ElasticStore.open(connection)) as store:
            found = store.check()
        problems += found.breaks
        warnings = found.costs
        parts.append(_elasticsearch_line(connection))
    except HaidangError as error:
        problems += str(error).splitlines()
    try:
        with closing(database):
            check_postgresql(database)
            parts.append(_postgresql_line(database))
    except HaidangError as error:
        problems += str(error).splitlines()
    return State(tuple(problems), "; ".join(parts), warnings)


def _connection(settings: Config) -> Connection:
    wanted = _elasticsearch(settings)
    return Connection(
        hosts=wanted.hosts,
        user=wanted.user,
        password=read_secret(wanted.password_file, ELASTICSEARCH_PASSWORD, os.environ),
        ca_certs=wanted.ca_certs,
        prefix=wanted.prefix,
    )


def _owner(settings: Config) -> Server:
    wanted = _postgresql(settings)
    if not wanted.owner:
        what = "is missing; `haidang store init` makes the tables as this role"
        raise HaidangError(f"postgresql.owner: {what}")
    password = read_secret(wanted.owner_password_file, OWNER_PASSWORD, os.environ)
    url = make_url(wanted.url).set(username=wanted.owner)
    return Server(url.render_as_string(), password)


def _elasticsearch(settings: Config) -> ElasticsearchSettings:
    if settings.elasticsearch is None:
        raise HaidangError("the profile cluster needs the section `elasticsearch`")
    return settings.elasticsearch


def _postgresql(settings: Config) -> PostgresqlSettings:
    if settings.postgresql is None:
        raise HaidangError("the profile cluster needs the section `postgresql`")
    return settings.postgresql


def _elasticsearch_line(connection: Connection) -> str:
    with closing(Client.open(connection)) as client:
        nodes = client.ask("GET", "/_nodes", params={"filter_path": "nodes.*.version"})["nodes"]
        found = complete(client)
    versions = ", ".join(sorted({node["version"] for node in nodes.values()}))
    head = sum(one.checkpoint + 1 for one in found)
    indices = len({one.index for one in found})
    return f"Elasticsearch {versions} ({len(nodes)} nodes), {indices} indices, head {head}"


def _postgresql_line(database: Database) -> str:
    with database.reading() as connection:
        version = connection.execute(text("SHOW server_version")).scalar_one()
    return f"PostgreSQL {version}, schema version {tables.SCHEMA_VERSION}"
