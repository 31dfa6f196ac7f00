"""What scripts/test runs, with stub programs around it."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/test"
STUBS = {
    "scripts/setup": "#!/bin/sh\n",
    "scripts/servers": '#!/bin/sh\n[ -z "$LACKING" ] || { echo "no server" >&2; exit 1; }\n',
    ".venv/bin/python": '#!/bin/sh\necho "full=$HAIDANG_FULL" "$@"\n',
}
LAUNCHED = "-m tests.support.servers -m pytest -n 2"


@pytest.fixture
def run(tmp_path):
    """Run it in a checkout of stubs: exit code, what the tests' program was told, the errors."""
    for name, text in STUBS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    script = shutil.copy(SCRIPT, tmp_path / "scripts/test")

    def call(*arguments, **environment):
        environment |= {"PATH": "/usr/bin:/bin"}
        told = subprocess.run(
            [script, *arguments], capture_output=True, text=True, check=False, env=environment
        )
        return told.returncode, told.stdout.strip(), told.stderr.strip()

    return call


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param([], f"full= {LAUNCHED}", id="all"),
        pytest.param(["--quick"], f"full= {LAUNCHED} -m not slow", id="quick"),
        pytest.param(["--full", "-x"], f"full=1 {LAUNCHED} -x", id="full"),
    ],
)
def test_pytest_runs_below_the_servers(run, arguments, told):
    """The servers are started outside pytest, and the arguments arrive."""
    assert (0, told, "") == run(*arguments)


def test_missing_server_is_said_and_fails_only_in_ci(run):
    """A developer goes on without it; the build server does not."""
    assert (0, f"full= {LAUNCHED}", "no server") == run(LACKING="1")
    assert (1, "", "no server") == run(LACKING="1", CI="true")
