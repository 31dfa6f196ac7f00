"""Documents and clauses for Hypothesis: what sources, and people who mean harm, may send."""

import orjson
from hypothesis import strategies as st

from haidang.errors import Refused
from haidang.model.event import encode
from haidang.store.events.protocol import Clause

# Names that mean something: to Elasticsearch, to our own envelope, to each other.
NAMES = [
    *("a", "b", "a.b", "a.b.c", "A", "user", "name", "user.name", "event", "code", "tên"),
    *("_id", "_source", "_ignored", "@timestamp", "haidang", "envelope", "haidang.envelope"),
    *("haidang.envelope.time", "haidang.carried", "time", "id", "carried", "operator", "size"),
    *("a.", ".a", "a..b", "*", "?", "\\", '"', "\x00", "x" * 300),
]
TEXTS = [
    *(
        "",
        " ",
        "abc",
        "ABC",
        "Nguyễn Văn A",
        "Nguye\u0302\u0303n Va\u0306n A",
        "ĐẠT",
        "İ",
        "ſ",
        "ß",
    ),
    *("*", "?", "\\", "\x00", "\n", "true", "null", "1", "1.0", "1e300", "2026-11-20T00:00:00Z"),
    *("K", ";", "`", "a" * 9000, "ả" * 12_000),
]
_texts = st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_scalars = st.none() | st.booleans() | _numbers | _texts
_names = st.sampled_from(NAMES) | st.text(max_size=6)


def _becomes_an_event(document):
    try:
        encode(document)
    except Refused:
        return False
    return True


def documents():
    """Objects that can become events."""
    values = st.recursive(
        _scalars,
        lambda below: st.lists(below, max_size=3) | st.dictionaries(_names, below, max_size=3),
        max_leaves=8,
    )
    return st.dictionaries(_names, values, max_size=6).filter(_becomes_an_event)


def clauses():
    """Conditions on the names and texts that documents have, or parts of them."""
    operators = st.sampled_from(["equals", "startswith", "endswith", "contains", "exists"])
    texts = st.sampled_from([*TEXTS, *(text[1:] for text in TEXTS)]) | _numbers.map(
        lambda number: orjson.dumps(number).decode()
    )
    paths = st.lists(_names, min_size=1, max_size=3).map(".".join)
    return st.builds(Clause, paths, operators, texts)
