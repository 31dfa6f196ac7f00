"""How a match, or a window of an inner correlation, becomes a point of a group.

Rulings:
- Without a group-by field, or without a field that a value_* kind reads, an event is correlated
  with nothing. So is text that is no finite decimal number where a number is needed.
- Of a field with several values the first counts.
- What is counted by `value_count` is compared as group values are.
"""

from collections.abc import Mapping
from dataclasses import replace

from correlator.evaluate import number
from correlator.groups import Key, identity, key_of
from correlator.points import Point, Scalar
from haidang.model.ids import make_id
from rules.rule import Correlation


def place(
    correlation: Correlation, rule: str, values: Mapping[str, str], zone: str, point: Point
) -> tuple[Key, Point] | None:
    """The group that a point of `rule` (an id) belongs to, and the point as it is kept there."""
    own = _named(correlation, rule, values)
    key = key_of(correlation, own, zone)
    measured = _measured(correlation, own, zone)
    if key is None or measured is None:
        return None
    carried = tuple(own.get(name, "") for name in correlation.carried)
    if measured or carried:
        point = replace(point, values=measured, carried=(carried,) if carried else ())
    return key, point


def _named(correlation: Correlation, rule: str, values: Mapping[str, str]) -> Mapping[str, str]:
    """The values under the names that the correlation has for them."""
    if not correlation.aliases:
        return values
    aliased = {alias: values.get(f[rule], "") for alias, f in correlation.aliases.items()}
    return {**values, **aliased}


def _measured(
    correlation: Correlation, values: Mapping[str, str], zone: str
) -> tuple[Scalar, ...] | None:
    """What an aggregate needs of the event, () if nothing; None where it is missing."""
    found = {name: values.get(name, "") for name in correlation.value_fields}
    if not all(found.values()):
        return None
    if not found:
        return ()
    if correlation.kind == "value_count":
        return (make_id(*identity(correlation, found, zone)),)
    (text,) = found.values()
    measured = _number(text)
    return None if measured is None else (measured,)


def _number(text: str) -> int | float | None:
    """A number that the state store can hold: what does not fit 64 bits loses its last digits."""
    found = number(text)
    if not isinstance(found, int) or found.bit_length() < 64:
        return found
    try:
        return float(found)
    except OverflowError:
        return None
