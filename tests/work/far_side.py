# SPDX-License-Identifier: Apache-2.0
"""A server that behaves as badly as it is told to, and remembers what it was sent."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FarSide:
    """What was received, by path; `answers` says how a path behaves: a status, `reset`, `silence` or `trickle`."""

    port: int = 0
    answers: dict[str, int | str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def bodies(self, path: str) -> list[bytes]:
        return [body for where, _, body in self.received if where == path]


def _handler(far: FarSide) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            far.received.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            answer = far.answers.get(self.path, 200)
            if isinstance(answer, int):
                self._answer(answer)
            elif answer == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
            else:
                self._waste_time(answer)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            for name, value in far.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def _waste_time(self, answer: str) -> None:
            until = time.monotonic() + 20
            while time.monotonic() < until:
                time.sleep(0.1)
                if answer == "trickle":
                    self.wfile.write(b"H")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


class _QuietServer(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Broken connections are what this is for."""


@contextmanager
def far_side(tls: ssl.SSLContext | None = None) -> Iterator[FarSide]:
    """Serve on a free port of loopback."""
    far = FarSide()
    server = _QuietServer(("127.0.0.1", 0), _handler(far))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    far.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield far
    server.shutdown()
    server.socket.close()
