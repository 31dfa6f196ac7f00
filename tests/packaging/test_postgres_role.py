"""The start-up script of the image `postgres`, run against a real server."""

import base64
import hashlib
import hmac
import os
import secrets
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from haidang.store.state.postgresql import Server, init_postgresql, open_postgresql
from tests.support.servers import POSTGRESQL, need, software

SCRIPT = Path(__file__).parents[2] / "deploy/postgres/10-role.sh"
PASSWORD = "s3cret-of-the-role"  # noqa: S105 - no real one


@pytest.fixture
def superuser():
    """A connection as the superuser, as whom the image runs its scripts."""
    with psycopg.connect(need(POSTGRESQL), autocommit=True) as connection:
        yield connection


@pytest.fixture
def name(superuser):
    """A name for the role and its database, both gone afterwards."""
    name = f"role_{secrets.token_hex(4)}"
    superuser.execute(f"CREATE DATABASE {name}")
    yield name
    superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")
    superuser.execute(f"DROP ROLE IF EXISTS {name}")


def run(name, password_file):
    """The script as the image runs it, with its server's tools first on PATH."""
    server = urlsplit(need(POSTGRESQL))
    environment = {
        "PATH": f"{software('postgresql').postgresql}:{os.environ['PATH']}",
        "PGHOST": server.hostname,
        "PGPORT": str(server.port),
        "POSTGRES_USER": server.username,
        "POSTGRES_DB": name,
        "HAIDANG_ROLE": name,
        "HAIDANG_ROLE_PASSWORD_FILE": str(password_file),
    }
    return subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False)


def fits(verifier, password):
    """Whether a SCRAM verifier of pg_authid is that of the password (RFC 5802)."""
    rounds, salt, stored = verifier.partition("$")[2].replace("$", ":").split(":")[:3]
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    client = hmac.digest(key, b"Client Key", "sha256")
    return base64.b64decode(stored) == hashlib.sha256(client).digest()


def test_role_gets_the_password_of_the_file(tmp_path, superuser, name):
    """A newline at the end of the file is not part of it, and nothing is printed."""
    (tmp_path / "password").write_text(PASSWORD + "\n")
    found = run(name, tmp_path / "password")
    query = "SELECT rolpassword, rolsuper, rolcreaterole FROM pg_authid WHERE rolname = %s"
    [(verifier, *powers)] = superuser.execute(query, [name]).fetchall()

    assert (0, "", "") == (found.returncode, found.stdout, found.stderr)
    assert [False, False] == powers
    assert fits(verifier, PASSWORD)
    assert not fits(verifier, PASSWORD + "\n")


def test_role_can_run_what_the_owner_initialises(tmp_path, name):
    """After `haidang store init` as the owner, the role passes the check of the state store."""
    (tmp_path / "password").write_text(PASSWORD)
    place = urlsplit(need(POSTGRESQL))._replace(path=name)
    as_role = place._replace(netloc=f"{name}@{place.netloc.rpartition('@')[2]}")
    run(name, tmp_path / "password")
    init_postgresql(Server(place.geturl()), name)
    database = open_postgresql(Server(as_role.geturl(), PASSWORD))

    with database.reading() as connection:
        assert name == connection.exec_driver_sql("SELECT current_user").scalar_one()
    database.close()


def test_missing_password_stops_the_start(tmp_path, superuser, name):
    """Without a password there is no role, rather than one without a password."""
    found = run(name, tmp_path / "absent")

    assert 1 == found.returncode
    assert "make it with deploy/make-secrets" in found.stderr
    assert [] == superuser.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchall()


def test_failure_shows_no_password(tmp_path, name):
    """A second run fails, as the role exists, and what it prints is harmless."""
    (tmp_path / "password").write_text(PASSWORD)
    run(name, tmp_path / "password")
    found = run(name, tmp_path / "password")

    assert 0 != found.returncode
    assert "already exists" in found.stderr
    assert PASSWORD not in found.stdout + found.stderr
