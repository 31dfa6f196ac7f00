"""iis.access: files whose columns change, real samples, and a plus that is one."""

from pathlib import Path
from typing import Any

import pytest

from collectors.dataset import Dataset, load_dataset
from collectors.record import Context, Dropped, ParserState

SAMPLES = Path(__file__).parents[2] / "../shared/data/plaso-logs/iis"


@pytest.fixture(name="dataset", scope="module")
def _dataset() -> Dataset:
    return load_dataset("iis.access")


def _documents(dataset: Dataset, lines: list[bytes]) -> tuple[list[dict[str, Any]], int]:
    """The documents of a file, and how many header lines were dropped."""
    state: ParserState = {}
    found, dropped = [], 0
    for line in lines:
        try:
            found.append(dataset.parse(line, Context(), state)[0].document)
        except Dropped:
            dropped += 1
    return found, dropped


def test_columns_change_within_a_file(dataset: Dataset) -> None:
    """As when an administrator ticks another box."""
    lines = [
        b"#Fields: date time c-ip cs-uri-stem sc-status",
        b"2026-11-18 01:15:30 192.0.2.7 /a 200",
        b"#Fields: date time sc-status c-ip cs(User-Agent) cs(Cookie)",
        b"2026-11-18 01:15:31 404 192.0.2.8 curl/8+(a) x=1+2",
    ]
    (first, second), dropped = _documents(dataset, lines)
    assert dropped == 2
    assert (first["source"]["ip"], first["http"]["response"]["status_code"]) == ("192.0.2.7", 200)
    assert (second["source"]["ip"], second["event"]["outcome"]) == ("192.0.2.8", "failure")
    assert second["user_agent"]["original"] == "curl/8 (a)"
    assert second["http"]["request"]["headers"]["cookie"] == "x=1+2"


def test_every_line_of_real_files_is_an_event_or_a_header(dataset: Dataset) -> None:
    """IIS 6 to 10, an attack, double blanks, and a file without dates."""
    files = sorted(SAMPLES.glob("*.log"))
    if not files:
        pytest.skip(f"no test data at {SAMPLES}")
    events = 0
    for file in files:
        lines = file.read_bytes().splitlines()
        documents, dropped = _documents(dataset, lines)
        assert len(lines) == len(documents) + dropped
        events += len(documents)
    assert events == 44
