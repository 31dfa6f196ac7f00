"""The connection: errors that people see, and what they must not see."""

import pytest

from haidang.errors import HaidangError, Unavailable
from haidang.store.events.elastic.client import Client, Connection, Rejected
from tests.support.proxy import answer, proxied
from tests.support.servers import ELASTICSEARCH, need

SECRET = "bi-mat-123"  # noqa: S105 - made up


def connection(host, **more):
    """A connection with a password that must not appear anywhere."""
    return Connection(hosts=(host,), user="haidang", password=SECRET, **more)


@pytest.fixture
def proxy():
    """A proxy before the test server."""
    with proxied(need(ELASTICSEARCH)) as made:
        yield made


@pytest.fixture
def client(proxy):
    """A client of the proxy."""
    made = Client.open(connection(proxy.url, timeout_secs=1.0))
    yield made
    made.close()


def test_answer_is_decoded(client):
    """A request that succeeds gives the decoded body."""
    assert client.ask("GET", "/_cluster/health")["cluster_name"]


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_not_now_is_unavailable(client, proxy, status):
    """Overload and missing backends pass: trying later is right."""
    proxy.treat = lambda _line, _ask: answer(status, '{"error":{"type":"busy","reason":"full"}}')
    with pytest.raises(Unavailable, match=f"{status} busy: full"):
        client.ask("GET", "/x")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(400, '{"error":{"type":"t","reason":"r"}}', "400 t: r", id="reason"),
        pytest.param(404, '{"error":"no handler"}', "404 error: ", id="a text for an error"),
        pytest.param(500, "[]", "500 error: ", id="no object"),
    ],
)
def test_other_errors_are_rejections(client, proxy, status, body, expected):
    """What will not pass by itself is told with the server's words."""
    proxy.treat = lambda _line, _ask: answer(status, body)
    with pytest.raises(Rejected) as raised:
        client.ask("GET", "/x")
    assert status == raised.value.status
    assert f"Elasticsearch: {expected}" == str(raised.value)


def test_wrong_password_is_told_without_it(client, proxy):
    """401 names neither user nor password."""
    proxy.treat = lambda _line, _ask: answer(401, '{"error":{"type":"security_exception"}}')
    with pytest.raises(HaidangError) as raised:
        client.ask("GET", "/x")
    assert "Elasticsearch does not accept user and password (401)" == str(raised.value)


def test_lost_connection_is_unavailable_and_not_repeated(client, proxy):
    """The client never sends a request twice by itself."""
    proxy.treat = lambda _line, _ask: None
    with pytest.raises(Unavailable, match="cannot be reached"):
        client.lines("/_bulk", b"{}\n")
    assert ["POST /_bulk HTTP/1.1"] == proxy.seen


def test_refused_connection_is_unavailable():
    """Nobody listens: said so, without the password."""
    with proxied("http://127.0.0.1:1") as gone:
        host = gone.url
    client = Client.open(connection(host))
    with pytest.raises(Unavailable) as raised:
        client.ask("GET", "/x")
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"hosts": ("ftp:nowhere",)}, id="no address"),
        pytest.param({"hosts": ("https://127.0.0.1:9200",), "ca_certs": "/no/ca.pem"}, id="no CA"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes):
    """Wrong settings are one clear line."""
    with pytest.raises(HaidangError) as raised:
        Client.open(Connection(user="u", password=SECRET, **changes))
    assert SECRET not in str(raised.value)


def test_password_is_in_no_repr(client):
    """Neither the connection nor the client shows it."""
    assert SECRET not in repr(connection("http://127.0.0.1:9200"))
    assert SECRET not in repr(client)
