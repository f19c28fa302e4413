# SPDX-License-Identifier: Apache-2.0
"""A closed-loop HTTP/1.1 load generator in one process: so many keep-alive connections, each with one request under way."""

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What a load came to: latencies in milliseconds and the statuses that were answered."""

    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Return answers per second."""
        return len(self.latencies_ms) / self.seconds


@dataclass
class _Connection:
    link: socket.socket
    started: float = 0.0
    received: bytes = b""


def request(method: str, path: str, token: str, body: bytes, key: str = "") -> bytes:
    """Return the bytes of a request."""
    idempotency = f"Idempotency-Key: {key}\r\n" if key else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{idempotency}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _is_whole(received: bytes) -> bool:
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return False
    lower = head.lower()
    at = lower.find(b"content-length:")
    return at >= 0 and len(body) >= int(lower[at + 15 :].split(b"\r\n", 1)[0])


def load(port: int, connections: int, seconds: float, next_request: Callable[[], bytes]) -> Outcome:
    """Keep so many requests under way for a while; what is under way at the end is waited for and not counted."""
    selector = selectors.DefaultSelector()
    outcome = Outcome()
    opened = []
    for _ in range(connections):
        link = socket.create_connection(("127.0.0.1", port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(link)
        selector.register(link, selectors.EVENT_READ, connection)
        opened.append(connection)
    begun = time.perf_counter()
    for connection in opened:
        connection.started = time.perf_counter()
        connection.link.sendall(next_request())
    while time.perf_counter() - begun < seconds:
        for key, _ in selector.select(timeout=1.0):
            _step(key.data, outcome, next_request)
    outcome.seconds = time.perf_counter() - begun
    for connection in opened:
        connection.link.close()
    return outcome


def _step(connection: _Connection, outcome: Outcome, next_request: Callable[[], bytes]) -> None:
    connection.received += connection.link.recv(65_536)
    if not _is_whole(connection.received):
        return
    now = time.perf_counter()
    status = int(connection.received[9:12])
    outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
    outcome.latencies_ms.append((now - connection.started) * 1000)
    connection.received = b""
    connection.started = now
    connection.link.sendall(next_request())
