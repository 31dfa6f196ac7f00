"""Where the servers' software is on this machine; `scripts/servers` makes it available."""

import pwd
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ELASTICSEARCH = "9.4.3"  # as in scripts/servers
JAVA = 21  # the oldest that runs it

_RELEASE = re.compile(r'^JAVA_VERSION="(\d+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Software:
    """Homes of the programs; None = missing."""

    cache: Path
    elasticsearch: Path | None
    java: Path | None
    postgresql: Path | None  # the folder of initdb and postgres

    @property
    def missing(self) -> tuple[str, ...]:
        """One line for each program that is missing: what, and how to get it."""
        absent = f"Elasticsearch {ELASTICSEARCH} is not in {self.cache}: run scripts/servers"
        lines = (
            (self.java, f"Java {JAVA} or newer is missing: install a JDK, or set ES_JAVA_HOME"),
            (self.elasticsearch, absent),
            (self.postgresql, "PostgreSQL is missing: run scripts/servers, or install postgresql"),
        )
        return tuple(line for found, line in lines if found is None)


def find(environment: Mapping[str, str], user: int, root: Path = Path("/")) -> Software:
    """Look for the software as the user of this number; `root` is another tree for tests."""
    cache = cache_folder(environment, user)
    home = cache / f"elasticsearch-{ELASTICSEARCH}"
    servers = sorted(root.glob("usr/lib/postgresql/*/bin/initdb"), key=_version)
    return Software(
        cache=cache,
        elasticsearch=home if home.is_dir() else None,
        java=next((one for one in _javas(environment, root) if _java_version(one) >= JAVA), None),
        postgresql=servers[-1].parent if servers else None,
    )


def cache_folder(environment: Mapping[str, str], user: int) -> Path:
    """`$HAIDANG_CACHE`, else outside root's home, which the servers' users cannot enter."""
    if wanted := environment.get("HAIDANG_CACHE"):
        return Path(wanted)
    return Path.home() / ".cache/haidang" if user else Path("/var/cache/haidang")


def _javas(environment: Mapping[str, str], root: Path) -> Iterator[Path]:
    named = (environment.get(name) for name in ("ES_JAVA_HOME", "JAVA_HOME"))
    yield from (Path(one) for one in named if one)
    yield from sorted(root.glob("usr/lib/jvm/*"))


def _java_version(home: Path) -> int:
    """The version in a JDK's own description; 0 where there is none."""
    try:
        found = _RELEASE.search((home / "release").read_text("utf-8"))
    except OSError:
        return 0
    return int(found[1]) if found else 0


def _version(initdb: Path) -> float:
    name = initdb.parent.parent.name
    return float(name) if re.fullmatch(r"\d+(\.\d+)?", name) else 0


def account(user: int, *names: str) -> pwd.struct_passwd | None:
    """Whom a server runs as: the first account of these that exists if we are root, else ourself.

    None means that nothing has to be changed.
    """
    known = {one.pw_name: one for one in pwd.getpwall()}
    return None if user else next(known[name] for name in (*names, "nobody") if name in known)


def reachable(folder: Path) -> bool:
    """Whether every user can enter the folders above; those to be made will let them."""
    above = (one for one in folder.absolute().parents if one.exists())
    return all(one.stat().st_mode & 0o001 for one in above)


def server_folder(wanted: Path, cache: Path, user: int) -> Path:
    """Where a server's files lie that belong to `wanted`: there, or in the cache.

    Under root's home no server's user could enter, so root gets a folder in the cache that is
    always the same for the same wanted one (and is not removed together with it).
    """
    if user or reachable(wanted):
        return wanted
    return cache / "servers" / sha256(str(wanted.absolute()).encode()).hexdigest()[:16]
