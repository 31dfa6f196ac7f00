"""Pieces of ECS documents that several hooks share."""

import pytest

from collectors.datasets.ecs import put_outcome, put_source, relate, split_port


@pytest.mark.parametrize(
    ("text", "always", "expected"),
    [
        ("203.0.113.7:80", False, ("203.0.113.7", "80")),
        ("203.0.113.7", True, ("203.0.113.7", "")),
        ("2001:db8::1", False, ("2001:db8::1", "")),
        ("2001:db8::1:80", True, ("2001:db8::1", "80")),
        ("[2001:db8::1]:80", False, ("2001:db8::1", "80")),
        ("::1:50312", True, ("::1", "50312")),
        ("máy-trạm:80", True, ("máy-trạm:80", "")),
        ("", True, ("", "")),
    ],
)
def test_a_port_is_split_off(text: str, always: bool, expected: tuple[str, str]) -> None:
    """IPv6 has colons of its own: only who expects a port takes the last part for one."""
    assert expected == split_port(text, always=always)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("::ffff:203.0.113.7", {"address": "::ffff:203.0.113.7", "ip": "203.0.113.7", "port": 5}),
        ("may.example.vn", {"address": "may.example.vn", "domain": "may.example.vn", "port": 5}),
        ("-", {"port": 5}),
    ],
)
def test_a_source_is_an_address_or_a_name(address: str, expected: dict[str, object]) -> None:
    """A dash is nobody."""
    document: dict[str, object] = {}
    put_source(document, address, "5")
    assert {"source": expected} == document


def test_related_values_are_gathered_once() -> None:
    """From the fields that hold addresses, users and hosts; what is there stays."""
    document = {
        "source": {"ip": "192.0.2.1"},
        "destination": {"ip": "192.0.2.1"},
        "user": {"name": "lan", "effective": {"name": "root"}},
        "related": {"hosts": ["a"]},
        "host": {"hostname": "b"},
    }
    relate(document)
    expected = {"ip": ["192.0.2.1"], "user": ["lan", "root"], "hosts": ["a"]}
    assert expected == document["related"]


def test_an_outcome_never_changes_what_other_documents_share() -> None:
    """Constants of a data set are shared between its documents."""
    shared = ["web"]
    document = {"event": {"category": shared}}
    put_outcome(document, "logon-failed", "failure")
    assert (["web"], ["web", "authentication"]) == (shared, document["event"]["category"])
