"""The event store on the test server: a prefix of one's own, emptied before each test.

A data stream of that server can never be deleted, so prefixes are used again: the first that no
other process of this machine holds.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TextIO

from haidang.errors import HaidangError
from haidang.store.events.elastic import shards, template
from haidang.store.events.elastic.client import Client, Connection
from haidang.store.events.elastic.names import hold_of, patterns
from tests.support.servers import ELASTICSEARCH, need


@contextmanager
def prepared(**changes) -> Iterator[Connection]:
    """Where there is an empty store with its template; skips, or fails, without a server."""
    address = need(ELASTICSEARCH)
    with _prefix() as prefix:
        connection = Connection(**{"hosts": (address,), "prefix": prefix, **changes})
        client = Client.open(connection)
        try:
            restore(client)
            yield connection
        finally:
            client.close()


def restore(client: Client) -> None:
    """Put the template; indices that a test or an older version of the tests broke are deleted."""
    try:
        template.init(client, force=True)
    except HaidangError:
        empty(client)
        template.check(client)


@contextmanager
def _prefix() -> Iterator[str]:
    for number in count():
        path = Path(tempfile.gettempdir()) / f"haidang-test-elasticsearch-{number}"
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if not _is_at(file, path):
                continue  # its last holder has just removed it
            try:
                yield f"t{number}"
            finally:
                path.unlink()
            return


def _is_at(file: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def streams(client: Client) -> dict[str, list[str]]:
    """The backing indices of each stream, the one that is written to last."""
    return shards.streams(client, patterns(client.prefix))


def empty(client: Client) -> None:
    """Delete what streams and holds have, in each stream but a new index."""
    seal(client)
    old = [name for indices in streams(client).values() for name in indices[:-1]]
    holds = client.ask("GET", f"/_resolve/index/{hold_of(client.prefix, '*')}")
    old += [one["name"] for one in holds["indices"]]
    if old:
        client.ask("DELETE", f"/{','.join(old)}")


def seal(client: Client) -> None:
    """Begin a new index in each stream that holds something: then the old ones may be dropped."""
    primaries = shards.primaries(client, patterns(client.prefix))
    full = {one.index for one in primaries if one.checkpoint >= 0}
    for stream, indices in streams(client).items():
        if indices[-1] in full:
            client.ask("POST", f"/{stream}/_rollover")
