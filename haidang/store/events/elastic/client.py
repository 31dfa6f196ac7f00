"""Talking to Elasticsearch: one place for the connection, for its errors, and for JSON.

The official client keeps the connections; requests are spelled out, because the server of the
tests lacks some of the handlers that its convenience methods rely on (`GET /` among them).
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import orjson
from elastic_transport import ConnectionTimeout, OrjsonSerializer, TransportError
from elasticsearch import ApiError, Elasticsearch

from haidang.errors import HaidangError, Unavailable

JSON = "application/json"
NDJSON = "application/x-ndjson"

# Answers that say "not now": overload, no primary yet, no master, a proxy without a backend. What
# a role does not allow (the server's words tell) is asked for again too: roles change meanwhile.
_LATER = frozenset({408, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the cluster is and who we are there; `prefix` begins the name of every stream."""

    hosts: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    ca_certs: Path | None = None
    prefix: str = "haidang"
    timeout_secs: float = 30.0


class Rejected(HaidangError):  # noqa: N818 - the sentence is "the request was rejected"
    """The server understood the request and will not do it; `kind` is its name of the reason."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        self.status, self.kind = status, kind
        super().__init__(f"Elasticsearch: {status} {kind}: {reason}")


class Client:
    """Requests to one cluster. Never repeats one by itself: who asks knows whether that is safe."""

    def __init__(self, elasticsearch: Elasticsearch, connection: Connection) -> None:
        """Use `open`."""
        self._elasticsearch = elasticsearch
        self._timeout_secs = connection.timeout_secs
        self.prefix = connection.prefix

    @classmethod
    def open(cls, connection: Connection) -> Self:
        """A client, not connected yet. Raises HaidangError for settings that cannot work."""
        more: dict[str, Any] = {}
        if connection.user:
            more["basic_auth"] = (connection.user, connection.password)
        try:
            if connection.ca_certs is not None:
                more["ssl_context"] = ssl.create_default_context(cafile=connection.ca_certs)
            elasticsearch = Elasticsearch(
                list(connection.hosts),
                request_timeout=connection.timeout_secs,
                max_retries=0,
                retry_on_timeout=False,
                serializers={JSON: OrjsonSerializer()},
                **more,
            )
        except (ValueError, OSError) as error:
            raise HaidangError(f"elasticsearch: {error}") from error
        return cls(elasticsearch, connection)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: Mapping[str, Any] | None = None,
        timeout_secs: float | None = None,
    ) -> Any:
        """The decoded answer to one JSON request.

        Raises Unavailable (not reached, or "not now") and Rejected (everything else but 2xx).
        """
        content = None if body is None else orjson.dumps(body)
        return self._perform(method, path, content, JSON, params, timeout_secs)

    def lines(
        self, path: str, body: bytes, params: Mapping[str, Any] | None = None, *, mark: str = ""
    ) -> Any:
        """The decoded answer to one request of NDJSON lines (`_bulk`, `_msearch`); see `ask`.

        `mark` names the request among the server's tasks (its X-Opaque-Id).
        """
        return self._perform("POST", path, body, NDJSON, params, None, mark)

    def _perform(  # noqa: PLR0913, PLR0917 - the parts of one request
        self,
        method: str,
        path: str,
        content: bytes | None,
        kind: str,
        params: Mapping[str, Any] | None,
        timeout_secs: float | None,
        mark: str = "",
    ) -> Any:
        client = self._elasticsearch
        if timeout_secs is not None:
            client = client.options(request_timeout=min(timeout_secs, self._timeout_secs))
        headers = {"accept": JSON, "content-type": kind}
        if mark:
            headers["x-opaque-id"] = mark
        try:
            answer = client.perform_request(
                method, path, params=params, headers=headers, body=content
            )
        except ApiError as error:
            raise _api_error(error) from error
        except ConnectionTimeout as error:
            raise Unavailable("Elasticsearch does not answer in time") from error
        except TransportError as error:
            raise Unavailable(f"Elasticsearch cannot be reached: {_first_line(error)}") from error
        return answer.body

    def close(self) -> None:
        """Close the connections."""
        self._elasticsearch.close()


def _api_error(error: ApiError) -> HaidangError:
    status = error.status_code
    cause = error.body.get("error") if isinstance(error.body, dict) else None
    cause = cause if isinstance(cause, dict) else {}
    kind, reason = str(cause.get("type", "error")), str(cause.get("reason", ""))
    if status == 401:
        return HaidangError("Elasticsearch does not accept user and password (401)")
    if status in _LATER or kind == "security_exception":
        return Unavailable(f"Elasticsearch cannot do this now: {status} {kind}: {reason}")
    return Rejected(status, kind, reason)


def _first_line(error: TransportError) -> str:
    return str(error.message).partition("\n")[0][:200]
