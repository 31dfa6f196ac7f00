"""The folder lists of README and ARCHITECTURE are the folders that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {file.parent.name for file in ROOT.glob("*/__init__.py")}
# Folders that hold files of ours; an empty one or one of a tool's own is nothing to document.
OTHERS = {
    name
    for name in ("bench", "deploy", "docs", "examples", "requirements", "scripts", "tests")
    if any(file.is_file() for file in (ROOT / name).rglob("*") if "__pycache__" not in file.parts)
}


def listed(document: str) -> list[str]:
    """The folders in the rows of the document's folder table."""
    return re.findall(r"^\| `(\w+)/` \|", (ROOT / document).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    ("document", "folders"),
    [
        pytest.param("README.md", PACKAGES | OTHERS, id="readme"),
        pytest.param("ARCHITECTURE.md", PACKAGES, id="architecture"),
    ],
)
def test_folder_list_equals_the_folders(document, folders):
    """A map of folders that nobody checks goes stale."""
    assert sorted(folders) == sorted(listed(document))


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"])
def test_links_lead_somewhere(document):
    """Every relative link names a file or folder that exists."""
    text = (ROOT / document).read_text("utf-8")
    targets = [one for one in re.findall(r"\]\(([^)#]+)", text) if "://" not in one]

    assert [] == [target for target in targets if not (ROOT / target).exists()]


def test_scripts_of_the_readme_exist():
    """Every `scripts/…` that the README tells people to run is there and executable."""
    named = set(re.findall(r"scripts/\w+", (ROOT / "README.md").read_text("utf-8")))

    assert named
    assert [] == [name for name in named if not (ROOT / name).stat().st_mode & 0o111]


def test_decisions_are_numbered_without_gaps():
    """Decisions are 0001, 0002 and so on."""
    numbers = sorted(int(file.name[:4]) for file in (ROOT / "docs/decisions").glob("*.md"))

    assert list(range(1, len(numbers) + 1)) == numbers
