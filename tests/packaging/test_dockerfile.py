"""The Dockerfile copies what exists, pins what it takes, and ends as nobody special."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text("utf-8"))
LINES = [line.split() for line in TEXT.splitlines() if line and not line.startswith("#")]
STEPS = [(line[0], line[1:]) for line in LINES]
COPIED = [
    source.rstrip("/")
    for step, words in STEPS
    if step == "COPY" and not words[0].startswith("--from")
    for source in words[:-1]
]
LOCKS = re.findall(r"--requirement (\S+)", TEXT)


@pytest.mark.parametrize("source", COPIED)
def test_copied_source_exists_and_reaches_the_builder(source):
    """It lies in the checkout, and .dockerignore lets it through."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    assert (ROOT / source).exists()
    assert f"!{source}" in [line.rstrip("/") for line in ignored]


def test_nothing_but_copied_sources_reaches_the_builder():
    """No secret, no log and no .git is sent to it."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line[1:].rstrip("/") for line in ignored if line.startswith("!")]

    assert "*" == next(line for line in ignored if line and not line.startswith("#"))
    assert sorted(COPIED) == sorted(allowed)


def test_wheel_gets_every_package():
    """A new package cannot be forgotten here."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]

    assert set(wheel["targets"]["wheel"]["only-include"]) <= set(COPIED)


def test_bases_are_one_pinned_python():
    """The environment made in the first stage fits the interpreter of the last."""
    bases = [words[0] for step, words in STEPS if step == "FROM"]

    assert 2 == len(bases)
    assert 1 == len(set(bases))
    assert fnmatch(bases[0], "python:3.11.[0-9]*-slim-[a-z]*")


def test_installed_packages_are_locked():
    """Every install takes a lock with hashes, or only the wheel made here."""
    installs = [line for line in TEXT.splitlines() if "pip" in line and " install " in line]
    taken = [line for line in installs if "--no-index" not in line]

    assert ["requirements/build.txt", "requirements/soc.txt"] == LOCKS
    assert (3, 2) == (len(installs), len(taken))
    assert all("--require-hashes" in line for line in taken)


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_a_hash_for_each_package(lock):
    """A package without one would be refused during the build."""
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text("utf-8").strip())

    assert entries
    assert [] == [one for one in entries if "==" not in one or "--hash=sha256:" not in one]


def test_last_stage_runs_haidang_as_an_unprivileged_user():
    """The command is the program itself, and its user is a number that is not root's."""
    last = [step for step in STEPS[::-1] if step[0] in {"USER", "ENTRYPOINT", "FROM"}][:2]

    assert [("ENTRYPOINT", ['["haidang"]']), ("USER", ["10001:10001"])] == last
