"""Every package has a budget of lines; no long file, no long function."""

import ast
from pathlib import Path

import pytest

from tests.support.budget import BUDGET, PACKAGES, ROOT, lines, report

FILES = [
    file
    for folder in (*PACKAGES, "bench", "scripts", "tests")
    for file in sorted((ROOT / folder).rglob("*.py"))
]
MOST_IN_FILE = 400
MOST_IN_FUNCTION = 40


def functions(file: Path) -> list[tuple[str, int]]:
    """`file:line name` and the number of lines of each function."""
    return [
        (f"{file.relative_to(ROOT)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1)
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_every_package_has_a_budget_and_is_reported():
    """The report after each run names every package with what it uses."""
    assert [] == [folder for folder in PACKAGES if folder not in BUDGET]
    assert [] == [folder for folder in PACKAGES if f"{folder} " not in report()]


def test_no_file_is_too_long():
    """A file that grows over the limit is split."""
    assert [] == [
        f"{file.relative_to(ROOT)}: {lines(file)}" for file in FILES if lines(file) > MOST_IN_FILE
    ]


@pytest.mark.slow
def test_no_function_is_too_long():
    """A function that grows over the limit is split."""
    every = [found for file in FILES for found in functions(file)]

    assert [] == [found for found in every if found[1] > MOST_IN_FUNCTION]
