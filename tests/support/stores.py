"""How many tests passed on each kind of store; fewer on one of a pair is a failure of the run.

A fixture that is parametrised by the store says so: `user_properties.append(("store", kind))`.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping

import pytest

from tests.support.servers import ELASTICSEARCH, POSTGRESQL

PAIRS = (("parquet", "elastic"), ("sqlite", "postgresql"))
WHOLE = ("", "not slow")  # marks that choose as much on every store
_NARROWING = ("keyword", "lf", "deselect", "ignore", "ignore_glob", "stepwise", "maxfail")


def passed(reports: Iterable[pytest.TestReport]) -> Counter[str]:
    """Passed tests by kind of store."""
    return Counter(
        value
        for report in reports
        for name, value in report.user_properties
        if name == "store" and report.when == "call"
    )


def line(counts: Mapping[str, int]) -> str:
    """All kinds on one line, pair by pair."""
    pairs = (", ".join(f"{kind} {counts.get(kind, 0)}" for kind in pair) for pair in PAIRS)
    return f"stores: {'; '.join(pairs)}"


def uneven(counts: Mapping[str, int]) -> list[str]:
    """One sentence for each pair whose kinds did not do the same."""
    return [
        f"stores: {counts.get(one, 0)} tests passed on {one} and {counts.get(other, 0)} on {other};"
        " both must pass the same suite"
        for one, other in PAIRS
        if counts.get(one, 0) != counts.get(other, 0)
    ]


def comparable(config: pytest.Config, environment: Mapping[str, str]) -> bool:
    """Whether the whole suite ran on everything that it needs."""
    narrowed = (
        config.args_source is pytest.Config.ArgsSource.ARGS
        or config.getoption("markexpr") not in WHOLE
        or any(config.getoption(name, None) for name in _NARROWING)
    )
    served = ELASTICSEARCH in environment and POSTGRESQL in environment
    return not narrowed and (served or "CI" in environment)


def problems(config: pytest.Config) -> list[str]:
    """What is wrong with this run's counts; nothing on an xdist worker, which sees only a part."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or not comparable(config, os.environ):
        return []
    return uneven(passed(terminal.stats.get("passed", [])))
