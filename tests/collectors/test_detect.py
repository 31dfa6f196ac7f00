"""`haidang detect`: every dataset is found by its own cases, and twins are told as such."""

from pathlib import Path

import pytest

from collectors.dataset import dataset_names, load_dataset
from collectors.detect import Ranking, detect
from collectors.record import Context
from haidang.model.instant import from_iso

CONTEXT = Context(seen=from_iso("2026-11-18T12:00:00Z"))
DATASETS = {name: load_dataset(name) for name in dataset_names()}
# Both read the same lines by design; only who wrote the file tells them apart.
TWINS = {frozenset({"apache.access", "nginx.access"})}
ACCESS = b'203.0.113.7 - - [18/Nov/2026:08:15:30 +0700] "GET / HTTP/1.1" 200 1 "-" "-"'


def _detect(lines: list[bytes], name: str = "x.log") -> Ranking:
    return detect(DATASETS.values(), lines, CONTEXT, Path(name))


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_each_dataset_is_named_by_its_own_cases(name: str) -> None:
    """Its good lines as one file: it is the best, or a twin of the best that the name tells."""
    cases = [case for case in DATASETS[name].cases if not case.refused]
    lines = [line for case in cases for line in case.lines]
    best = [fit.dataset for fit in _detect(lines).best]
    assert name in best
    if len(best) > 1:  # rows of Zeek without a header say no more than their columns
        assert frozenset(best) in TWINS or all(one.startswith("zeek.") for one in best)
        assert name == _detect(lines, f"/var/log/{name.replace('.', '/')}.log").best[0].dataset


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("/var/log/nginx/access.log", "nginx.access"),
        ("/var/log/apache2/access.log", "apache.access"),
    ],
)
def test_a_path_tells_twins_apart(path: str, first: str) -> None:
    """The folder is the program's name; both are shown still."""
    if first not in DATASETS:
        pytest.skip(f"there is no {first}")
    best = [fit.dataset for fit in _detect([ACCESS] * 3, path).best]
    assert best[0] == first


def test_some_foreign_lines_do_not_hide_the_special_one() -> None:
    """A generic format that reads them all loses to the one that reads nearly all."""
    event = b'{"@timestamp":"2026-11-18T01:15:30Z","winlog":{"channel":"Security","event_id":1}}'
    found = _detect([event] * 60 + [b'{"@timestamp":"bad"}'])
    assert [fit.dataset for fit in found.best] == ["windows.winlogbeat"]
    assert "json" in [fit.dataset for fit in found.fits]


def test_any_json_is_not_taken_for_a_special_one() -> None:
    """A dataset none of whose fields is there is not meant."""
    found = _detect([b'{"@timestamp":"2026-11-18T01:15:30Z","x":1}'] * 5)
    assert [fit.dataset for fit in found.best] == ["json"]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([], ""),
        ([b"", b"  "], ""),
        ([b"once upon a time", b"there was a log"], ""),
        ("a b\nc d".encode("utf-16").split(b"\n"), "UTF-16"),
    ],
)
def test_what_fits_nothing_is_said_to(lines: list[bytes], fault: str) -> None:
    """With the reason, where there is one that a person can mend."""
    found = _detect(lines)
    assert found.best == ()
    assert fault in found.fault
