"""A port that leads to another one, as long as it is open: a server that comes and goes."""

import socket
import threading
from contextlib import suppress


class Forward:
    """Forwards every connection to `port` of loopback to `target`; a context manager."""

    def __init__(self, port, target):
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", port))
        self._open = []

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_error):
        # Closing alone would not wake the thread that accepts.
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self):
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._open += [client, server]
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    @staticmethod
    def _copy(source, target):
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
