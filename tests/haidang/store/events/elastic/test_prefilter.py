"""The pre-filter of clauses: a superset of what the judge accepts, on a real index."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haidang.model.event import Event
from haidang.model.fields import values
from haidang.model.fold import fold
from haidang.store.events.elastic import document, template
from haidang.store.events.elastic.client import Client
from haidang.store.events.elastic.prefilter import is_plain, pattern_of, query_of
from haidang.store.events.filter import check_of
from haidang.store.events.protocol import Clause

ROOM = 12  # fields that the documents of these tests may add before they are too many

OVER_A_SERVER = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass(frozen=True, slots=True)
class Corpus:
    """An index like a backing index, except that few fields fit into it."""

    client: Client
    index: str
    make_event: Callable[..., Event]
    numbers: Iterator[int]

    def put(self, documents: list[Any], form: Callable[[Event], bytes] = document.encode) -> dict:
        """Index documents, carried if the server refuses them; the documents by their ids."""
        events = [self.make_event(next(self.numbers), one) for one in documents]
        items = self._bulk(events, form)
        refused = [one for one, item in zip(events, items, strict=True) if item["status"] == 400]
        assert {201} >= {item["status"] for item in self._bulk(refused, document.carry)}
        return {one.id: one.document() for one in events}

    def _bulk(self, events: list[Event], form: Callable[[Event], bytes]) -> list[Any]:
        lines = [b'{"create":{"_id":"%b"}}\n%b\n' % (one.id.encode(), form(one)) for one in events]
        if not lines:
            return []
        answer = self.client.lines(f"/{self.index}/_bulk", b"".join(lines), {"refresh": "true"})
        return [item["create"] for item in answer["items"]]

    def found(self, ids: Any, *clauses: Clause) -> set[str]:
        """Those of the ids that the pre-filter finds."""
        filters = [*query_of(clauses), {"ids": {"values": sorted(ids)}}]
        body = {"query": {"bool": {"filter": filters}}, "size": 10_000, "_source": False}
        answer = self.client.ask("POST", f"/{self.index}/_search", body)
        return {hit["_id"] for hit in answer["hits"]["hits"]}


@pytest.fixture(scope="module")
def index(elastic_connection) -> Iterator[tuple[Client, str, Iterator[int]]]:
    """A client, the name of an empty index, and numbers for its documents."""
    client = Client.open(elastic_connection)
    name = f"{client.prefix}-prefilter"
    made = template.settings()
    made["mapping"]["total_fields"]["limit"] = len(template.mappings()["properties"]) + ROOM
    client.ask("DELETE", f"/{name}", params={"ignore_unavailable": "true"})
    client.ask("PUT", f"/{name}", {"settings": {"index": made}, "mappings": template.mappings()})
    yield client, name, count()
    client.ask("DELETE", f"/{name}")
    client.close()


@pytest.fixture
def corpus(index, make_event) -> Corpus:
    """The index of this module, which fills test by test."""
    client, name, numbers = index
    return Corpus(client, name, make_event, numbers)


def missed(corpus: Corpus, documents: dict[str, Any], clause: Clause) -> list[Any]:
    """What the judge accepts and the pre-filter does not find; must be nothing."""
    holds = check_of([clause])
    found = corpus.found(documents, clause)
    return [one for id_, one in documents.items() if holds(one) and id_ not in found]


# Letters whose cases, accents or spellings are special somewhere, beside plain ones.
ODD = "iIİıKkKÅåßẞσςΣ;\u037e`\u1feféềễẹđĐ<≮=≠北가각𐐀𐐨\u0958"
ODD += "\u0301\u0302\u0303\u0307\u0323\u0327\u0344\u0338"
TEXTS = st.one_of(
    st.text(st.sampled_from('aeiIk.*?\\"@~1'), max_size=6),
    st.text(st.sampled_from(ODD), max_size=6),
    st.text(st.characters(codec="utf-8"), max_size=4),
)
SPELLED = st.builds(normalize, st.sampled_from(["NFC", "NFD"]), TEXTS)
SCALARS = st.one_of(
    SPELLED, st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False)
)
KEYS = st.sampled_from(["a", "b", "a.b", "b.a", "c", "a.b.c"])
TREES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(KEYS, TREES, min_size=1, max_size=3)
OPERATORS = st.sampled_from(["equals", "startswith", "endswith", "contains", "exists"])


@OVER_A_SERVER
@given(st.lists(DOCUMENTS, min_size=1, max_size=20), st.data())
def test_all_that_the_judge_accepts_is_found(corpus, documents, data):
    """Random documents, and clauses made of what is in them, in other spellings."""
    put = corpus.put(documents)
    for _ in range(8):
        field = data.draw(KEYS)
        known = [one for document in put.values() for one in values(document, field)]
        texts = [one for one in known if isinstance(one, str)] or [""]
        text = data.draw(st.sampled_from(texts) | SCALARS.map(str))
        start, end = data.draw(st.tuples(st.integers(0, 5), st.integers(0, 6)))
        part = data.draw(st.sampled_from([text, fold(text)[start:end], text[start:].upper()]))
        clause = Clause(field, data.draw(OPERATORS), part)
        assert [] == missed(corpus, put, clause), clause


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(ODD + "aeo"), st.sampled_from(["NFC", "NFD"])), max_size=8),
    st.integers(0, 4),
    st.integers(0, 8),
)
def test_pattern_fits_every_spelling(letters, start, end):
    """Whatever the spelling and the neighbours, the pattern fits what the index would hold."""
    spelled = "".join(normalize(form, letter) for letter, form in letters)
    folded, held = fold(spelled), "".join(map(lowered, spelled))
    assert fits(Clause("a", "equals", folded), held)
    assert fits(Clause("a", "startswith", folded[:end]), held)
    assert fits(Clause("a", "endswith", folded[start:]), held)
    assert fits(Clause("a", "contains", folded[start:end]), held)


def lowered(letter: str) -> str:
    """What Java makes of a letter: never two, so `İ` becomes `i` alone."""
    return "i" if letter == "İ" else letter.lower()


def fits(clause: Clause, held: str) -> bool:
    """Whether the clause's pattern fits a value; Python reads such a pattern as Lucene does."""
    pattern = pattern_of(clause)
    return not pattern or re.fullmatch(pattern, held, re.DOTALL) is not None


# What Java's lower-casing, which the server's normaliser uses, treats otherwise than our table:
# capital letters that Unicode got after version 14 (all of these with JDK 25; fewer with older).
LATER = {0x1C89, 0xA7CB, 0xA7CC, 0xA7DA, 0xA7DC, *range(0x10D50, 0x10D66)}


@pytest.mark.slow
def test_code_points_that_the_server_lowers_otherwise(corpus):
    """There are no others, and the pattern of each code point fits what the server makes of it."""
    differing = set()
    every = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    for letter, held in zip(every, server_lowered(corpus, every), strict=True):
        folded = fold(letter)
        assert fits(Clause("a", "equals", folded), held), hex(ord(letter))
        if normalize("NFC", held) != folded:
            differing.add(ord(letter))
    assert LATER >= differing


def server_lowered(corpus: Corpus, letters: list[str]) -> Iterator[str]:
    """What the normaliser of the index makes of each letter."""
    rest = iter(letters)
    while some := list(islice(rest, 9000)):
        body = {"normalizer": "folded", "text": some}
        tokens = corpus.client.ask("POST", f"/{corpus.index}/_analyze", body)["tokens"]
        assert len(some) == len(tokens)
        yield from (token["token"] for token in tokens)


LONG = "x" * 8000 + "NGUYỄN " * 40  # longer than what is indexed (8,191), shorter than a term
HUGE = "ả" * 40_000  # longer than a term may be

CLAUSES = [
    pytest.param(
        {"a": 1e300, "b": [1e-7, 0.00001, -0.0, 1.0]}, "a", "equals", "1e+300", id="1e300"
    ),
    pytest.param({"a": [1e-7]}, "a", "equals", "1E-7", id="small number"),
    pytest.param({"a": 0.00001}, "a", "startswith", "0.00001", id="five places"),
    pytest.param({"a": -(2**63)}, "a", "equals", str(-(2**63)), id="least integer"),
    pytest.param({"a": [False]}, "a", "equals", "FALSE", id="boolean"),
    pytest.param({"a": None}, "a", "equals", "", id="null is the empty text"),
    pytest.param({"a": [None]}, "a", "contains", "", id="null contains the empty text"),
    pytest.param({"a": ""}, "a", "endswith", "", id="empty text"),
    pytest.param({"a": {"b": {}}}, "a", "exists", "", id="an object exists"),
    pytest.param({"a": {"b": 1}}, "a", "exists", "", id="an object with a value exists"),
    pytest.param({"a": LONG}, "a", "endswith", "nguyễn ", id="long value"),
    pytest.param({"a": {"b": HUGE}}, "a.b", "contains", "Ả", id="huge value"),
    pytest.param({"a": [HUGE, "b"]}, "a", "equals", "b", id="value beside a huge one"),
    pytest.param({"a": "ab" * 90}, "a", "equals", "AB" * 90, id="long needle"),
    pytest.param(
        {"a": "x" + "a" * 900 + "y"}, "a", "contains", "a" * 900, id="needle of one letter"
    ),
    pytest.param({"a": "ễ" * 300}, "a", "endswith", "Ễ" * 299, id="long needle with accents"),
    pytest.param({"a": "e\u0323\u0302" * 80}, "a", "contains", "ệ" * 75, id="long, decomposed"),
    pytest.param({"a": "I\u0307STANBUL"}, "a", "equals", "istanbul", id="I with a dot, decomposed"),
    pytest.param({"a": "b\u037ec\u1fef"}, "a", "equals", "B;C`", id="semicolon and backtick"),
    pytest.param({"a": '.*[a-z]~#@&<1-5>"\\'}, "a", "equals", '.*[A-Z]~#@&<1-5>"\\', id="signs"),
    pytest.param({"a": "\x00\n\t"}, "a", "contains", "\x00\n", id="control characters"),
    pytest.param({"a.b": {"c": "x"}}, "a.b.c", "equals", "x", id="dotted parent"),
    pytest.param({"a": [{"b": "x"}, {"b": "y"}]}, "a.b", "equals", "y", id="objects in a list"),
    pytest.param({"_id": "x", "a": "y"}, "a", "equals", "y", id="carried"),
    pytest.param({"_id": "x", "a": "y"}, "_id", "equals", "x", id="named as metadata"),
    pytest.param({"a*": "x"}, "a*", "equals", "x", id="asterisk in a name"),
    pytest.param({"a,b\\": "x"}, "a,b\\", "equals", "x", id="comma and backslash in a name"),
    pytest.param(
        {"k" * 500: {"k" * 500: "x"}}, f"{'k' * 500}.{'k' * 500}", "equals", "x", id="long"
    ),
    pytest.param({"tên": "x"}, "tên", "equals", "x", id="name with accents"),
]


@pytest.mark.parametrize(("put", "field", "operator", "value"), CLAUSES)
def test_special_case_is_found(corpus, put, field, operator, value):
    """Each clause holds for its document, and the document is found."""
    clause = Clause(field, operator, value)
    documents = corpus.put([put])
    assert check_of([clause])(put)
    assert [] == missed(corpus, documents, clause)


@pytest.mark.parametrize(
    "field", ["", "*", "a*", "\\", "_source", "a,b", ".", "x" * 5000, "a/b", "-x"]
)
def test_odd_field_names_do_no_harm(corpus, field):
    """A name that no query can address finds everything."""
    (id_,) = corpus.put([{"a": "x"}])
    assert {id_} == corpus.found([id_], Clause(field, "equals", "y"))


def test_fields_beyond_the_limit_are_found(corpus):
    """What no longer fits into the mapping is looked at in full, whatever its shape."""
    corpus.put([{f"filler{number}": "x" for number in range(ROOM + 1)}])
    shapes = [
        {"z": {"y": {"x": "wanted"}}},
        {"z.y": {"x": "wanted"}},
        {"z": [{"y.x": ["wanted", 1]}]},
        {"z.y.x": "wanted"},
        {"user": {"name": "known"}, "z": {"y": [{"x": {"w": 1}}, {"x": "wanted"}]}},
    ]
    documents = corpus.put(shapes)
    assert set(documents) == corpus.found(documents, Clause("z.y.x", "equals", "WANTED"))
    assert set(documents) > corpus.found(documents, Clause("user.name", "equals", "known"))


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        pytest.param(("equals", "NGUYỄN văn đạt"), {0, 1}, id="equals"),
        pytest.param(("startswith", "nguyễn"), {0, 1, 2}, id="startswith"),
        pytest.param(("endswith", "đẠt"), {0, 1}, id="endswith"),
        pytest.param(("contains", "thị"), {2}, id="contains"),
        pytest.param(("contains", "VAN"), {3}, id="plain"),
        pytest.param(("contains", "trần"), set(), id="nobody"),
    ],
)
def test_little_more_is_found(corpus, clause, expected):
    """The pre-filter tells names apart, in composed and in decomposed form."""
    names = ["Nguyễn Văn Đạt", normalize("NFD", "NGUYỄN VĂN ĐẠT"), "nguyễn thị a", "nguyen van dat"]
    documents = corpus.put([{"user": {"name": name}} for name in names])
    operator, value = clause
    found = corpus.found(documents, Clause("user.name", operator, value))
    assert expected == {number for number, id_ in enumerate(documents) if id_ in found}


def test_case_needs_no_flag(corpus):
    """The normaliser folds a pattern, too; ours holds no capital that would need it."""
    (id_,) = corpus.put([{"user": {"name": "ADMIN"}}])
    for more in ({}, {"case_insensitive": True}):
        pattern = {"value": "ADM.*", "flags": "NONE", **more}
        body = {"query": {"regexp": {"user.name": pattern}}, "size": 10_000, "_source": False}
        hits = corpus.client.ask("POST", f"/{corpus.index}/_search", body)["hits"]["hits"]
        assert id_ in {hit["_id"] for hit in hits}


def test_fields_of_others_are_left_out():
    """A field that somebody else mapped gives no query; the other clauses do."""
    clauses = (Clause("a", "equals", "x"), Clause("b", "equals", "y"))
    assert query_of(clauses[1:]) == query_of(clauses, frozenset({"a"}))
    assert is_plain("b")
