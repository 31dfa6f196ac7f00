"""Elasticsearch and PostgreSQL of our own on loopback, for the demo, the tests and the bench.

Every server lives in a folder of its own, which a second run finds again, on ports that are free.
"""

import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from pwd import struct_passwd

from app.demo.process import Program, Server, run_as
from app.demo.software import Software, account, reachable
from haidang.errors import HaidangError

LOOPBACK = "127.0.0.1"
# Below the ports that Linux gives to outgoing connections; a range for each use.
_POSTGRESQL_PORTS, _HTTP_PORTS, _TRANSPORT_PORTS = 20_000, 24_000, 28_000
_RANGE = 4_000
# These servers live for minutes: compiling their code thoroughly costs more than it saves.
_QUICK = "-XX:TieredStopAtLevel=1"


def elasticsearch(
    folder: Path,
    software: Software,
    *,
    settings: Mapping[str, str] | None = None,
    heap_mb: int = 512,
) -> Server:
    """One node without security, not yet started; `settings` are lines of elasticsearch.yml."""
    ports = free_port(_HTTP_PORTS), free_port(_TRANSPORT_PORTS)
    alone = {"node.name": "haidang", "discovery.type": "single-node"}
    ready = "/_cluster/health?wait_for_status=yellow&timeout=1s"
    return _node(folder, software, ports, alone | dict(settings or {}), heap_mb, ready)


def elasticsearch_cluster(
    folder: Path,
    software: Software,
    *,
    nodes: int = 3,
    settings: Mapping[str, str] | None = None,
    heap_mb: int = 512,
) -> list[Server]:
    """Nodes of one cluster, `node-1` and so on, each in a folder of its name; not yet started."""
    names = [f"node-{number}" for number in range(1, nodes + 1)]
    ports: dict[str, tuple[int, int]] = {}
    for name in names:
        taken = [port for pair in ports.values() for port in pair]
        ports[name] = free_port(_HTTP_PORTS, taken), free_port(_TRANSPORT_PORTS, taken)
    shared = {
        "discovery.seed_hosts": _listed(f"{LOOPBACK}:{port}" for _, port in ports.values()),
        "cluster.initial_master_nodes": _listed(names),
        **(settings or {}),
    }
    ready = "/_cluster/health?timeout=1s&master_timeout=1s"
    return [
        _node(folder / name, software, ports[name], {"node.name": name, **shared}, heap_mb, ready)
        for name in names
    ]


def postgresql(
    folder: Path, software: Software, *, settings: Mapping[str, str] | None = None
) -> Server:
    """A server with the superuser `postgres` and no password, not yet started.

    Nothing is synced to the disk unless `settings` (`postgres -c`) say so.
    """
    if software.postgresql is None:
        raise HaidangError("\n".join(software.missing))
    folder = folder.absolute()
    programs, data, port = software.postgresql, folder / "data", free_port(_POSTGRESQL_PORTS)
    owner = account(os.geteuid(), "postgres")
    chosen = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "max_connections": "200",
        **(settings or {}),
    }
    options = [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]
    ready = [str(programs / "pg_isready"), "-q", "-h", LOOPBACK, "-p", str(port)]
    program = Program(
        command=[programs / "postgres", "-D", data, *options],
        owner=owner,
        ending=signal.SIGINT,  # "fast": does not wait for clients
        prepare=lambda: _initdb(programs, folder, owner),
        answers=lambda: subprocess.run(ready, check=False).returncode == 0,  # noqa: S603 - our own
        environment={},
    )
    return Server(f"postgresql://postgres@{LOOPBACK}:{port}/postgres", folder, program)


def free_port(low: int, taken: Sequence[int] = ()) -> int:
    """A port of the range above `low` that nobody listens on now."""
    while True:
        port = low + secrets.randbelow(_RANGE)
        with socket.socket() as trial, suppress(OSError):
            trial.bind((LOOPBACK, port))
            if port not in taken:
                return port


def _node(  # noqa: PLR0913, PLR0917 - what the two kinds of Elasticsearch above differ in
    folder: Path,
    software: Software,
    ports: tuple[int, int],
    settings: Mapping[str, str],
    heap_mb: int,
    ready: str,
) -> Server:
    home, java = software.elasticsearch, software.java
    if home is None or java is None:
        raise HaidangError("\n".join(software.missing))
    owner, folder = account(os.geteuid()), folder.absolute()  # it starts in a folder of its own
    lines = {
        "cluster.name": "haidang",
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        "network.host": LOOPBACK,
        "http.port": str(ports[0]),
        "transport.port": str(ports[1]),
        "xpack.security.enabled": "false",
        "cluster.max_shards_per_node": "5000",
        **settings,
    }
    program = Program(
        command=["bash", home / "bin/elasticsearch"],  # the zip keeps no modes
        owner=owner,
        ending=signal.SIGTERM,
        prepare=lambda: _configure(home, folder, lines, owner),
        answers=lambda: _get(ports[0], ready) == http.HTTPStatus.OK,
        environment={
            "HOME": str(folder),
            "ES_JAVA_HOME": str(java),
            "ES_JAVA_OPTS": f"-Xms{heap_mb}m -Xmx{heap_mb}m {_QUICK}",
            "CLI_JAVA_OPTS": f"-XX:+UseSerialGC {_QUICK}",
            "ES_PATH_CONF": str(folder / "config"),
            "ES_TMPDIR": str(folder / "tmp"),
        },
    )
    return Server(f"http://{LOOPBACK}:{ports[0]}", folder, program)


def _configure(
    home: Path, folder: Path, lines: Mapping[str, str], owner: struct_passwd | None
) -> None:
    _hand_over(owner, folder, *(folder / name for name in ("config", "data", "logs", "tmp")))
    for name in ("jvm.options", "log4j2.properties"):
        shutil.copy(home / "config" / name, folder / "config" / name)
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    file = folder / "config/elasticsearch.yml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o644)  # the server's user reads it, whatever our umask


def _initdb(programs: Path, folder: Path, owner: struct_passwd | None) -> None:
    """Make the data folder once; one that was left half made is made anew."""
    _hand_over(owner, folder)
    data, made = folder / "data", folder / "data.made"
    if made.exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    words = ["--username=postgres", "--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync"]
    command = run_as(owner, signal.SIGTERM, [programs / "initdb", "-D", data, *words])
    told = subprocess.run(  # noqa: S603 - the command is our own
        command, cwd=folder, check=False, capture_output=True, text=True
    )
    if told.returncode:
        raise HaidangError(f"{data}: initdb failed: {told.stderr.strip()}")
    made.touch()


def _hand_over(owner: struct_passwd | None, *folders: Path) -> None:
    if owner and not reachable(folders[0]):
        raise HaidangError(f"{folders[0]}: the user {owner.pw_name} cannot enter; take another one")
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)


def _get(port: int, path: str) -> int:
    """The status of an answer; 0 where there is none."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _listed(words: Iterable[str]) -> str:
    return f"[{', '.join(words)}]"
