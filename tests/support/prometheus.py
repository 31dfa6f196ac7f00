"""A real Prometheus and a real Alertmanager on loopback, and a receiver of what they deliver."""

import os
import signal
import sys
import threading
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

import orjson

from app.demo.process import Program, Server
from app.demo.servers import LOOPBACK, free_port
from app.demo.software import account
from tests.support.servers import program

PORTS = 16_000


def prometheus(folder, port, config):
    """A Prometheus with this configuration file, not yet started."""
    words = [
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
    ]
    return _server(folder, port, [program("prometheus"), *words], "/-/ready")


def alertmanager(folder, port, config):
    """An Alertmanager with this configuration file, alone, not yet started."""
    words = [
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--cluster.listen-address=",
    ]
    return _server(folder, port, [program("prometheus-alertmanager"), *words], "/-/ready")


def console(folder, port, config):
    """`haidang console`, not yet started; it answers this machine's `/metrics`."""
    command = [sys.executable, "-P", "-m", "haidang", "console", "--config", config]
    return _server(folder, port, command, "/metrics", owner=None)


def _server(folder, port, command, ready, owner=...):
    owner = account(os.geteuid()) if owner is ... else owner
    return Server(
        f"http://{LOOPBACK}:{port}",
        folder,
        Program(
            command=command,
            owner=owner,
            ending=signal.SIGTERM,
            prepare=lambda: owner and os.chown(folder, owner.pw_uid, owner.pw_gid),
            answers=lambda: get(port, ready)[0] == 200,
            environment={"HOME": str(folder)},
        ),
    )


def get(port, path, headers=None):
    """Status and content of an answer; 0 where there is none."""
    connection = HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


@contextmanager
def receiving():
    """A receiver of webhooks: its port, and a queue of (path, alert) as they are delivered."""
    delivered = SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for alert in orjson.loads(body)["alerts"]:
                delivered.put((self.path, alert))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_words):
            pass

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1], delivered
        finally:
            server.shutdown()
            thread.join()


def free_ports(count):
    """So many ports that nobody listens on now."""
    taken = []
    for _ in range(count):
        taken.append(free_port(PORTS, taken))
    return taken
