"""What ownership reads of an event, whichever way its fields are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haidang.model.fields import put
from haidang.store.inventory.ownership import Said, read_said

PATHS = [
    "host.name",
    "host.ip",
    "user.email",
    "email.from.address",
    "email.to.address",
    "haidang.api_key",
    "source.ip",
    "destination.ip",
    "url.path",
]
VALUES = st.sampled_from(["x", "10.0.0.1", "a@b.example", "", None, 7, ["x", "y"], []])


@given(st.dictionaries(st.sampled_from(PATHS), VALUES))
def test_nested_and_dotted_documents_say_the_same(flat):
    """The short way for nested documents misses nothing."""
    nested = {}
    for path, value in flat.items():
        put(nested, path, value)
    assert read_said(flat) == read_said(nested)


@pytest.mark.parametrize(
    ("expected", "document"),
    [
        pytest.param(Said((), (), (), ()), {}, id="empty"),
        pytest.param(
            Said(("web", "10.0.0.1", "10.0.0.2"), (), (), ()),
            {"host": {"name": "web", "ip": ["10.0.0.1", "10.0.0.2"]}},
            id="host",
        ),
        pytest.param(
            Said((), ("a@x", "f@x", "t1@x", "t2@x", "c@x", "r@x"), (), ()),
            {
                "user": {"email": "a@x"},
                "email": {
                    "from": {"address": ["f@x"]},
                    "to": {"address": ["t1@x", "t2@x"]},
                    "cc.address": "c@x",
                    "reply_to": {"address": "r@x"},
                    "subject": "s@x",
                },
            },
            id="mail",
        ),
        pytest.param(
            Said((), (), ("k",), ("10.0.0.1", "10.0.0.2")),
            {
                "haidang": {"api_key": "k"},
                "destination": {"ip": "10.0.0.2"},
                "source": [{"ip": "10.0.0.1"}],
            },
            id="key-and-addresses",
        ),
    ],
)
def test_fields_that_tell_whose_an_event_is(expected, document):
    """Hosts by name and address, mail addresses, client keys, both ends of a connection."""
    assert expected == read_said(document)
