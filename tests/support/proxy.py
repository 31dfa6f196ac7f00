"""A TCP proxy before a real server, which loses, delays or replaces what a test says."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPMessage, parse_headers
from io import BytesIO

# What a test does with a request: gets its first line and a function that asks the server;
# gives the bytes of the answer, or None to close the connection without one.
Treatment = Callable[[str, Callable[[], bytes]], bytes | None]


@dataclass
class Proxy:
    """`url` leads to the server through `treat`; `seen` holds the first line of each request."""

    url: str
    treat: Treatment
    seen: list[str] = field(default_factory=list)


def pass_on(line: str, ask: Callable[[], bytes]) -> bytes:
    """Do nothing special."""
    return ask()


def answer(status: int, body: str = "{}") -> bytes:
    """A whole HTTP answer of Elasticsearch."""
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n"
    head += f"x-elastic-product: Elasticsearch\r\ncontent-length: {len(body)}\r\n\r\n"
    return (head + body).encode()


@contextmanager
def proxied(server: str) -> Iterator[Proxy]:
    """A proxy before `server` (http://host:port) until the end of the block."""
    host, port = server.removeprefix("http://").split(":")
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        proxy = Proxy(f"http://127.0.0.1:{listener.getsockname()[1]}", pass_on)
        arguments = (listener, (host, int(port)), proxy)
        threading.Thread(target=_accept, args=arguments, daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, server: tuple[str, int], proxy: Proxy) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, server, proxy), daemon=True).start()


def _serve(client: socket.socket, server: tuple[str, int], proxy: Proxy) -> None:
    with suppress(OSError), closing(client):
        while request := _message(client):
            line = request.partition(b"\r\n")[0].decode()
            proxy.seen.append(line)
            found = proxy.treat(line, lambda whole=request: _ask(server, whole))
            if found is None:
                return
            client.sendall(found)
            if b"connection: close" in found[:1000].lower():
                return


def _ask(server: tuple[str, int], request: bytes) -> bytes:
    """The whole answer, chunked or not: the server closes the connection after it."""
    wanted = request.replace(b"connection: keep-alive\r\n", b"", 1)
    wanted = wanted.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
    with socket.create_connection(server) as connection:
        connection.sendall(wanted)
        return b"".join(iter(lambda: connection.recv(1 << 20), b""))


def _message(connection: socket.socket) -> bytes:
    """One HTTP message as it came; empty at the end of the connection."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more:
            return b""
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    headers: HTTPMessage = parse_headers(BytesIO(head.partition(b"\r\n")[2] + b"\r\n\r\n"))
    parts, missing = [got], int(headers.get("content-length", 0)) - len(body)
    while missing > 0:
        parts.append(connection.recv(min(missing, 1 << 20)))
        missing -= len(parts[-1])
    return b"".join(parts)
