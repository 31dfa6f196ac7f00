"""What the code may not do, looked for in its syntax: durable acts, wide scopes, drawers."""

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(file.parent for file in ROOT.glob("*/__init__.py"))
SOURCES = [file for package in PACKAGES for file in sorted(package.rglob("*.py"))]
DURABLE = ROOT / "haidang/durable.py"
WIRING = ROOT / "app/wiring.py"
DRAWERS = {"utils", "common", "helpers", "core", "base", "manager", "misc"}

# Written backwards, so that this file is not among what it finds.
_WORDS = (
    "edualc ciporhtna ianepo tpgtahc tolipoc ledom_egaugnal "
    "gro.ipyp gro.detsohnohtyp oi.setarc gro.sjmpn.yrtsiger gro.nevam.1oper gnalog.yxorp"
)
_PATHS = "niam/krow/ derahs/krow/ sleehw/tpo/ feirb/pmt/"
_WORD = "|".join(re.escape(word[::-1]) for word in _WORDS.split())
_PATH = "|".join(re.escape(path[::-1]) for path in _PATHS.split())
FORBIDDEN = re.compile(rf"(?<!\w)(?:{_WORD})(?!\w)|{_PATH}", re.IGNORECASE)


def durable_acts(tree: ast.AST) -> Iterator[int]:
    """Lines that sync, rename or commit by themselves."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            # str.replace has two arguments, Path.replace one; a commit with arguments is our own.
            one = len(node.args) == 1 and not node.keywords
            path_replace = node.func.attr == "replace" and (one or owner == "os")
            if owner != "durable" and (
                path_replace
                or node.func.attr in {"fsync", "fdatasync", "rename", "renames"}
                or (node.func.attr == "commit" and not node.args)
                or (owner == "shutil" and node.func.attr == "move")
            ):
                yield node.lineno


def wide_scopes(tree: ast.AST) -> Iterator[int]:
    """Lines that make a scope which sees everything."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = ast.unparse(node.func)
        if function.endswith("Scope.system"):
            yield node.lineno
        if function.endswith("Scope") and [ast.unparse(one) for one in node.args] == ["None"]:
            yield node.lineno


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    """What every source says; made once, as it takes seconds."""
    return {file: ast.parse(file.read_text("utf-8")) for file in SOURCES}


def found(trees: dict[Path, ast.Module], search, allowed: Path) -> list[str]:
    """`file:line` of everything found outside the allowed file."""
    return [
        f"{file.relative_to(ROOT)}:{line}"
        for file, tree in trees.items()
        if file != allowed
        for line in search(tree)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "os.fsync(3)",
        "os.replace(a, b)",
        "Path(a).replace(b)",
        "a.rename(b)",
        "connection.commit()",
        "shutil.move(a, b)",
    ],
)
def test_search_finds_a_durable_act(text):
    """The search itself sees each way to do it."""
    assert [1] == list(durable_acts(ast.parse(text)))


@pytest.mark.parametrize("text", ["'a'.replace('b', 'c')", "durable.commit(t, 'x')"])
def test_search_leaves_the_rest_alone(text):
    """Texts and calls of haidang.durable are no durable acts of one's own."""
    assert [] == list(durable_acts(ast.parse(text)))


def test_durable_acts_are_only_in_durable(trees):
    """Every fsync, rename and commit has a name at which a test can stop it."""
    assert [] == found(trees, durable_acts, DURABLE)


@pytest.mark.parametrize("text", ["Scope.system()", "scope.Scope.system()", "Scope(None)"])
def test_search_finds_a_wide_scope(text):
    """The search itself sees each way to make one."""
    assert [1] == list(wide_scopes(ast.parse(text)))


def test_wide_scopes_are_only_in_the_wiring(trees):
    """Nobody but app.wiring can ask a store for everything."""
    assert [] == found(trees, wide_scopes, WIRING)


def test_no_module_is_a_drawer():
    """No module has a name that says nothing about its content."""
    assert [] == [str(file.relative_to(ROOT)) for file in SOURCES if file.stem in DRAWERS]


def tracked() -> list[Path]:
    """Every file that is or would be committed; skips where there is no git."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing tells which files belong to it")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    environment = {**os.environ, "GIT_CONFIG_COUNT": "1"}
    environment |= {"GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=environment)
    files = [ROOT / name for name in os.fsdecode(names.stdout).split("\0") if name]
    return [file for file in files if file.is_file()]


def test_search_finds_a_forbidden_word():
    """The search itself sees a host, a path and a name, and no part of a longer word."""
    host, path = "gro.ipyp"[::-1], "niam/krow/"[::-1]

    assert [host] == [
        one.group() for one in FORBIDDEN.finditer(f"at https://{host}/, not at {host}x")
    ]
    assert [path] == [one.group() for one in FORBIDDEN.finditer(f"in {path}/app")]


def test_files_name_no_tool_host_or_machine():
    """The repository tells of the product, not of where and with what it was written."""
    named = [
        f"{file.relative_to(ROOT)}: {word.group()}"
        for file in tracked()
        for word in FORBIDDEN.finditer(file.read_bytes().decode("utf-8", "replace"))
    ]

    assert [] == named
