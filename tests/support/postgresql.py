"""Databases on the test server: one for each test, copied from a template that init made."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
import pytest

from haidang.store.state.postgresql import Server, init_postgresql
from tests.support.servers import POSTGRESQL, need

# A locale that orders otherwise than by code point shows where an order leans on it.
EMPTY = "template0 LOCALE_PROVIDER icu ICU_LOCALE 'vi'"


@dataclass(frozen=True)
class Cluster:
    """A server as its superuser sees it, with an owner, a run-time role and a template."""

    url: str
    owner: str
    role: str
    template: str

    def run(self, *statements, database=None):
        """Run statements as the superuser; the rows of the last one, if it has any."""
        url = self.place("postgres", database) if database else self.url
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def place(self, role, database):
        """The url of a database for a role."""
        parts = urlsplit(self.url)
        return parts._replace(
            netloc=f"{role}@{parts.netloc.split('@')[-1]}", path=database
        ).geturl()

    def server(self, database, role=None, **changes):
        """What the product is told of a database; as the run-time role, if no other is given."""
        return Server(self.place(role or self.role, database), **changes)

    def end_sessions(self, database):
        """End every session on a database, as an administrator or a restart does; how many."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        with psycopg.connect(self.url, autocommit=True) as connection:
            return len(connection.execute(query, [database]).fetchall())

    @contextmanager
    def database(self, template=None, owner=None) -> Iterator[str]:
        """A new database, dropped at the end whoever still uses it."""
        name = f"{self.template}_{secrets.token_hex(4)}"
        owner, template = owner or self.owner, template or self.template
        self.run(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE {template}")
        try:
            yield name
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def cluster_at(url) -> Iterator[Cluster]:
    """Roles and a template on a server, for as long as they are needed."""
    name = f"t{os.getpid()}_{secrets.token_hex(3)}"
    cluster = Cluster(url, f"{name}_owner", f"{name}_role", name)
    cluster.run(
        f"CREATE ROLE {cluster.owner} LOGIN",
        f"CREATE ROLE {cluster.role} LOGIN",
        f"CREATE DATABASE {name} OWNER {cluster.owner} TEMPLATE {EMPTY}",
    )
    try:
        init_postgresql(cluster.server(name, cluster.owner), cluster.role)
        yield cluster
    finally:
        cluster.run(
            f"DROP DATABASE {name} WITH (FORCE)",
            f"DROP ROLE {cluster.owner}",
            f"DROP ROLE {cluster.role}",
        )


@pytest.fixture(scope="session")
def cluster():
    """The test server; without one the tests on it are skipped, under CI they fail."""
    with cluster_at(need(POSTGRESQL)) as made:
        yield made
