"""Datasets: their own cases hold, and a wrong YAML is told with every line."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from collectors.dataset import Dataset, dataset_names, load_dataset
from collectors.dataset_file import read_definition
from collectors.definition import Case
from collectors.record import Context, Dropped, Parsed, ParserState
from haidang.errors import InputError, Refused
from haidang.model.event import Document, encode
from haidang.model.fields import values
from haidang.model.instant import from_iso, to_iso

# When the records of every case were received: the year of times that name none.
CONTEXT = Context(seen=from_iso("2026-11-18T12:00:00Z"))
CASES = [
    pytest.param(dataset, case, id=f"{name}: {case.name}")
    for name in dataset_names()
    for dataset in [load_dataset(name)]
    for case in dataset.cases
]


def _check(expected: dict[str, Any], parsed: Parsed) -> None:
    document: Document = {**parsed.document}
    if parsed.time is not None:
        document["@timestamp"] = to_iso(parsed.time)
    for path, value in expected.items():
        wanted = value if isinstance(value, list) else [] if value is None else [value]
        assert (path, wanted) == (path, values(document, path))


def _events(dataset: Dataset, case: Case, state: ParserState) -> list[list[Parsed]]:
    """The events of each line that is no header."""
    found = []
    for line in case.lines:
        with suppress(Dropped):
            found.append(dataset.parse(line, CONTEXT, state))
    return found


@pytest.mark.parametrize(("dataset", "case"), CASES)
def test_the_cases_of_each_dataset_hold(dataset: Dataset, case: Case) -> None:
    """Lines become the fields that the dataset's file says, or are refused for its reason."""
    state: ParserState = {}
    if case.refused:
        with pytest.raises(Refused) as refused:
            _events(dataset, case, state)
        assert case.refused == refused.value.reason
        return
    assert dataset.mask(case.lines[0], b"k") == case.lines[0]  # no case plants a secret
    batches = _events(dataset, case, state)
    _check(case.expect, batches[0][0])
    derived = [one for batch in batches for one in batch[1:]] + dataset.flush(CONTEXT, state)
    assert len(case.derived) == len(derived)
    for expected, parsed in zip(case.derived, derived, strict=True):
        assert parsed.key
        _check(expected, parsed)


@pytest.mark.parametrize("name", dataset_names())
def test_each_dataset_has_a_good_and_a_refused_case(name: str) -> None:
    """A dataset without examples cannot be judged."""
    cases = load_dataset(name).cases
    assert any(case.expect for case in cases)
    assert any(case.refused for case in cases)


@pytest.mark.parametrize("name", dataset_names())
def test_the_file_bears_the_name_of_its_dataset(name: str) -> None:
    """Or a person could not find it."""
    assert name == load_dataset(name).name


def test_an_unknown_dataset_is_told_with_the_known_ones() -> None:
    """The usual mistake is a typing error."""
    with pytest.raises(InputError, match=r"nginx\.access"):
        load_dataset("ngin.access")


BAD = """\
name: x
format: regex
colour: red
continued: '(x'
patterns:
  - name: p
    parts: ['(?P<a>\\d+) ', '(?P<b>[x']
time: {from: a, format: sundial}
fields:
  c: {to: source.ip, type: ipp}
  a: nodots
masks: [citizens]
complete: nowhere.to
branches:
  - {when: {a: 1}, logsource: [{vendor: v}]}
cases:
  - {name: n, lines: []}
"""


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    """With line and field; a bad regular expression says in which part and where."""
    path = tmp_path / "x.yml"
    path.write_text(BAD)
    with pytest.raises(InputError) as raised:
        read_definition(path)
    found = {(problem.line, problem.field) for problem in raised.value.problems}
    assert found == {
        (1, "about"),
        (3, "colour"),
        (4, "continued"),
        (7, "patterns.0.parts.1"),
        (8, "time.format"),
        (10, "fields.c.type"),
        (11, "fields.a"),
        (12, "masks.0"),
        (13, "complete"),
        (15, "branches.0.logsource.0.vendor"),
        (17, "cases.0.lines"),
    }
    assert "character" in str(raised.value)


SMALL = """\
name: x
about: A test.
format: regex
patterns: [{name: p, parts: ['(?P<a>\\d+) (?P<b>.*)']}]
time: {from: a, format: epoch}
fields: {%s: event.reason}
masks: [{kind: holder, pattern: 'holder=(?P<value>\\w+)'}]
"""


def test_a_field_must_come_from_a_group(tmp_path: Path) -> None:
    """A renamed group must not silently empty a field."""
    path = tmp_path / "x.yml"
    path.write_text(SMALL % "c")
    with pytest.raises(InputError, match="no pattern has a group"):
        read_definition(path)


def test_a_dataset_may_be_like_another_but_for_its_own_keys(tmp_path: Path) -> None:
    """Two products write the same lines; what they mean differs."""
    (tmp_path / "x.yml").write_text(SMALL % "b")
    path = tmp_path / "y.yml"
    path.write_text("name: y\nlike: x\nfields: {a: event.code}\n")
    dataset = Dataset(read_definition(path))
    event = dataset.parse(b"1763424930 z", Context(), {})[0].document["event"]
    assert ("y", "1763424930", None) == (dataset.name, event["code"], event.get("reason"))
    path.write_text("name: y\nlike: z\n")
    with pytest.raises(InputError, match="no such dataset"):
        read_definition(path)


def test_a_dataset_may_have_a_mask_of_its_own(tmp_path: Path) -> None:
    """A named pattern with a group `value`."""
    path = tmp_path / "x.yml"
    path.write_text(SMALL % "b")
    dataset = Dataset(read_definition(path))
    masked = dataset.mask(b"1763424930 holder=lan", b"k")
    assert masked.startswith(b"1763424930 holder=<holder:")
    assert dataset.mask_hits(b"1 holder=lan") == {"holder": 1}
    assert encode(dataset.parse(masked, Context(), {})[0].document)
