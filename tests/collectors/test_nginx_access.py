"""nginx.access on 10,000 real Apache lines, and what its hook makes of a line."""

from pathlib import Path

import pytest

from collectors.dataset import Dataset, load_dataset
from collectors.datasets.nginx import split_url
from collectors.record import Context
from haidang.errors import Refused

DATA = Path(__file__).parents[2] / "../shared/data"
LOGS = DATA / "elastic-examples/apache_logs/apache_logs"


@pytest.fixture(name="dataset", scope="module")
def _dataset() -> Dataset:
    return load_dataset("nginx.access")


def test_ten_thousand_lines_parse(dataset: Dataset) -> None:
    """Also the one that is cut off within its user agent."""
    if not LOGS.exists():
        pytest.skip(f"no test data at {LOGS}")
    lines = LOGS.read_bytes().splitlines()
    assert 10_000 == sum(len(dataset.parse(line, Context(), {})) for line in lines)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param("/a/b.php?x=1?2", ("/a/b.php", "x=1?2", "php"), id="query"),
        pytest.param("/T%C3%A0i%20li.pdf", ("/T%C3%A0i%20li.pdf", None, "pdf"), id="encoded"),
        pytest.param("/a.b/c", ("/a.b/c", None, None), id="dot in a folder"),
        pytest.param("http://h.vn:80/x", ("/x", None, None), id="absolute"),
        pytest.param("*", ("*", None, None), id="star"),
        pytest.param("?", ("/", "", None), id="only a mark"),
    ],
)
def test_a_url_is_split_and_not_decoded(
    target: str, expected: tuple[str, str | None, str | None]
) -> None:
    """What rules compare is what was sent."""
    url = split_url(target)
    assert expected == (url["path"], url.get("query"), url.get("extension"))
    assert target == url["original"]


def test_escapes_stay_in_the_original(dataset: Dataset) -> None:
    r"""Servers write odd bytes as \xHH and a quote as \"."""
    line = rb'1.2.3.4 - - [18/Nov/2026:08:15:30 +0700] "GET /\xC3\" HTTP/1.1" 400 1 "-" "a\"b"'
    document = dataset.parse(line, Context(), {})[0].document
    assert line.decode() == document["event"]["original"]
    assert r"a\"b" == document["user_agent"]["original"]
    assert r"/\xC3\"" == document["url"]["original"]


def test_a_virtual_host_in_front_is_not_the_client(dataset: Dataset) -> None:
    """Apache's vhost_combined begins with the server's own name."""
    line = (
        b'cong.example.vn:443 203.0.113.9 - - [18/Nov/2026:08:15:30 +0700] "GET / HTTP/1.1" 200 1'
    )
    document = dataset.parse(line, Context(), {})[0].document
    assert document["source"]["ip"] == "203.0.113.9"
    assert document["destination"]["domain"] == "cong.example.vn"


def test_decomposed_vietnamese_is_composed_in_fields_only(dataset: Dataset) -> None:
    """event.original is the line as it came."""
    line = '1.2.3.4 - lê [18/Nov/2026:08:15:30 +0700] "GET / HTTP/1.1" 200 1'.replace(
        "ê", "e\u0302"
    )
    document = dataset.parse(line.encode(), Context(), {})[0].document
    assert document["user"]["name"] == "l\u00ea"
    assert document["event"]["original"] == line


def test_bytes_that_are_not_utf8_are_kept_and_flagged(dataset: Dataset) -> None:
    """Nothing of the record is lost."""
    line = b'1.2.3.4 - - [18/Nov/2026:08:15:30 +0700] "GET /\xff\x00 HTTP/1.1" 200 1'
    document = dataset.parse(line, Context(), {})[0].document
    assert document["log"]["flags"] == ["invalid_utf8"]
    assert document["haidang"]["original_base64"].startswith("MS4y")
    assert document["url"]["path"] == "/\ufffd\0"


@pytest.mark.parametrize("date", ["31/Feb/2026", "01/Jan/0001", "01/Foo/2026"])
def test_a_wrong_date_is_refused(dataset: Dataset, date: str) -> None:
    """31 February is not a time, nor is one that in UTC lies before the year 1."""
    line = f'1.2.3.4 - - [{date}:00:15:30 +0700] "GET / HTTP/1.1" 200 1'.encode()
    with pytest.raises(Refused, match="not a time"):
        dataset.parse(line, Context(), {})
