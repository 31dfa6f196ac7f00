"""The demo's own Elasticsearch and PostgreSQL, on loopback and in its folder."""

import os
import re
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from app.demo.process import Server, running
from app.demo.servers import elasticsearch, postgresql
from app.demo.software import Software, find, server_folder
from haidang.errors import HaidangError

NAME = "haidang"  # of the database and of its run-time role
OWNER = "haidang_owner"

# The two addresses in haidang.yml; the ports differ from run to run.
_HOST, _DATABASE = re.compile(r"http://127\.0\.0\.1:\d+"), re.compile(r"(?<=@)127\.0\.0\.1:\d+")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Both servers, running; for the profile *cluster*."""

    elasticsearch: Server
    postgresql: Server

    @classmethod
    def start(cls, folder: Path, stack: ExitStack) -> Self:
        """Start both, with the data of an earlier run; `stack` stops them.

        Raises HaidangError: software that is missing, a line each; a server that does not start.
        """
        software = find(os.environ, os.geteuid())
        if software.missing:
            raise HaidangError("\n".join(software.missing))
        home = _home(folder, software)
        search = elasticsearch(home / "elasticsearch", software)
        database = postgresql(home / "postgresql", software)
        stack.enter_context(running(search, database))
        _prepare(database.url)
        return cls(search, database)

    def settings(self) -> dict[str, object]:
        """What haidang.yml says of them."""
        url = make_url(self.postgresql.url).set(username=NAME, database=NAME)
        return {
            "profile": "cluster",
            "elasticsearch": {"hosts": [self.elasticsearch.url]},
            "postgresql": {"url": url.render_as_string(), "owner": OWNER},
        }

    def addressed(self, text: str) -> str:
        """A configuration of an earlier run with the addresses of this one."""
        place = self.postgresql.url.partition("@")[2].partition("/")[0]
        return _DATABASE.sub(place, _HOST.sub(self.elasticsearch.url, text))


def _home(folder: Path, software: Software) -> Path:
    """Where the servers' files lie; empty for a new folder, whatever one of its name left."""
    home = server_folder(folder / "servers", software.cache, os.geteuid())
    if not (folder / "haidang.yml").exists():
        shutil.rmtree(home, ignore_errors=True)
    # Our own files are not for others, but the servers' users must get to theirs.
    for one in reversed([one for one in (home, *home.parents) if not one.exists()]):
        one.mkdir()
        one.chmod(0o711)
    return home


def _prepare(url: str) -> None:
    """Make roles and database where they are absent, as an administrator would."""
    with psycopg.connect(url, autocommit=True) as connection:
        for role in (OWNER, NAME):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).rowcount:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).rowcount:
            make = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(make.format(sql.Identifier(NAME), sql.Identifier(OWNER)))
