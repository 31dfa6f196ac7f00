"""docs/datasets.md names every key, format, type and time that a data set may use."""

import re
from pathlib import Path

import pytest

from collectors.dataset_file import ENVELOPES, KEYS
from collectors.formats import cef, leef, syslog
from collectors.formats.table import FORMATS
from collectors.mapping import TYPES
from collectors.times import TIMES

PAGE = Path(__file__).parents[2] / "docs/datasets.md"
GROUPS = (*syslog.NAMES, *cef.HEADER, *leef.HEADER)


def _section(title: str) -> str:
    found = re.search(
        rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("title", "names"),
    [
        pytest.param("Keys", KEYS, id="keys"),
        pytest.param("Formats", FORMATS, id="formats"),
        pytest.param("Types", TYPES, id="types"),
        pytest.param("Times", TIMES, id="times"),
    ],
)
def test_every_name_has_its_row(title, names):
    """What a reader of the page does not find does not exist for them; nor is a row left over."""
    rows = re.findall(r"^\| `([^`']+)` \|", _section(title), re.MULTILINE)

    assert sorted(names) == sorted(rows)


def test_every_group_and_envelope_is_named():
    """The names that formats give to the parts of a record."""
    page = PAGE.read_text("utf-8")

    assert [] == [name for name in GROUPS if f"`{name}`" not in page]
    assert [] == [name for name in ENVELOPES if f"`envelope: {name}`" not in page]
