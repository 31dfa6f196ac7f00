"""The base install (the agent beside the logs) runs without the packages of the extras."""

import subprocess
import sys
from pathlib import Path

import pytest

from app import cli

ROOT = Path(__file__).parents[2]
ABSENT = sorted({"elasticsearch", "numpy", "pandas", *cli.EXTRAS["soc"]})
PROGRAM = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
from haidang.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
AGENT = [name for name in ("parse",) if (ROOT / f"app/commands/{name}.py").exists()]
CENTRE = [
    name
    for name in ("collect", "correlate", "alerts", "coverage", "store", "demo")
    if (ROOT / f"app/commands/{name}.py").exists()
]


def haidang(*arguments):
    """Runs the command where no package of an extra can be imported."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([x, "--help"] for x in AGENT)])
def test_agent_needs_no_extra(arguments):
    """Help and the agent's commands import nothing that the base install lacks."""
    found = haidang(*arguments)

    assert (0, "") == (found.returncode, found.stderr)


@pytest.mark.parametrize("name", CENTRE)
def test_command_of_the_centre_names_its_extra(name):
    """A command that cannot run says in one line what to install."""
    found = haidang(name, "--help")

    expected = f"haidang {name} needs the extra \"soc\": pip install 'haidang[soc]'\n"
    assert (1, "", expected) == (found.returncode, found.stdout, found.stderr)
