"""Patterns of datasets cost no more than a line is long: read from them, without a clock."""

import re
from collections.abc import Iterator
from re import _constants, _parser
from typing import Any

import pytest

from collectors.dataset import dataset_names, load_dataset

# Repeats that can be given back, side by side; what they cost bench/linear.py measures.
MOST = 4
MANY = 64  # a repeat bounded below this cannot cost much
_BACKTRACKING = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)


def _unbounded(pattern: Any, inside: int = 0) -> Iterator[int]:
    """The depth of every repeat that may run long and can be given back, from 1."""
    for operation, argument in pattern:
        depth = inside
        if operation in _BACKTRACKING and argument[1] > MANY:
            depth = inside + 1
            yield depth
        if operation == _constants.ATOMIC_GROUP:
            continue  # nothing in it is tried a second time
        for part in _parts(operation, argument):
            yield from _unbounded(part, depth)


def _parts(operation: Any, argument: Any) -> Iterator[Any]:
    """The patterns within one operation."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple) and operation is not _constants.IN:
        for one in argument:
            yield from _parts(operation, one)


def _depths(text: str) -> list[int]:
    return list(_unbounded(_parser.parse(text, re.DOTALL)))


@pytest.mark.parametrize(
    ("text", "depths"),
    [
        (r"a++b*+(?>c+)", []),
        (r"\S+ x{0,9}", [1]),
        (r"(?:a+b)*", [1, 2]),
        (r"(?:a+b)*+", [1]),
        (r"(?P<x>.*)(?:a|b.*?)", [1, 1]),
    ],
)
def test_repeats_that_can_be_given_back_are_found(text: str, depths: list[int]) -> None:
    """Or the next test could not fail."""
    assert depths == _depths(text)


@pytest.mark.parametrize("name", dataset_names())
def test_no_pattern_repeats_a_repeat(name: str) -> None:
    """`(a+)*` costs two to the power of the line; possessive quantifiers cannot."""
    for pattern in load_dataset(name)._definition.options.patterns:
        depths = _depths("".join(pattern.parts))
        assert (pattern.name, 1) >= (pattern.name, max(depths, default=0))
        assert len(depths) <= MOST
