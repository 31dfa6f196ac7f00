"""Records of a Zeek sensor as JSON lines: `dns` and `dhcp`.

Fields are those of Zeek's script reference (base/protocols/dns, base/protocols/dhcp).
"""

import hashlib
from dataclasses import dataclass

import orjson

from haidang.model.instant import SECOND, Instant

_TYPES = {"A": 1, "AAAA": 28, "TXT": 16, "PTR": 12}
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Question:
    """A name asked for; no `answer`: it does not exist."""

    client: str
    server: str
    name: str
    answer: str = ""
    kind: str = "A"


@dataclass(frozen=True, slots=True)
class Lease:
    """An address given, or (`renewed`) given again, to a machine; it holds `seconds`."""

    client: str
    server: str
    mac: str
    name: str
    seconds: float
    renewed: bool


def dns_line(moment: Instant, one: Question) -> bytes:
    """One record of dns.log."""
    uid, number = _identity(moment, f"{one.client} {one.name}")
    record: dict[str, object] = {
        "ts": moment / SECOND,
        "uid": uid,
        "id.orig_h": one.client,
        "id.orig_p": 49_152 + number % 16_000,
        "id.resp_h": one.server,
        "id.resp_p": 53,
        "proto": "udp",
        "trans_id": number // 7 % 65_536,
        "rtt": 0.002 + number % 61 / 1000,
        "query": one.name,
        "qclass": 1,
        "qclass_name": "C_INTERNET",
        "qtype": _TYPES[one.kind],
        "qtype_name": one.kind,
        "rcode": 0 if one.answer else 3,
        "rcode_name": "NOERROR" if one.answer else "NXDOMAIN",
        "AA": False,
        "TC": False,
        "RD": True,
        "RA": True,
        "Z": 0,
        **({"answers": [one.answer], "TTLs": [300.0]} if one.answer else {}),
        "rejected": False,
    }
    return orjson.dumps(record) + b"\n"


def dhcp_line(moment: Instant, one: Lease) -> bytes:
    """One record of dhcp.log; a first lease is found, a renewal asked for."""
    uid, number = _identity(moment, f"{one.client} {one.mac}")
    first: dict[str, object] = {} if one.renewed else {"requested_addr": one.client}
    record = {
        "ts": moment / SECOND,
        "uids": [uid],
        **({"client_addr": one.client} if one.renewed else {}),
        "server_addr": one.server,
        "mac": one.mac,
        "host_name": one.name,
        **first,
        "assigned_addr": one.client,
        "lease_time": one.seconds,
        "msg_types": ["REQUEST", "ACK"] if one.renewed else ["DISCOVER", "OFFER", "REQUEST", "ACK"],
        "duration": 0.004 + number % 37 / 1000,
    }
    return orjson.dumps(record) + b"\n"


def _identity(moment: Instant, about: str) -> tuple[str, int]:
    """A connection's id (C and 17 digits of base 62, as Zeek's) and a number of it."""
    digest = hashlib.sha256(f"{moment} {about}".encode()).digest()
    return "C" + "".join(_DIGITS[byte % 62] for byte in digest[:17]), int.from_bytes(digest[17:21])
