"""Positions of the Elasticsearch store: one text for one place, and no other text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haidang.errors import HaidangError, Unavailable
from haidang.store.events.elastic.position import check_not_ahead, decode, encode
from haidang.store.events.elastic.shards import Primary
from haidang.store.events.protocol import START

KEYS = st.builds("{}/{}".format, st.text("abcXYZ019_-", min_size=1), st.integers(0, 99))
SHARD = Primary("index", "uuid", 0, "node", checkpoint=7)


@given(st.dictionaries(KEYS, st.integers(0, 2**63 - 1)))
def test_marks_come_back(marks):
    """A position says how far each shard was read."""
    assert marks == decode(encode(marks))


@given(st.permutations([("b/0", 1), ("a/1", 2), ("a/0", 3), ("c/0", -1)]))
def test_equal_places_are_equal_texts(marks):
    """The order of shards makes no difference, nor does a shard that nothing was read of."""
    assert '{"a/0":3,"a/1":2,"b/0":1}' == encode(dict(marks))


def test_nothing_read_is_the_start():
    """The start is the empty text, as in every store."""
    assert START == encode({}) == encode({"a/0": -1})
    assert {} == decode(START)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("3:17", id="of the embedded store"),
        pytest.param("3", id="a number"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param('{"a/0":', id="cut"),
        pytest.param('{"a/0":true}', id="a boolean"),
        pytest.param('{"a/0":1.5}', id="a fraction"),
        pytest.param('{"a/0":-1}', id="before the start"),
        pytest.param('{"a/0":"1"}', id="a text"),
        pytest.param('{"a":1}', id="no shard"),
        pytest.param('{"/0":1}', id="no index"),
        pytest.param('{"a/x":1}', id="a shard that is no number"),
        pytest.param("x" * 10_000, id="long"),
    ],
)
def test_positions_of_other_stores_are_refused(text):
    """Reading on from a wrong place would lose or double events; the message is short."""
    with pytest.raises(HaidangError, match="is not a position of this store") as caught:
        decode(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("mark", [-1, 0, 7])
def test_a_reader_may_stand_anywhere_up_to_the_checkpoint(mark):
    """The checkpoint itself is the end of the feed."""
    check_not_ahead({"uuid/0": mark, "gone/0": 99}, [SHARD])


def test_a_reader_ahead_of_the_store_is_stopped():
    """After a restore of an older backup, going on would skip events silently."""
    with pytest.raises(Unavailable, match="restored from an older backup"):
        check_not_ahead({"uuid/0": 8}, [SHARD])
