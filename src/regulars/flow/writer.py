# SPDX-License-Identifier: Apache-2.0
"""One writer thread per process: single intakes that arrive together are received as one batch and answered after one commit.

On SQLite this is the group commit that makes durable single earns fast; on PostgreSQL the micro-batch that spares round trips.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection

from regulars.flow.gathering import Gathering
from regulars.flow.intake import BARE, Envelope, Intake, Receipt
from regulars.flow.receive import receive
from regulars.kernel.clock import utc_now
from regulars.tenancy.models import Business

GATHER_S = 0.004  # while many send at once: what comes meanwhile shares the commit


class Writer:
    """Collect intakes from many threads and receive them together."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._gathering = Gathering(self._receive_all, name="writer", gather_s=GATHER_S)

    def receive_one(self, business: Business, intake: Intake, envelope: Envelope = BARE) -> Receipt:
        """Receive one intake and return its receipt once it is durable.

        Inside an open transaction it joins that one. Raises TimeoutError after a minute: then the outcome is unknown, and sending
        the same intake again is safe.
        """
        if connection.in_atomic_block:
            return self._receive_all(business, [(intake, envelope)])[0]
        return self._gathering.ask(business, (intake, envelope))

    def _receive_all(self, business: Business, sent: Sequence[tuple[Intake, Envelope]]) -> Sequence[Receipt]:
        intakes, envelopes = zip(*sent, strict=True)
        return receive(business, intakes, now=self._clock(), envelopes=envelopes)


writer = Writer()
