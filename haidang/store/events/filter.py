"""The exact check of a search: what a store's own index finds is only a superset of the answer."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from haidang.model.event import Document
from haidang.model.fields import as_text, values
from haidang.model.fold import fold
from haidang.store.events.protocol import Clause

Check: TypeAlias = Callable[[Document], bool]

_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": str.__contains__,
}


def check_of(clauses: Sequence[Clause]) -> Check:
    """A function that says whether a document satisfies all clauses.

    Values compare as `fold(as_text(value))`, so a null is the empty text. An object has no text
    and compares with nothing. `exists` holds for any value but null, objects too.
    """
    checks = [_check_of(clause) for clause in clauses]
    return lambda document: all(check(document) for check in checks)


def _check_of(clause: Clause) -> Check:
    field, wanted = clause.field, fold(clause.value)
    if clause.operator == "exists":
        return lambda document: any(value is not None for value in values(document, field))
    compare = _COMPARE[clause.operator]
    return lambda document: any(
        compare(fold(as_text(value)), wanted)
        for value in values(document, field)
        if not isinstance(value, dict)
    )
