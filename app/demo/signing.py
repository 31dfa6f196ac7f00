"""The document system's log of digital signatures: one JSON object a line, no document's title."""

from dataclasses import dataclass

import orjson

from haidang.model.instant import Instant, to_local


@dataclass(frozen=True, slots=True)
class Signature:
    """A document signed by an account with a certificate; `digest` is the file's SHA-256 in hex."""

    user: str
    address: str
    certificate: str
    digest: str
    pages: int


@dataclass(frozen=True, slots=True)
class Check:
    """The service looks whether its certificates and its time source are well."""

    certificates: int


def check_line(moment: Instant, host: str, one: Check) -> bytes:
    """One line of the log, local time with its offset."""
    return (
        orjson.dumps(
            {
                **_head(moment, host),
                "event": {"action": "self-check"},
                "certificates": one.certificates,
            }
        )
        + b"\n"
    )


def signature_line(moment: Instant, host: str, one: Signature) -> bytes:
    """One line of the log, local time with its offset."""
    record = {
        **_head(moment, host),
        "event": {"action": "document-signed"},
        "user": {"name": one.user},
        "source": {"ip": one.address},
        "certificate": {"serial": one.certificate},
        "file": {"hash": {"sha256": one.digest}},
        "pages": one.pages,
    }
    return orjson.dumps(record) + b"\n"


def _head(moment: Instant, host: str) -> dict[str, object]:
    return {
        "timestamp": to_local(moment).isoformat(timespec="milliseconds"),
        "level": "info",
        "logger": "ky-so",
        "host": {"name": host},
    }
