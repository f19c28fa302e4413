# SPDX-License-Identifier: Apache-2.0
"""One signed POST to an address that a user typed: judged, bounded in time, never redirected. Touches no database."""

import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from regulars.tenancy.addresses import PUBLIC_ONLY, AddressPolicy, BadAddress, route
from regulars.tenancy.attempts import Outcome

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent: the address as typed, the body, and its headers."""

    url: str
    body: bytes
    headers: Mapping[str, str]


class _Deadline:
    """Cut a connection when its time is up, however slowly the other side trickles. Speaks httpx's trace hook."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self.has_passed = False

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            raw = info["return_value"].get_extra_info("socket")
            with self._lock:
                # A second handle on the same connection: TLS wraps and empties the first one.
                self._handle = socket.socket(fileno=os.dup(raw.fileno()))
            if self.has_passed:
                self._cut()

    def _cut(self) -> None:
        with self._lock:
            self.has_passed = True
            if self._handle is not None:
                _hang_up(self._handle)

    @contextmanager
    def running(self) -> Iterator["_Deadline"]:
        """Count from here to the end of the block."""
        self._timer.start()
        try:
            yield self
        finally:
            self._timer.cancel()
            with self._lock:
                if self._handle is not None:
                    self._handle.close()
                    self._handle = None


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster


class Sender:
    """Send requests under a policy; one for a process, used by many threads at once."""

    def __init__(
        self, policy: AddressPolicy = PUBLIC_ONLY, *, timeout_s: float = TIMEOUT_S, tls: ssl.SSLContext | None = None
    ) -> None:
        self._policy = policy
        self._timeout_s = timeout_s
        self._tls = tls

    @cached_property
    def _client(self) -> "httpx.Client":
        import httpx  # noqa: PLC0415 - heavy, and only a process that sends needs it

        # No connection is kept: two names at one numeric address must never share one.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        verify = True if self._tls is None else self._tls
        return httpx.Client(
            timeout=self._timeout_s, limits=limits, verify=verify, follow_redirects=False, trust_env=False
        )

    def send(self, request: Request) -> Outcome:
        """Send once and return how it ended; nothing is raised for whatever the other side does."""
        import httpx  # noqa: PLC0415 - as above

        try:
            way = route(request.url, self._policy)
        except BadAddress as error:
            return Outcome(error=error.message)
        headers = {**request.headers, "host": way.host_header, "connection": "close"}
        with _Deadline(self._timeout_s).running() as deadline:
            extensions = {"sni_hostname": way.server_name, "trace": deadline}
            try:
                with self._client.stream(
                    "POST", way.url, content=request.body, headers=headers, extensions=extensions
                ) as response:
                    return Outcome(status=response.status_code, retry_after=response.headers.get("retry-after", ""))
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                is_late = deadline.has_passed or isinstance(error, httpx.TimeoutException)
                what = f"no answer within {self._timeout_s:g} seconds" if is_late else type(error).__name__
                return Outcome(error=what)
