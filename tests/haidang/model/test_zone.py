"""Zones: which addresses mean something only inside one."""

import pytest

from haidang.model.zone import entity, is_private, parse_address


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "fd00::1",
        "fe80::1",
        "::1",
        "::ffff:10.0.0.1",
    ],
)
def test_private_address_is_prefixed_by_its_zone(text):
    """The same address in another zone is another machine."""
    assert is_private(text)
    assert f"ttdl/{text}" == entity("ttdl", text)


@pytest.mark.parametrize(
    "text",
    [
        "203.0.113.77",
        "198.51.100.23",
        "172.32.0.1",
        "100.128.0.1",
        "2001:db8::1",
        "::ffff:203.0.113.77",
        "not an address",
        "10.0.0",
        "",
    ],
)
def test_public_address_means_the_same_everywhere(text):
    """Also documentation ranges, and text that is no address."""
    assert not is_private(text)
    assert text == entity("ttdl", text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param("10.0.0.1", "::ffff:10.0.0.1", id="mapped"),
        pytest.param("2001:db8::1", "2001:0DB8:0:0::1", id="long-form"),
        pytest.param("None", "010.0.0.1", id="leading-zero"),
        pytest.param("None", "10.0.0.1:443", id="with-port"),
        pytest.param("None", "", id="empty"),
    ],
)
def test_addresses_are_read_strictly(expected, text):
    """Mapped IPv4 is IPv4; octal look-alikes are no addresses."""
    assert expected == str(parse_address(text))
