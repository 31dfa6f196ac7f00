"""Zones: private addresses repeat in 150 networks, so an address counts only inside its zone."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# Not `is_private`: that also holds for documentation ranges, which are global to us.
_PRIVATE = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that `text` spells, IPv4-mapped IPv6 as IPv4, or None."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=65_536)
def is_private(text: str) -> bool:
    """Whether `text` is an address that means something only inside its zone (RFC 1918, 4193)."""
    address = parse_address(text)
    return address is not None and any(
        address in network for network in _PRIVATE if network.version == address.version
    )


def entity(zone: str, address: str) -> str:
    """`zone/address` for a private address, the address itself for a public one."""
    return f"{zone}/{address}" if is_private(address) else address
