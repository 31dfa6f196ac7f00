"""YAML with lines: what is refused, where, and that nothing else escapes."""

import os
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from haidang.errors import InputError, Problem
from haidang.yamldoc import MAX_BYTES, Checker, parse, read_file


def problems_of(content):
    """Return the problems of one YAML text."""
    with pytest.raises(InputError) as caught:
        parse(content if isinstance(content, bytes) else content.encode(), "f.yml")
    return caught.value.problems


def checker_of(text):
    """Return a checker over the one document of a text."""
    (document,) = parse(text.encode(), "f.yml")
    return Checker(document)


def test_document_keeps_the_line_of_every_path():
    """Keys and list items are found by their path, the root by the empty one."""
    (document,) = parse(b"a: 1\nb:\n  - x\n  - c: 2\n", "f.yml")
    assert {"a": 1, "b": ["x", {"c": 2}]} == document.value
    assert [1, 1, 2, 3, 4, 4] == [
        document.line(path) for path in [(), ("a",), ("b",), ("b", 0), ("b", 1), ("b", 1, "c")]
    ]


def test_line_of_an_absent_path_is_that_of_its_nearest_part():
    """A missing key is reported at the mapping that lacks it."""
    (document,) = parse(b"a:\n  b:\n    c: 1\n", "f.yml")
    assert 2 == document.line(("a", "b", "missing", "deeper"))


@pytest.mark.parametrize(
    "text",
    ["yes", "No", "on", "OFF", "12:30:45", "007", "1_000", "1e3", "2025-01-01T10:00:00Z", "="],
)
def test_an_unquoted_text_stays_as_it_is_written(text):
    """YAML 1.2: only version 1.1 reads a boolean, a number or a time in these."""
    (document,) = parse(f"{text}: {text}\n".encode(), "f.yml")
    assert {text: text} == document.value


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(None, "~", id="null"),
        pytest.param(None, "", id="nothing"),
        pytest.param(True, "TRUE", id="boolean"),
        pytest.param(-7, "-7", id="integer"),
        pytest.param(23, "0x17", id="hexadecimal"),
        pytest.param(15, "0o17", id="octal"),
        pytest.param(-1.5e3, "-1.5e3", id="float"),
        pytest.param(date(2025, 1, 31), "2025-01-31", id="day"),
    ],
)
def test_an_unquoted_scalar_has_the_type_of_yaml_1_2(expected, text):
    """The core schema, and days."""
    (document,) = parse(f"a: {text}\n".encode(), "f.yml")
    assert expected == document.value["a"]
    assert type(expected) is type(document.value["a"])


def test_documents_of_a_stream_have_their_own_lines():
    """Lines count from the start of the file, empty documents are left out."""
    first, second = parse(b"a: 1\n---\n---\nb: 2\n", "f.yml")
    assert ({"a": 1}, {"b": 2}) == (first.value, second.value)
    assert 4 == second.line(("b",))


@pytest.mark.parametrize(
    ("line", "word", "content"),
    [
        pytest.param(3, "did not find", "a: 1\nb: [1, 2\n", id="unclosed"),
        pytest.param(3, "twice", "a: 1\nb: 2\na: 3\n", id="twice"),
        pytest.param(3, "twice", "? x\n: {y: 1,\n   y: 2}\n", id="twice-inside"),
        pytest.param(2, "no anchor", "a: 1\nb: *x\n", id="unknown-alias"),
        pytest.param(1, "no anchor", "a: &x [*x]\n", id="alias-of-itself"),
        pytest.param(1, "a key must be", "[1, 2]: 3\n", id="list-as-key"),
        pytest.param(2, "UTF-8", b"a: 1\nb: \xe1\n", id="latin-1"),
        pytest.param(2, "constructor", "a: 1\nb: !!python/object:os.system x\n", id="object"),
        pytest.param(1, "month", "a: 2025-02-30\n", id="no-such-day"),
        pytest.param(1, "not of the type", 'a: !!int ""\n', id="empty-int"),
        pytest.param(1, "not of the type", "a: !!bool maybe\n", id="no-bool"),
        pytest.param(1, "not of the type", "a: !!timestamp x\n", id="no-time"),
        pytest.param(1, "quote it", "null: x\n", id="null-as-key"),
        pytest.param(1, "quote it", "true: x\n", id="boolean-as-key"),
        pytest.param(1, "merge keys", "<<: x\n", id="merge"),
        pytest.param(2, "merge keys", "a: &x {b: 1}\nc: {<<: *x}\n", id="merge-alias"),
        pytest.param(2, "U+0000; remove", "a: 1\nb: \x00\n", id="NUL"),
        pytest.param(1, "U+001B; remove", "a: \x1b[31m\n", id="escape"),
        pytest.param(1, "UTF-16", "a: b\n".encode("utf-16"), id="UTF-16"),
        pytest.param(1, "UTF-16", "a: b\n".encode("utf-16-le"), id="UTF-16-without-mark"),
        pytest.param(2, "longer than 65536", "a: 1\nb: " + "x" * 65_537, id="long-text"),
        pytest.param(1, "quote it", "a: 0x" + "f" * 5000, id="long-number"),
        pytest.param(1, "tags are not read", "a: !!python/tuple [1]\n", id="tag-of-a-list"),
        pytest.param(20_000, "more than 10000 documents", "a: 1\n---\n" * 10_001, id="documents"),
    ],
)
def test_unusable_text_is_one_problem_with_its_line(line, word, content):
    """The person is told where to look."""
    (problem,) = problems_of(content)
    assert line == problem.line
    assert word in problem.what


def test_key_that_is_there_twice_is_named():
    """YAML would silently keep the last one."""
    assert (Problem("f.yml", 2, "unit", "the key is there twice"),) == problems_of(
        "unit: a\nunit: b\n"
    )


def test_control_characters_are_a_problem():
    """NUL bytes are no text, and no crash."""
    assert "YAML" in problems_of(b"a: \x00\n")[0].what


def test_expanding_aliases_end_as_a_problem():
    """A billion laughs is refused by what it would expand to."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "too large" in problems_of("\n".join(lines))[0].what


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_deep_nesting_ends_as_a_problem(opening, closing):
    """Neither libyaml nor Python runs out of stack."""
    assert "too deep" in problems_of(opening * 5000 + closing * 5000)[0].what


def test_depth_through_aliases_counts():
    """A chain of aliases cannot build a value that is deeper than one written out."""
    lines = ["a0: &a0 x"]
    lines += [f"a{n}: &a{n} {'[' * 20}*a{n - 1}{']' * 20}" for n in range(1, 7)]
    assert "too deep" in problems_of("\n".join(lines))[0].what


def test_aliases_within_bounds_are_values():
    """Ordinary use of anchors works."""
    (document,) = parse(b"a: &x {b: [1]}\nc: *x\nd: *x\n", "f.yml")
    assert {"a": {"b": [1]}, "c": {"b": [1]}, "d": {"b": [1]}} == document.value


def test_byte_order_mark_is_not_part_of_the_first_key():
    """Notepad writes one."""
    assert {"a": 1} == parse(b"\xef\xbb\xbfa: 1\n", "f.yml")[0].value


def test_unreadable_file_is_a_problem(tmp_path):
    """A missing file is told in words."""
    with pytest.raises(InputError, match="cannot be read"):
        read_file(tmp_path / "none.yml")


def test_what_is_no_file_is_a_problem(tmp_path):
    """A pipe would never end, a folder has no text."""
    os.mkfifo(tmp_path / "pipe.yml")
    for path in (tmp_path, tmp_path / "pipe.yml"):
        with pytest.raises(InputError, match="is not a file"):
            read_file(path)


def test_too_large_file_is_a_problem(tmp_path):
    """The size is looked at before anything is read."""
    path = tmp_path / "large.yml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(InputError, match="larger than 4 MiB"):
        read_file(path)


_SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.dates()
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_values_are_those_of_the_safe_loader(value):
    """Our builder and PyYAML's agree on everything that PyYAML writes."""
    text = yaml.safe_dump({"value": value}, allow_unicode=True)
    assert [yaml.safe_load(text)] == [document.value for document in parse(text.encode(), "f")]


@given(st.text(alphabet="ab:-&*!?[]{}|>'\"#%@`, \n\t=<~01.") | st.text())
def test_any_text_is_a_document_or_a_problem(text):
    """No other exception escapes, whatever was typed."""
    try:
        documents = parse(text.encode("utf-8", "replace"), "f.yml")
    except InputError as unusable:
        problems = unusable.problems
        assert {"f.yml"} == {problem.file for problem in problems}
    else:
        assert all(document.value is not None for document in documents)


def test_checker_collects_all_problems_before_raising():
    """A person mends a file once."""
    checker = checker_of("name: 1\nlevle: 3\nlist: abc\n")
    checker.unknown_keys((), checker.document.value, ("name", "level", "list"))
    assert checker.take(("name",), str, ...) is None
    assert checker.take(("list", 0), str, ...) is None
    with pytest.raises(InputError) as caught:
        checker.raise_if_any()
    assert (
        Problem("f.yml", 1, "name", "must be text, not a whole number"),
        Problem("f.yml", 2, "levle", "unknown key; known here: name, level, list"),
        Problem("f.yml", 3, "list.0", "is missing"),
    ) == caught.value.problems


@pytest.mark.parametrize(
    ("expected", "count", "path", "kind", "default"),
    [
        pytest.param("x", 0, ("a",), str, ..., id="present"),
        pytest.param(7, 0, ("none",), int, 7, id="absent-default"),
        pytest.param(None, 1, ("none",), int, ..., id="absent-required"),
        pytest.param(None, 1, ("ok",), int, ..., id="true-is-no-number"),
        pytest.param(True, 0, ("ok",), bool, ..., id="true"),
        pytest.param(9, 1, ("a",), int, 9, id="wrong-kind-default"),
        pytest.param(2, 0, ("list", 1), (int, float), ..., id="number-in-list"),
    ],
)
def test_take_gives_the_value_or_the_default(expected, count, path, kind, default):
    """A wrong value is a problem, an absent one only where it is required."""
    checker = checker_of("a: x\nok: true\nlist: [1, 2]\n")
    assert expected == checker.take(path, kind, default)
    assert count == len(checker.problems)


def test_checker_without_problems_raises_nothing():
    """A good file passes."""
    checker = checker_of("a: 1\n")
    checker.raise_if_any()
    assert [] == checker.problems
