"""pyproject.toml names exactly the packages that lie in the checkout."""

import importlib.metadata
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
PACKAGES = {file.parent.name for file in ROOT.glob("*/__init__.py")}
STAGES = PACKAGES - {"haidang"}


@pytest.mark.parametrize(
    "named",
    [
        pytest.param(WHEEL["only-include"], id="wheel"),
        pytest.param(PROJECT["tool"]["importlinter"]["root_packages"], id="import-linter"),
        pytest.param(PROJECT["tool"]["mypy"]["files"], id="mypy"),
    ],
)
def test_each_list_of_packages_equals_the_folders(named):
    """A new folder cannot be forgotten in the wheel or by the gates."""
    assert sorted(PACKAGES) == sorted(named)


def test_stages_are_nested_in_the_wheel():
    """Each stage goes where the launcher looks and other programs do not."""
    assert {stage: f"haidang/_app/{stage}" for stage in STAGES} == WHEEL["sources"]


def test_source_distribution_holds_what_the_wheel_needs():
    """A wheel built from the source distribution is complete."""
    sdist = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]

    assert {*PACKAGES, "LICENSE", "README.md", "pyproject.toml"} == set(sdist)


def test_every_module_has_its_layer():
    """The contract of imports speaks about every module directly under `haidang` and each stage."""
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    named = {name.strip() for layer in layers for name in layer.split("|")}
    files = {file.stem for file in (ROOT / "haidang").glob("*.py")} - {"__init__"}
    folders = {file.parent.name for file in (ROOT / "haidang").glob("*/__init__.py")}

    assert STAGES | {f"haidang.{name}" for name in files | folders} == named


def test_no_installed_package_has_a_stages_name():
    """No dependency brings a package that a stage would hide, or that would hide a stage."""
    taken = {
        package: owners
        for package, owners in importlib.metadata.packages_distributions().items()
        if package in PACKAGES and owners != ["haidang"]
    }

    assert {} == taken


def test_tests_have_no_packages():
    """A tests/collectors/__init__.py would shadow collectors/."""
    assert [] == list((ROOT / "tests").rglob("__init__.py"))
