"""Finding the servers' software, and a place for their files."""

import os
import re
from pathlib import Path

import pytest

from app.demo.software import ELASTICSEARCH, JAVA, account, find, reachable, server_folder

ROOT = Path(__file__).parents[3]


def jdk(home, version):
    """A JDK as far as anybody looks at it."""
    home.mkdir(parents=True)
    (home / "release").write_text(f'JAVA_VERSION="{version}"\n', encoding="utf-8")


@pytest.fixture
def machine(tmp_path):
    """A machine with everything on it, in a folder."""
    (tmp_path / f"cache/elasticsearch-{ELASTICSEARCH}").mkdir(parents=True)
    jdk(tmp_path / "usr/lib/jvm/old", "17.0.15")
    jdk(tmp_path / "usr/lib/jvm/young", "25.0.3")
    for version in ("9.6", "13", "15"):
        programs = tmp_path / f"usr/lib/postgresql/{version}/bin"
        programs.mkdir(parents=True)
        (programs / "initdb").touch()
    return tmp_path


def found(machine, **environment):
    """What is found there."""
    return find({"HAIDANG_CACHE": str(machine / "cache"), **environment}, 1000, machine)


def test_all_is_found_in_its_newest_fitting_version(machine):
    """An old Java is passed over; of several PostgreSQLs the newest is taken."""
    software = found(machine)

    assert machine / "usr/lib/jvm/young" == software.java
    assert machine / "usr/lib/postgresql/15/bin" == software.postgresql
    assert machine / f"cache/elasticsearch-{ELASTICSEARCH}" == software.elasticsearch
    assert () == software.missing


def test_java_of_the_environment_comes_first(machine):
    """Who names a JDK gets it, unless it is too old."""
    jdk(machine / "own", "21.0.2")

    assert machine / "own" == found(machine, ES_JAVA_HOME=str(machine / "own")).java
    old = str(machine / "usr/lib/jvm/old")
    assert machine / "usr/lib/jvm/young" == found(machine, JAVA_HOME=old).java


def test_each_missing_program_is_one_line(tmp_path):
    """The lines say what is missing and how to get it."""
    lines = found(tmp_path).missing

    words = ["Java", "Elasticsearch", "PostgreSQL"]
    assert words == [re.split(r"\W", line)[0] for line in lines]
    assert all(": " in line and "\n" not in line for line in lines)


def test_script_and_program_mean_the_same_versions():
    """What scripts/servers fetches is what is looked for here."""
    script = (ROOT / "scripts/servers").read_text("utf-8")

    assert [ELASTICSEARCH] == re.findall(r"^version=(.*)$", script, re.MULTILINE)
    assert [str(JAVA)] == re.findall(r"-lt (\d+) ", script)


def test_cache_of_root_is_outside_its_home():
    """A server's user could not enter /root."""
    assert Path("/var/cache/haidang") == find({}, 0).cache
    assert Path.home() / ".cache/haidang" == find({}, 1000).cache


def test_root_runs_servers_as_somebody_else():
    """The first account that exists; an ordinary user runs them itself."""
    assert "nobody" == account(0, "no-such-account").pw_name
    assert account(1000, "nobody") is None


def test_folder_behind_a_closed_door_moves_to_the_cache(tmp_path):
    """The same wanted folder has always the same place, another one another."""
    closed, cache = tmp_path / "home", Path("/var/cache/haidang")
    closed.mkdir(mode=0o700)

    places = [server_folder(closed / name, cache, 0) for name in ("a", "a", "b")]

    assert places[0] == places[1]
    assert places[0] != places[2]
    assert cache / "servers" == places[0].parent
    assert closed / "a" == server_folder(closed / "a", cache, 1000)


def test_open_folder_stays_where_it_is_wanted():
    """Nothing moves without need."""
    wanted = Path("/var/tmp/haidang-demo")  # noqa: S108 - nothing is written there

    assert reachable(wanted)
    assert wanted == server_folder(wanted, Path("/var/cache/haidang"), 0)


def test_this_machine_is_described_without_an_error():
    """Whatever is here, it is found or one line says that it is not."""
    software = find(os.environ, os.geteuid())

    parts = [software.java, software.elasticsearch, software.postgresql]
    assert parts.count(None) == len(software.missing)
