"""The count of tests on each store: what it says, and which runs it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import stores
from tests.support.servers import ELASTICSEARCH, POSTGRESQL

ROOT = Path(__file__).parents[2]
SUITE = """
import pytest

@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request):
    request.node.user_properties.append(("store", request.param))
    return request.param

@pytest.mark.parametrize("number", [1, 2])
def test_both(kind, number):
    if (kind, number) in MISSING:
        pytest.skip("no server")
"""
SERVED = {ELASTICSEARCH: "http://somewhere", POSTGRESQL: "postgresql://somewhere"}
EVEN = "stores: parquet 0, elastic 0; sqlite 2, postgresql 2"
UNEVEN = "stores: parquet 0, elastic 0; sqlite 2, postgresql 1"
SENTENCE = "stores: 2 tests passed on sqlite and 1 on postgresql"


@pytest.fixture
def suite(tmp_path):
    """Run a tiny suite under this repository's conftest: exit code and output."""
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    (tmp_path / "small").mkdir()
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\ntestpaths = small\npythonpath = {ROOT}\nmarkers =\n    slow:\n    full:\n",
        encoding="utf-8",
    )

    def run(*arguments, missing=(), environment=SERVED):
        text = f"MISSING = {list(missing)}\n{SUITE}"
        (tmp_path / "small/test_small.py").write_text(text, encoding="utf-8")
        kept = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        told = subprocess.run(
            command,
            cwd=tmp_path,
            env=kept | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return told.returncode, told.stdout

    return run


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_even_run_passes_and_says_its_counts(suite, arguments):
    """One line, from the controller too."""
    code, told = suite(*arguments)

    assert (0, 1) == (code, told.splitlines().count(EVEN))


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [(), ("-n", "2"), ("-m", "not slow")])
def test_uneven_run_fails(suite, arguments):
    """A skipped test on one store is one that did not pass there."""
    code, told = suite(*arguments, missing=[("postgresql", 2)])

    assert 1 == code
    assert UNEVEN in told
    assert SENTENCE in told


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("small",), id="path"),
        pytest.param(("-k", "both"), id="keyword"),
        pytest.param(("-m", "not full"), id="mark"),
    ],
)
def test_narrowed_run_is_not_compared(suite, arguments):
    """Who chose some tests did not ask whether the stores agree."""
    code, told = suite(*arguments, missing=[("postgresql", 2)])

    assert (0, True) == (code, UNEVEN in told)
    assert SENTENCE not in told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environment", "code"),
    [
        pytest.param({}, 0, id="by hand"),
        pytest.param({"CI": "true"}, 1, id="ci"),
        pytest.param({POSTGRESQL: "postgresql://somewhere"}, 0, id="one server"),
    ],
)
def test_absent_server_is_excused_only_outside_ci(suite, environment, code):
    """A developer without the servers can still run the rest."""
    assert code == suite(missing=[("postgresql", 2)], environment=environment)[0]


def test_only_marked_tests_count():
    """Properties of other names are no stores."""
    report = pytest.TestReport(
        "id", ("file", 1, "test"), {}, "passed", None, "call",
        user_properties=[("store", "elastic"), ("other", "parquet")],
    )  # fmt: skip

    assert {"elastic": 1} == stores.passed([report])


def test_pairs_are_compared_each_for_itself():
    """Events and state have suites of their own."""
    assert [] == stores.uneven({"parquet": 3, "elastic": 3, "sqlite": 1, "postgresql": 1})
    assert 2 == len(stores.uneven({"parquet": 3, "elastic": 2, "postgresql": 1}))
