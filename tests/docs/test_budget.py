"""Lines: printed for each folder beside its budget; no long file, no long function."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUDGET = {
    "haidang": 3500,
    "collectors": 6000,
    "rules": 800,
    "correlator": 4200,
    "alerts": 4000,
    "risk": 2500,
    "dashboards": 3500,
    "app": None,
}
PACKAGES = sorted(file.parent.name for file in ROOT.glob("*/__init__.py"))
FILES = [
    file
    for folder in (*PACKAGES, "bench", "scripts", "tests")
    for file in sorted((ROOT / folder).rglob("*.py"))
]
MOST_IN_FILE = 400
MOST_IN_FUNCTION = 40


def lines(file: Path) -> int:
    """How many lines a file has."""
    return file.read_bytes().count(b"\n")


def functions(file: Path) -> list[tuple[str, int]]:
    """`file:line name` and the number of lines of each function."""
    return [
        (f"{file.relative_to(ROOT)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1)
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_lines_are_shown_beside_the_budget():
    """Every folder has a budget; `pytest -s` or a failure shows what is used of it."""
    for folder in PACKAGES:
        used = sum(lines(file) for file in (ROOT / folder).rglob("*.py"))
        sys.stdout.write(f"{folder:12} {used:6} of {BUDGET.get(folder) or 'no limit'}\n")

    assert [] == [folder for folder in PACKAGES if folder not in BUDGET]


def test_no_file_is_too_long():
    """A file that grows over the limit is split."""
    assert [] == [
        f"{file.relative_to(ROOT)}: {lines(file)}" for file in FILES if lines(file) > MOST_IN_FILE
    ]


def test_no_function_is_too_long():
    """A function that grows over the limit is split."""
    every = [found for file in FILES for found in functions(file)]

    assert [] == [found for found in every if found[1] > MOST_IN_FUNCTION]
