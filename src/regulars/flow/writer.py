# SPDX-License-Identifier: Apache-2.0
"""One writer thread per process: single intakes that arrive together are received as one batch and answered after one commit.

On SQLite this is the group commit that makes durable single earns fast; on PostgreSQL the micro-batch that spares round trips.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from queue import SimpleQueue
from time import sleep

from django.db import close_old_connections, connection

from regulars.flow.intake import Intake, Receipt
from regulars.flow.receive import receive
from regulars.kernel.clock import utc_now
from regulars.tenancy.models import Business

GROUP_MAX = 64
GATHER_S = 0.004  # while many send at once: what comes meanwhile shares the commit
ANSWER_WITHIN_S = 60.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Request:
    business: Business
    intake: Intake
    digest: bytes | None
    answer: Future[Receipt] = field(default_factory=Future)


class Writer:
    """Collect intakes from many threads and receive them together. The thread starts with the first intake."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._queue: SimpleQueue[_Request] = SimpleQueue()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def receive_one(self, business: Business, intake: Intake, *, digest: bytes | None = None) -> Receipt:
        """Receive one intake and return its receipt once it is durable.

        Inside an open transaction it joins that one. Raises TimeoutError after a minute: then the outcome is unknown, and sending
        the same intake again is safe.
        """
        if connection.in_atomic_block:
            return receive(business, [intake], now=self._clock(), digests=[digest])[0]
        request = _Request(business, intake, digest)
        self._queue.put(request)
        if self._thread is None:
            self._start_thread()
        return request.answer.result(timeout=ANSWER_WITHIN_S)

    def _start_thread(self) -> None:
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        group: list[_Request] = []
        while True:
            are_many = len(group) > 1
            group = [self._queue.get()]
            if are_many:
                sleep(GATHER_S)
            while len(group) < GROUP_MAX and not self._queue.empty():
                group.append(self._queue.get())
            close_old_connections()
            for business in dict.fromkeys(request.business for request in group):
                self._receive_group(business, [request for request in group if request.business == business])

    def _receive_group(self, business: Business, requests: Sequence[_Request]) -> None:
        """Receive a group in one batch; where that fails unexpectedly, one by one, so that only the culprit fails."""
        try:
            intakes, digests = [request.intake for request in requests], [request.digest for request in requests]
            receipts = receive(business, intakes, now=self._clock(), digests=digests)
        except Exception as error:
            if len(requests) == 1:
                logger.exception("an intake could not be received")
                requests[0].answer.set_exception(error)
                return
            for request in requests:
                self._receive_group(business, [request])
            return
        for request, receipt in zip(requests, receipts, strict=True):
            request.answer.set_result(receipt)


writer = Writer()
