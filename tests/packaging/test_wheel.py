"""The wheel: one name in site-packages, complete, and it runs without a checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app import cli
from haidang import __version__

ROOT = Path(__file__).parents[2]
OURS = ROOT / "haidang"
STAGES = ("collectors", "rules", "correlator", "alerts", "dashboards", "app")
KINDS = ("yml", "html", "css", "js", "svg")
DATA = [
    file.relative_to(ROOT)
    for stage in STAGES
    for kind in KINDS
    for file in sorted((ROOT / stage).rglob(f"*.{kind}"))
]
WRITTEN = [name for name in cli.COMMANDS if (ROOT / f"app/commands/{name}.py").exists()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, built without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [file] = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    """A folder with the wheel's content, and its neighbour with decoys of every stage's name."""
    folder = tmp_path_factory.mktemp("site packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    decoys = tmp_path_factory.mktemp("decoys")
    for stage in STAGES:
        (decoys / f"{stage}.py").write_text("raise RuntimeError('a stranger was imported')\n")
    return folder, decoys


def run(unpacked, *arguments):
    """Runs Python with the unpacked wheel on its path, inside the folder of decoys."""
    folder, decoys = unpacked
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=decoys,
        env={"PYTHONPATH": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_only_one_name_is_visible(wheel):
    """Installed beside other programs, no generic name such as `rules` appears."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}

    assert {"haidang", f"haidang-{__version__}.dist-info"} == tops


def test_wheel_holds_every_source_and_data_file(wheel):
    """Modules, rules and data sets are all there, and nothing else of the checkout."""
    code = [file.relative_to(ROOT) for stage in STAGES for file in (ROOT / stage).rglob("*.py")]
    own = {
        str(file.relative_to(ROOT)) for kind in ("py", "yml") for file in OURS.rglob(f"*.{kind}")
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.rpartition(".")[2] in {"py", *KINDS}}

    assert own | {f"haidang/_app/{file}" for file in [*code, *DATA]} == held


def test_wheel_names_its_licence_and_command(wheel):
    """The licence text travels along and the command `haidang` is declared."""
    with zipfile.ZipFile(wheel) as archive:
        info = f"haidang-{__version__}.dist-info"
        entry = archive.read(f"{info}/entry_points.txt").decode()

        assert "MIT License" in archive.read(f"{info}/licenses/LICENSE").decode()
    assert "haidang = haidang.__main__:main" in entry


def test_wheel_runs_among_strangers(unpacked):
    """`python -m haidang` runs from the wheel though the folder holds other `app` and `rules`."""
    found = run(unpacked, "-m", "haidang", "--version")

    assert (f"haidang {__version__}\n", "") == (found.stdout, found.stderr)


def test_stages_come_from_the_wheel(unpacked):
    """The launcher opens the wheel's own folder, not the checkout's."""
    found = run(unpacked, "-c", "import haidang.__main__, app; print(app.__file__)")

    assert f"{unpacked[0]}/haidang/_app/app/__init__.py" == found.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITTEN)
def test_command_of_the_wheel_has_help(unpacked, name):
    """Each command can be imported from the wheel."""
    found = run(unpacked, "-m", "haidang", name, "--help")

    assert (0, "") == (found.returncode, found.stderr)
    assert found.stdout.startswith(f"Usage: haidang {name} ")
