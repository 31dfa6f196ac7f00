"""scripts/demo fetches the servers' software only where the demo will run on it."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path):
    """A checkout of the script alone, in which everything it calls notes its name and words."""

    def make(**codes):
        programs = ["scripts/setup", "scripts/servers", ".venv/bin/haidang"]
        for name in programs:
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            code = codes.get(file.name, 0)
            file.write_text(f'#!/bin/sh\necho "{file.name} $*"\nexit {code}\n', "utf-8")
            file.chmod(0o755)
        return shutil.copy(ROOT / "scripts/demo", tmp_path / "scripts/demo")

    return make


def called(script, *words):
    """The exit code, and what was called in which order."""
    ran = subprocess.run([script, *words], capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "servers"),
    [
        pytest.param([], [], id="nothing said"),
        pytest.param(["--once", "--seed", "2"], [], id="other words"),
        pytest.param(["--store", "embedded"], [], id="embedded"),
        pytest.param(["--once", "--store", "elastic"], ["servers stores"], id="elastic"),
        pytest.param(["--store=elastic", "--once"], ["servers stores"], id="elastic, one word"),
    ],
)
def test_software_is_fetched_only_for_elastic(checkout, words, servers):
    """Setup first, then the servers where they are wanted, then the command with every word."""
    expected = ["setup ", *servers, " ".join(["haidang demo", *words])]

    assert (0, expected) == called(checkout(), *words)


def test_software_that_cannot_be_had_ends_it(checkout):
    """scripts/servers has said what is missing; the demo is not started."""
    assert (1, ["setup ", "servers stores"]) == called(checkout(servers=1), "--store", "elastic")
